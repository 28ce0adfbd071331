import { cp, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { componentPath, pluginDirectory, temporaryDirectory } from "../node/support.js";
import { portcullis } from "./portcullis.js";

const ESCAPE = "\u001b[";

describe("help", () => {
  test("is given for all, for each command, and with the version", async () => {
    const general = await portcullis(["--help"]);
    expect(general).toMatchObject({ code: 0, stderr: "" });
    for (const name of ["pack", "inspect", "types", "keygen", "sign", "verify", "index", "serve"]) {
      expect(general.stdout).toContain(`  ${name} `);
      const own = await portcullis([name, "--help"]);
      expect(own).toMatchObject({ code: 0, stderr: "" });
      expect(own.stdout).toContain(`Usage: portcullis ${name} `);
      expect(own.stdout).toContain("Examples:");
      expect((await portcullis(["help", name])).stdout).toBe(own.stdout);
    }
    const { version } = JSON.parse(await readFile(new URL("../../../package.json", import.meta.url), "utf8")) as { version: string };
    expect(await portcullis(["--version"])).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
  });

  test("is coloured on a terminal that wants it, and nowhere else", async () => {
    expect((await portcullis(["--help"], { terminal: true })).stdout).toContain(ESCAPE);
    expect((await portcullis(["--help"], { terminal: true, environment: { NO_COLOR: "1" } })).stdout).not.toContain(ESCAPE);
    expect((await portcullis(["--help"], { terminal: true, environment: { NO_COLOR: "" } })).stdout).toContain(ESCAPE);
    expect((await portcullis(["--help"], { terminal: true, environment: { TERM: "dumb" } })).stdout).not.toContain(ESCAPE);
    expect((await portcullis(["--help"])).stdout).not.toContain(ESCAPE);
  });
});

describe("wrong usage", () => {
  test.each([
    [[], ""],
    [["unpack"], "There is no command"],
    [["__proto__"], "There is no command"],
    [["help", "unpack"], "There is no command"],
    [["pack"], "is missing"],
    [["pack", "a", "b"], "one <"],
    [["pack", "a", "--nonsense"], "nonsense"],
    [["pack", "a", "--out"], "out"],
    [["pack", "a", "--archive=yes"], "archive"],
    [["pack", componentPath("trap")], "id and a version"],
    [["pack", componentPath("trap"), "--id", "a.b"], "--version"],
    [["pack", componentPath("trap"), "--id", "a.b", "--version", "1.0.0", "--capability", "clocks"], "with its reason"],
    [["pack", componentPath("trap"), "--id", "a.b", "--version", "1.0.0", "--interface-version", "1"], "--interface"],
    [["keygen"], "Say where"],
    [["sign", "a"], "--key"],
    [["verify", "a"], "--trust"],
    [["index", "a"], "--key"],
    [["index", "a", "--key", "k", "--unsigned"], "--unsigned"],
    [["index", "a", "--unsigned", "--expires-days", "0"], "--expires-days"],
    [["serve", "a", "--port", "http"], "--port"],
    [["serve", "a", "--port", "65536"], "--port"],
    [["types"], "is missing"],
    [["inspect"], "is missing"],
  ])("%j exits with 2", async (args, says) => {
    const { code, stdout, stderr } = await portcullis(args);
    expect(code).toBe(2);
    if (says !== "") {
      expect(stdout).toBe("");
      expect(stderr).toContain("error[usage-invalid]: ");
      expect(stderr).toContain(says);
    }
    expect(stderr).not.toContain("    at ");
  });
});

describe("the whole way", () => {
  test("from keys to a served registry", async () => {
    const home = await temporaryDirectory();
    const [keys, out] = [join(home, "keys/publisher"), join(home, "plugins")];
    const keygen = await portcullis(["keygen", "--out", keys]);
    expect(keygen).toMatchObject({ code: 0, stderr: "" });
    expect(keygen.stdout.split("\n")[0]).toMatch(/^ed25519:[A-Za-z0-9+/]{43}=$/);
    const secret = await readFile(`${keys}.pem`, "utf8");
    expect(await portcullis(["keygen", "--out", keys])).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining("never overwritten") });
    expect(await readFile(`${keys}.pem`, "utf8")).toBe(secret);

    const pack = await portcullis(["pack", await pluginDirectory(), "--out", out, "--key", `${keys}.pem`, "--archive", "--json"]);
    expect(pack).toMatchObject({ code: 0, stderr: "" });
    expect(JSON.parse(pack.stdout)).toMatchObject({
      id: "acme.logger", version: "1.2.3", warnings: [], signedBy: [expect.any(String)],
      targets: [{ target: "browser-sync", supported: true }, { target: "browser-jspi", supported: true }],
      directory: join(out, "acme.logger/1.2.3"), archive: join(out, "acme.logger-1.2.3.tar.gz"),
    });
    const [directory, archive] = [join(out, "acme.logger/1.2.3"), join(out, "acme.logger-1.2.3.tar.gz")];

    for (const path of [directory, archive]) {
      const verify = await portcullis(["verify", path, "--trust", `${keys}.pub`, "--retranspile"]);
      expect(verify).toMatchObject({ code: 0, stderr: "", stdout: expect.stringContaining("browser-sync, browser-jspi: equal byte for byte") });
      const inspect = await portcullis(["inspect", path, "--trust", keygen.stdout.split("\n")[0] ?? ""]);
      expect(inspect).toMatchObject({ code: 0, stdout: expect.stringMatching(/Signatures\n {2}[0-9a-f]{16} {2}valid/) });
    }

    await portcullis(["keygen", "--out", join(home, "registry")]);
    expect(await portcullis(["sign", directory, "--key", join(home, "registry.pem")])).toMatchObject({ code: 0 });
    const index = await portcullis(["index", out, "--key", join(home, "registry.pem"), "--trust", `${keys}.pub`, "--json"]);
    expect(JSON.parse(index.stdout)).toMatchObject({ changed: true, refused: [], index: { sequence: 1, plugins: [{ id: "acme.logger" }] } });

    let served: unknown;
    const serve = await portcullis(["serve", out, "--port", "0", "--json"], {
      onOutput: async (text) => {
        const { url } = JSON.parse(text) as { url: string };
        served = await (await fetch(new URL("index.json", url))).json();
      },
    });
    expect(serve).toMatchObject({ code: 0, stderr: "" });
    expect(served).toEqual((JSON.parse(index.stdout) as { index: unknown }).index);
  });

  test("types are printed, written, and the same from WIT and component", async () => {
    const out = join(await temporaryDirectory(), "generated/logger.ts");
    const printed = await portcullis(["types", componentPath("logger"), "--name", "my-logger"]);
    expect(printed).toMatchObject({ code: 0, stderr: "" });
    expect(printed.stdout).toContain("export const myLogger");
    const wit = new URL("../../fixtures/wit/logger", import.meta.url).pathname;
    expect(await portcullis(["types", wit, "--world", "plugin", "--name", "my-logger", "--out", out])).toMatchObject({ code: 0, stdout: `wrote ${out}\n` });
    const withoutSource = (text: string) => text.replace(/^.*\n/, "");
    expect(withoutSource(await readFile(out, "utf8"))).toBe(withoutSource(printed.stdout));
    expect(JSON.parse((await portcullis(["types", wit, "--json"])).stdout)).toMatchObject({ name: "logger", text: expect.stringContaining("defineInterface") });
    expect(await portcullis(["types", wit, "--world", "absent"])).toMatchObject({ code: 2, stdout: "" });
  });
});

describe("refusals", () => {
  test("exit with 1, say which code, and show a stack only when asked", async () => {
    const plain = await portcullis(["inspect", "absent.wasm"]);
    expect(plain).toEqual({ code: 1, stdout: "", stderr: "error[source-unreachable]: Cannot read absent.wasm: there is no such file or directory\n" });
    const debug = await portcullis(["inspect", "absent.wasm"], { environment: { PORTCULLIS_DEBUG: "1" } });
    expect(debug.stderr).toContain("    at ");
    expect(debug.stderr).toContain("Caused by: Error: ENOENT");
  });

  test("are JSON on standard output with --json", async () => {
    const { code, stdout, stderr } = await portcullis(["verify", componentPath("trap"), "--trust", "ed25519:AAAA", "--json"]);
    expect([code, stderr]).toEqual([1, ""]);
    expect(JSON.parse(stdout)).toEqual({ error: { code: "key-invalid", stage: "configure", message: expect.any(String) } });
    expect(JSON.parse((await portcullis(["--json", "pack"])).stdout)).toMatchObject({ error: { code: "usage-invalid" } });
    expect(JSON.parse((await portcullis(["inspect", "--json"])).stdout)).toMatchObject({ error: { code: "usage-invalid" } });
  });

  test("name the changed file of a package", async () => {
    const out = await temporaryDirectory();
    await portcullis(["keygen", "--out", join(out, "key")]);
    await portcullis(["pack", componentPath("trap"), "--id", "a.b", "--version", "1.0.0", "--out", out, "--key", join(out, "key.pem")]);
    await writeFile(join(out, "a.b/1.0.0/transpiled/browser-sync/glue.js"), "alert(1)");
    const verify = await portcullis(["verify", join(out, "a.b/1.0.0"), "--trust", join(out, "key.pub")]);
    expect(verify).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("error[digest-mismatch]") });
    expect(verify.stderr).toContain("transpiled/browser-sync/glue.js");
    const index = await portcullis(["index", out, "--unsigned"]);
    expect(index).toMatchObject({ code: 1, stdout: expect.stringContaining("indexed"), stderr: expect.stringContaining("a.b/1.0.0 is left out") });
    expect((await stat(join(out, "index.json"))).isFile()).toBe(true);
  });

  test("cannot send commands to the terminal", async () => {
    const { stderr } = await portcullis(["inspect", "evil\u001b]0;title\u0007\r.wasm"], { terminal: true, environment: { NO_COLOR: "1" } });
    expect(stderr).not.toMatch(/(?!\n)\p{Cc}/u);
    expect(stderr).toContain("error[source-unreachable]");
  });
});

describe("warnings and progress", () => {
  test("go to standard error, and progress only where somebody watches", async () => {
    const out = await temporaryDirectory();
    const args = ["pack", componentPath("unknown-import"), "--id", "a.b", "--version", "1.0.0", "--out", out];
    const quiet = await portcullis(args);
    expect(quiet).toMatchObject({ code: 0, stdout: expect.stringContaining("packed a.b 1.0.0") });
    expect(quiet.stderr.split("\n")).toEqual([expect.stringMatching(/^warning: .*acme:unknown\/thing/), ""]);
    const watched = await portcullis(args, { terminal: true });
    expect(watched.stderr).toContain("Transpiling for browser-jspi…");
    expect(watched.stderr).toContain("\r\u001b[K");
    const json = await portcullis([...args, "--json"]);
    expect(json.stderr).toBe("");
    expect(JSON.parse(json.stdout)).toMatchObject({ warnings: [expect.stringContaining("acme:unknown/thing")] });
  });

  test("optional and required capabilities come from the command line", async () => {
    const out = await temporaryDirectory();
    await cp(componentPath("everything-rust"), join(out, "c.wasm"));
    const { stdout } = await portcullis(["pack", join(out, "c.wasm"), "--id", "a.b", "--version", "1.0.0", "--out", out, "--json", "--title", "Every thing",
      "--capability", "clocks=To = date", "--optional-capability", "random=For noise", "--interface", "my:interface/it", "--interface-version", "3"]);
    expect(JSON.parse(stdout)).toMatchObject({
      interface: { name: "my:interface/it", version: 3 },
      capabilities: [{ capability: "clocks", reason: "To = date", optional: false }, { capability: "random", reason: "For noise", optional: true }],
    });
  });
});
