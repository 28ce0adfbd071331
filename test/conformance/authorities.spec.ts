/**
 * Unmodified components of stock toolchains, walked over every authority: not granted, it is denied, typed and audited;
 * granted, it works; granted narrower, only that much of it works.
 */
import { authorityCommands, type AuthorityName, authorityNeeds, isExpected } from "../fixtures/index.js";
import { expect, test, type TestServer } from "../support/browser-test.js";
import { type CallResult, type LoadResult, PluginPage } from "../support/plugin-page.js";
import { loadRequesting } from "../support/requesting-plugin.js";

interface Attempt {
  readonly command: string;
  readonly values: readonly string[];
  /** What it answers when it has what it needs. */
  readonly answer: RegExp;
}

interface Row {
  /** `ORIGIN` stands for the test server's, below this test's own path. */
  readonly capability: string;
  readonly attempts: readonly Attempt[];
  /** Languages answer that there is nothing instead of failing: the interface has no error. */
  readonly nothing?: RegExp;
  /** Less than the capability, what still works with it, and what does not. */
  readonly narrower?: { readonly capability: string; readonly works: readonly Attempt[]; readonly fails: readonly Attempt[] };
}

const at = (command: string, values: readonly string[], answer: RegExp): Attempt => ({ command, values, answer });

/** Some say how many bytes. */
const WRITTEN = /^(?:done|\d+)$/;

const ROWS: readonly Row[] = [
  { capability: "clocks", attempts: [at("wall-time", [], /^\d{9,}/), at("monotonic-time", [], /^\d+/), at("sleep", ["30"], /^(?:29|[3-9]\d|\d{3,})/)] },
  { capability: "random", attempts: [at("random", ["16"], /^[0-9a-f]{32}$/)] },
  { capability: "stdout", attempts: [at("write-output", ["printed\n"], WRITTEN)] },
  { capability: "stderr", attempts: [at("write-error", ["complained\n"], WRITTEN)] },
  { capability: "log", attempts: [at("log", ["info", "logged"], /^done$/)] },
  { capability: "env:PROBE", attempts: [at("environment", ["PROBE"], /^probe value$/)], nothing: /^none$/ },
  { capability: "args", attempts: [at("arguments", [], /--flag\ntwo words|two words/)], nothing: /^(?:none|)$/ },
  { capability: "stdin", attempts: [at("read-input", [], /^line one\nline two$/)] },
  { capability: "config", attempts: [at("config", ["greeting"], /^hello$/)] },
  {
    capability: "fs:rw:/data",
    attempts: [
      at("read-file", ["/data/notes.txt"], /^kept$/),
      at("read-file", ["/data/__proto__"], /^a name like others$/),
      at("write-file", ["/data/new.txt", "written"], WRITTEN),
      at("read-file", ["/data/new.txt"], /^written$/),
      at("append-file", ["/data/new.txt", " and more"], WRITTEN),
      at("read-file", ["/data/new.txt"], /^written and more$/),
      at("stat", ["/data/new.txt"], /16/),
      at("make-directory", ["/data/folder"], /^done$/),
      at("rename", ["/data/new.txt", "/data/folder/moved.txt"], /^done$/),
      at("list-directory", ["/data/folder"], /^moved\.txt$/),
      at("remove-file", ["/data/folder/moved.txt"], /^done$/),
      at("list-directory", ["/data"], /folder[^]*notes\.txt[^]*sub/),
    ],
    narrower: {
      capability: "fs:ro:/data/sub",
      works: [at("read-file", ["/data/sub/inner.txt"], /^inside$/), at("list-directory", ["/data/sub"], /^inner\.txt$/)],
      fails: [
        at("write-file", ["/data/sub/new.txt", "x"], /./), at("append-file", ["/data/sub/inner.txt", "x"], /./), at("remove-file", ["/data/sub/inner.txt"], /./),
        at("read-file", ["/data/notes.txt"], /./), at("read-file", ["/data/sub/../notes.txt"], /./), at("list-directory", ["/data"], /./),
        at("rename", ["/data/sub/inner.txt", "/data/sub/other.txt"], /./), at("make-directory", ["/data/sub/folder"], /./),
      ],
    },
  },
  {
    capability: "fs:ro:/library",
    attempts: [at("read-file", ["/library/book.txt"], /^read me$/)],
    narrower: { capability: "fs:ro:/library", works: [at("read-file", ["/library/book.txt"], /^read me$/)], fails: [at("write-file", ["/library/book.txt", "x"], /./)] },
  },
  {
    capability: "http:GET,POST:ORIGIN/http/",
    attempts: [
      at("fetch", ["GET", "ORIGIN/http/echo"], /^200\n[^]*"method":"GET"/),
      at("fetch", ["POST", "ORIGIN/http/echo", "sent"], /^200\n[^]*sent/),
      at("fetch-stream", ["ORIGIN/http/stream/300000"], /^300000$/),
    ],
    narrower: {
      capability: "http:GET:ORIGIN/http/echo",
      works: [at("fetch", ["GET", "ORIGIN/http/echo"], /^200\n/)],
      fails: [at("fetch", ["POST", "ORIGIN/http/echo", "sent"], /./), at("fetch", ["GET", "ORIGIN/http/bytes/3"], /./), at("fetch", ["GET", "ORIGIN/exfil"], /./)],
    },
  },
  {
    capability: "keyvalue",
    attempts: [
      at("key-set", ["", "color", "blue"], /^done$/), at("key-get", ["", "color"], /^blue$/), at("key-exists", ["", "color"], /^true$/),
      at("key-list", [""], /^color$/), at("key-increment", ["", "count", "5"], /^5$/), at("key-delete", ["", "color"], /^done$/), at("key-get", ["", "color"], /^none$/),
    ],
    narrower: {
      capability: "keyvalue:512",
      works: [at("key-set", ["", "a", "b"], /^done$/), at("key-get", ["", "a"], /^b$/)],
      fails: [at("key-set", ["", "long", "x".repeat(1_000)], /./)],
    },
  },
];

/** StarlingMonkey's console never tells a program that its output was refused. The denial is in the audit all the same. */
const SWALLOWED: ReadonlyMap<string, RegExp> = new Map([["authority-js write-output", /^done$/], ["authority-js write-error", /^done$/]]);

const REQUESTS = ROWS.map(({ capability }) => capability);

async function loadGuest(plugins: PluginPage, server: TestServer, guest: AuthorityName, granted: readonly string[]): Promise<LoadResult> {
  const here = (text: string) => text.replace("ORIGIN", server.url("").replace(/\/$/, ""));
  return loadRequesting(plugins, server, guest, REQUESTS.map(here), {
    host: { grant: [...new Set([...authorityNeeds[guest], ...granted])].map(here), setup: { module: "authority-app.js", create: "createProvisions", argument: {} } },
  });
}

function attempt(plugins: PluginPage, server: TestServer, guest: AuthorityName, { command, values }: Attempt): Promise<CallResult> {
  return plugins.call(guest, "run", [command, values.map((value) => value.replace("ORIGIN", server.url("").replace(/\/$/, "")))]);
}

/** What it answered, or for a failure what was tried and how it failed: no answer begins like that. */
async function outcome(plugins: PluginPage, server: TestServer, guest: AuthorityName, tried: Attempt): Promise<string> {
  const { value, error } = await attempt(plugins, server, guest, tried);
  return error === undefined ? String(value) : `!! ${tried.command} ${tried.values.join(" ").slice(0, 100)}: ${error.code} ${error.message}`;
}

interface AuditEntry {
  readonly kind: string;
  readonly capability: string;
}

async function denials(plugins: PluginPage, guest: AuthorityName): Promise<readonly string[]> {
  const entries = (await plugins.run(({ plugins: modules }, name) => modules.hostOf(name).audit(), guest)) as readonly AuditEntry[];
  return entries.filter(({ kind }) => kind === "denied").map(({ capability }) => capability);
}

const kindOf = (capability: string): string => capability.split(":")[0] ?? "";

for (const guest of Object.keys(authorityCommands) as AuthorityName[]) {
  const can: readonly string[] = authorityCommands[guest];
  const needs: readonly string[] = authorityNeeds[guest];
  const rows = ROWS.map((row) => ({ ...row, attempts: row.attempts.filter(({ command }) => can.includes(command)) })).filter(({ attempts }) => attempts.length > 0);

  test.describe(guest, () => {
    test.skip(!isExpected(guest), "its toolchain is not on this machine");
    test.setTimeout(300_000);

    test("granted nothing, computes, and is denied everything, typed and audited", async ({ page, server }) => {
      const plugins = new PluginPage(page, server);
      const loaded = await loadGuest(plugins, server, guest, []);
      expect(loaded.error).toBeUndefined();
      expect((await plugins.call(guest, "run", ["compute", ["30"]])).value).toBe("832040");
      for (const { capability, attempts, nothing } of rows.filter((row) => !needs.includes(row.capability))) {
        for (const tried of attempts) {
          const { value, error } = await attempt(plugins, server, guest, tried);
          const what = `${tried.command} ${tried.values.join(" ")} gave ${JSON.stringify(value ?? error)}`;
          if (error === undefined) expect(value, what).toMatch(SWALLOWED.get(`${guest} ${tried.command}`) ?? nothing ?? /nothing of the kind/);
          else expect(error.name === "PluginResultError" || error.code === "capability-denied", what).toBe(true);
          // A runtime may ask for its directories or input once and remember the answer, so not every call is denied anew.
          expect(await denials(plugins, guest), what).toContain(kindOf(capability));
          expect((await plugins.call(guest, "run", ["compute", ["10"]])).value, `a call after ${tried.command}`).toBe("55");
        }
      }
      expect((await server.requests()).filter(({ path }) => path.startsWith("/http/") || path.includes("exfil"))).toEqual([]);
    });

    test("granted everything, does everything", async ({ page, server }) => {
      const plugins = new PluginPage(page, server);
      const loaded = await loadGuest(plugins, server, guest, REQUESTS);
      expect(loaded.error).toBeUndefined();
      for (const { attempts } of rows) {
        for (const tried of attempts) {
          expect(await outcome(plugins, server, guest, tried)).toMatch(tried.answer);
        }
      }
      const events = JSON.stringify(await plugins.events());
      for (const [command, text] of [["write-output", "printed"], ["write-error", "complained"], ["log", "logged"]] as const) {
        if (can.includes(command)) expect(events).toContain(text);
      }
      if (can.includes("environment")) {
        const other = await plugins.call(guest, "run", ["environment", ["SECRET"]]);
        expect(JSON.stringify(other), "a variable that nobody asked for").not.toContain("hidden");
      }
    });

    for (const { capability, attempts, narrower } of rows) {
      if (narrower === undefined || attempts.length === 0) continue;
      test(`granted ${narrower.capability} of ${capability}, does that much and no more`, async ({ page, server }) => {
        const plugins = new PluginPage(page, server);
        const loaded = await loadGuest(plugins, server, guest, [narrower.capability]);
        expect(loaded.error).toBeUndefined();
        for (const tried of narrower.works.filter(({ command }) => can.includes(command))) {
          expect(await outcome(plugins, server, guest, tried)).toMatch(tried.answer);
        }
        for (const tried of narrower.fails.filter(({ command }) => can.includes(command))) {
          const { value, error } = await attempt(plugins, server, guest, tried);
          expect(error, `${tried.command} ${tried.values.join(" ")} gave ${JSON.stringify(value)}`).toBeDefined();
          expect(error?.name === "PluginResultError" || error?.code === "capability-denied", JSON.stringify(error)).toBe(true);
        }
        for (const tried of narrower.works.filter(({ command }) => can.includes(command))) {
          expect(await outcome(plugins, server, guest, tried)).toMatch(tried.answer);
        }
        expect((await server.requests()).filter(({ path }) => path.includes("exfil"))).toEqual([]);
      });
    }
  });
}
