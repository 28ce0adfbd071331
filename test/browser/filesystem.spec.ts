/** wasi:filesystem end to end: real programs of four languages, over both transports, on every kind of directory. */
import { authorityNeeds, isExpected } from "../fixtures/index.js";
import { expect, test, type TestServer } from "../support/browser-test.js";
import { type LoadResult, PluginPage } from "../support/plugin-page.js";
import { loadRequesting } from "../support/requesting-plugin.js";

const GUESTS = (["authority-rust", "authority-c", "authority-py", "authority-go"] as const).filter(isExpected);
type Guest = (typeof GUESTS)[number];
const GUEST = "authority-rust";
const KINDS = ["memory", "opfs", "handle"] as const;
const TRANSPORTS = [
  { transport: "promise integration", prefix: "" },
  { transport: "shared memory", prefix: "isolated/" },
] as const;

interface Opening {
  readonly guest?: Guest;
  readonly kind?: (typeof KINDS)[number];
  readonly requests?: readonly string[];
  readonly grant?: readonly string[];
  readonly maximumBytes?: number;
}

/** A plugin on the app's directory, and the app. */
class FileProgram {
  readonly #plugins: PluginPage;
  readonly #server: TestServer;
  readonly #prefix: string;
  #guest: Guest = GUEST;

  constructor(plugins: PluginPage, server: TestServer, prefix: string) {
    this.#plugins = plugins;
    this.#server = server;
    this.#prefix = prefix;
  }

  async open({ guest = GUEST, kind = "memory", requests = ["fs:rw:/data"], grant = requests, maximumBytes }: Opening = {}): Promise<LoadResult> {
    this.#guest = guest;
    const needs = authorityNeeds[guest];
    const argument = { kind, name: guest, ...(maximumBytes === undefined ? {} : { maximumBytes }) };
    const loaded = await loadRequesting(this.#plugins, this.#server, guest, [...requests, ...needs], {
      host: { grant: [...grant, ...needs], setup: { module: "filesystem-app.js", create: "createDirectory", argument } },
    });
    expect(loaded.error).toBeUndefined();
    return loaded;
  }

  /** What the program answers, or the text of its error. */
  async run(command: string, ...values: readonly string[]): Promise<unknown> {
    const { value, error } = await this.#plugins.call(this.#guest, "run", [command, values]);
    if (error === undefined) return value;
    // The program's own error. Anything else means that its instance is lost.
    return error.code === "plugin-error" ? { failed: String(error.payload) } : { lost: `${error.code}: ${error.message}` };
  }

  async fails(command: string, ...values: readonly string[]): Promise<void> {
    expect(await this.run(command, ...values), `${command} ${values.join(" ")}`).toEqual({ failed: expect.any(String) as unknown });
  }

  app(name: "everything" | "put", ...values: readonly string[]): Promise<unknown> {
    const url = this.#server.url(`${this.#prefix}pages/filesystem-app.js`);
    return this.#plugins.page.evaluate(
      async ([module, called, given]) => ((await import(module)) as Record<string, (...all: readonly string[]) => unknown>)[called]?.(...given),
      [url, name, values] as const,
    );
  }

  denials(): Promise<readonly Record<string, unknown>[]> {
    return this.#plugins.events();
  }
}

for (const { transport, prefix } of TRANSPORTS) {
  test.describe(`over ${transport}`, () => {
    test.use({ pagePath: `${prefix}pages/blank.html` });

    for (const guest of GUESTS) {
      test(`${guest} works with files, which are there after a reload`, async ({ page, server }) => {
        const program = new FileProgram(new PluginPage(page, server, prefix), server, prefix);
        await program.open({ guest, kind: "opfs" });
        expect(await program.run("write-file", "/data/notes.txt", "hello")).toBe("5");
        expect(await program.run("append-file", "/data/notes.txt", " world")).toBe("6");
        expect(await program.run("read-file", "/data/notes.txt")).toBe("hello world");
        expect(await program.run("make-directory", "/data/folder")).toBe("done");
        expect(await program.run("write-file", "/data/folder/__proto__", "only a name")).toBe("11");
        expect(await program.run("rename", "/data/notes.txt", "/data/folder/moved.txt")).toBe("done");
        expect(await program.run("list-directory", "/data/folder")).toBe("__proto__\nmoved.txt");
        expect(await program.run("stat", "/data/folder/moved.txt")).toBe("11 file");
        expect(await program.run("stat", "/data/folder")).toMatch(/^\d+ directory$/);
        await program.fails("remove-directory", "/data/folder");
        await program.fails("read-file", "/data/missing");
        expect(await program.app("everything")).toEqual({ "folder/": null, "folder/__proto__": "only a name", "folder/moved.txt": "hello world" });
        await page.reload();
        await program.open({ guest, kind: "opfs" });
        expect(await program.run("read-file", "/data/folder/moved.txt")).toBe("hello world");
        // Over what is there: cut off, not mixed.
        expect(await program.run("write-file", "/data/folder/moved.txt", "new")).toBe("3");
        expect(await program.run("read-file", "/data/folder/moved.txt")).toBe("new");
        for (const name of ["__proto__", "moved.txt"]) expect(await program.run("remove-file", `/data/folder/${name}`)).toBe("done");
        expect(await program.run("remove-directory", "/data/folder")).toBe("done");
        expect(await program.app("everything")).toEqual({});
      });

      test(`${guest} finds no way out of what it was granted, and no way to change what is read-only`, async ({ page, server }) => {
        const program = new FileProgram(new PluginPage(page, server, prefix), server, prefix);
        await program.open({ guest, requests: ["fs:ro:/data/in", "fs:rw:/data/out"] });
        await program.app("put", "secret.txt", "secret");
        await program.app("put", "in/book.txt", "read me");
        await program.app("put", "out/old.txt", "old");
        expect(await program.run("read-file", "/data/in/book.txt")).toBe("read me");
        for (const path of ["/data/secret.txt", "/data/in/../secret.txt", "/data/in/../../data/secret.txt", "/data/out/../secret.txt", "/data/in/..", "../data/secret.txt", "/data/in/..\\secret.txt", "/secret.txt"]) {
          for (const command of ["read-file", "list-directory", "remove-file"]) await program.fails(command, path);
          await program.fails("write-file", path, "changed");
          await program.fails("rename", "/data/out/old.txt", path);
          await program.fails("rename", path, "/data/out/stolen.txt");
        }
        for (const [command, ...values] of [
          ["write-file", "/data/in/book.txt", "changed"], ["append-file", "/data/in/book.txt", "more"], ["write-file", "/data/in/new.txt", "new"],
          ["make-directory", "/data/in/folder"], ["remove-file", "/data/in/book.txt"], ["rename", "/data/in/book.txt", "/data/in/other.txt"],
          ["rename", "/data/in/book.txt", "/data/out/stolen.txt"], ["rename", "/data/out/old.txt", "/data/in/book.txt"],
        ] as const) await program.fails(command, ...values);
        for (const name of ["CON", "nul.txt", "a:b", "trailing.", "x".repeat(300)]) await program.fails("write-file", `/data/out/${name}`, "x");
        expect(await program.run("write-file", "/data/out/new.txt", "new")).toBe("3");
        expect(await program.app("everything")).toEqual({ "secret.txt": "secret", "in/": null, "in/book.txt": "read me", "out/": null, "out/old.txt": "old", "out/new.txt": "new" });
      });
    }

    for (const kind of KINDS) {
      test(`a long text is written, read and appended to on ${kind}`, async ({ page, server }) => {
        const program = new FileProgram(new PluginPage(page, server, prefix), server, prefix);
        await program.open({ kind });
        const text = Array.from({ length: 60_000 }, (_, index) => `line ${index}\n`).join("");
        expect(await program.run("write-file", "/data/long.txt", text)).toBe(String(text.length));
        expect(await program.run("append-file", "/data/long.txt", "end")).toBe("3");
        expect(await program.run("read-file", "/data/long.txt")).toBe(`${text}end`);
        expect(await program.run("stat", "/data/long.txt")).toBe(`${text.length + 3} file`);
      });

      test(`what does not fit on ${kind} is refused, and the plugin goes on`, async ({ page, server }) => {
        const program = new FileProgram(new PluginPage(page, server, prefix), server, prefix);
        await program.open({ kind, maximumBytes: 50_000 });
        await program.fails("write-file", "/data/large.txt", "x".repeat(100_000));
        expect(await program.run("remove-file", "/data/large.txt")).toBe("done");
        expect(await program.run("write-file", "/data/small.txt", "x".repeat(20_000))).toBe("20000");
      });
    }

    test("a grant that is revoked ends what the plugin may read", async ({ page, server }) => {
      const plugins = new PluginPage(page, server, prefix);
      const program = new FileProgram(plugins, server, prefix);
      await program.open();
      expect(await program.run("write-file", "/data/file.txt", "x")).toBe("1");
      await plugins.run(async ({ plugins: modules }, name) => modules.hostOf(name).grants.revoke(`fixture.${name}`), GUEST);
      expect(await program.run("read-file", "/data/file.txt")).toEqual({ failed: expect.any(String) as unknown });
    });
  });
}

test("nothing is there without a grant, and of what is only offered", async ({ page, server }) => {
  const program = new FileProgram(new PluginPage(page, server), server, "");
  const { grants } = await program.open({ grant: [] });
  expect(grants).toEqual([]);
  await program.app("put", "secret.txt", "secret");
  for (const path of ["/data/secret.txt", "secret.txt", "/"]) await program.fails("read-file", path);
  await program.fails("list-directory", "/data");
});

test.describe("a backend of the app's own that fails", () => {
  test("is an error of the file to the plugin, and told to the app", async ({ page, server }) => {
    const plugins = new PluginPage(page, server);
    const loaded = await loadRequesting(plugins, server, GUEST, ["fs:rw:/data"], { host: { grant: ["fs:rw:/data"], setup: { module: "filesystem-app.js", create: "createBroken" } } });
    expect(loaded.error).toBeUndefined();
    const { error } = await plugins.call(GUEST, "run", ["read-file", ["/data/file"]]);
    expect(error?.payload).toMatch(/I\/O error|os error/);
    expect(JSON.stringify(error)).not.toContain("secret");
    expect(JSON.stringify(await plugins.events())).toContain("the app's own secret");
    // The instance goes on.
    expect((await plugins.call(GUEST, "run", ["compute", ["10"]])).value).toBe("55");
  });
});
