import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { pythonDirectory, PYTHON_TOML, RUST_TOML, rustDirectory } from "../node/bridge-support.js";
import { temporaryDirectory } from "../node/support.js";
import { portcullis } from "./portcullis.js";

describe("commands on plugins that run on a bridge", () => {
  test("from keys to a registry", async () => {
    const home = await temporaryDirectory();
    const [key, out] = [join(home, "publisher"), join(home, "plugins")];
    await portcullis(["keygen", "--out", key]);
    const python = `${PYTHON_TOML.replace("acme.greeter", "acme.snake")}capabilities = [{ capability = "log", reason = "To tell.", optional = true }]\n`;
    const packed = [];
    for (const input of [await rustDirectory(), await pythonDirectory(python)]) packed.push(await portcullis(["pack", input, "--out", out, "--key", `${key}.pem`, "--archive"]));
    const [native, modules] = packed;
    expect(native).toMatchObject({ code: 0, stderr: "" });
    expect(native?.stdout.split("\n").slice(0, 12).map((line) => line.replace(/[0-9a-f]{64}/, "HASH"))).toEqual([
      expect.stringMatching(/^packed acme\.greeter 1\.2\.3 3 files, /),
      "  interface   greeter HASH",
      "  runtime     rust, on a bridge: libraries for linux-x64",
      "  methods     zebra",
      "              add",
      "              reverse: raw",
      "              checked-reverse: raw",
      "              count: gives a stream of u64",
      "              sum: takes a stream of u64",
      "              shout: takes a stream of string, gives a stream of string",
      "              describe: optional, bit 0",
      "  asks for    host:fidius:stream-pull/pull@0.1.0 (optional)",
    ]);
    expect(modules?.stdout).toContain("  runtime     python, on a bridge: module greeter\n");
    expect(modules?.stdout).toContain("  asks for    log (optional), host:fidius:stream-pull/pull@0.1.0 (optional)\n");

    for (const [path, runtime] of [["acme.greeter/1.2.3", "rust"], ["acme.greeter-1.2.3.tar.gz", "rust"], ["acme.snake/1.2.3", "python"], ["acme.snake-1.2.3.tar.gz", "python"]] as const) {
      const verify = await portcullis(["verify", join(out, path), "--trust", `${key}.pub`, "--retranspile"]);
      expect(verify, path).toMatchObject({ code: 0, stderr: "", stdout: expect.stringContaining(`there is nothing to transpile: its runtime is ${runtime}`) });
      expect(await portcullis(["sign", join(out, path), "--key", `${key}.pem`]), path).toMatchObject({ code: 0 });
    }
    const index = await portcullis(["index", out, "--key", `${key}.pem`, "--trust", `${key}.pub`, "--json"]);
    expect(JSON.parse(index.stdout)).toMatchObject({ refused: [], unsigned: [], index: { plugins: [{ id: "acme.greeter" }, { id: "acme.snake" }] } });
  });

  test("inspect prints what a bridge runs, and no transpiled output", async () => {
    const out = await temporaryDirectory();
    const item = 'takes_stream = { sum = { kind = "record", fields = [{ name = "weight", type = "u8" }, { name = "parts", type = { kind = "list", element = { kind = "tuple", items = ["s8", "char"] } } }] }, shout = { kind = "variant", cases = [{ name = "empty" }, { name = "text", type = { kind = "result", err = { kind = "enum", cases = ["a", "b"] } } }] }, zebra = { kind = "option", value = "bool" } }';
    await portcullis(["pack", await rustDirectory(RUST_TOML.replace(/^takes_stream.*$/m, item)), "--out", out]);
    const { code, stdout } = await portcullis(["inspect", join(out, "acme.greeter/1.2.3")]);
    expect(code).toBe(0);
    const lines = stdout.split("\n");
    for (const line of [
      "  runtime     rust, on a bridge: libraries for linux-x64",
      "  fidius hash 0xbe38ca5674ec66ca",
      "Methods",
      "  reverse: raw",
      "  sum: takes a stream of record { weight: u8, parts: list<tuple<s8, char>> }",
      "  shout: takes a stream of variant { empty, text: result<_, enum { a, b }> }, gives a stream of string",
      "  zebra: takes a stream of option<bool>",
      "    count: func(to: u32) -> count-stream;",
      "  fidius:stream-pull/pull@0.1.0  needs host, which it asks for",
      expect.stringMatching(/^ {2}native\/linux-x64\/libgreeter\.so {2}/),
      "  nobody signed it",
    ]) expect(lines).toContainEqual(line);
    expect(stdout).not.toContain("Transpiled");
    expect(stdout).not.toContain("disagree");
  });

  test("inspect says of items without a type that they are bytes", async () => {
    const out = await temporaryDirectory();
    await portcullis(["pack", await pythonDirectory(PYTHON_TOML.replace(/^takes_stream.*$/m, 'takes_stream = ["sum"]')), "--out", out]);
    expect((await portcullis(["inspect", join(out, "acme.greeter/1.2.3")])).stdout).toContain("sum: takes a stream of bytes, each the bincode of an item\n");
  });

  test("--json has the runtime and all of the code's description", async () => {
    const out = await temporaryDirectory();
    const packed = JSON.parse((await portcullis(["pack", await pythonDirectory(), "--out", out, "--json"])).stdout) as Record<string, unknown>;
    expect(packed).toMatchObject({ runtime: "python", bridge: { entryModule: "greeter", interfaceHash: "be38ca5674ec66ca" }, targets: [] });
    const inspected = JSON.parse((await portcullis(["inspect", join(out, "acme.greeter/1.2.3"), "--json"])).stdout) as Record<string, unknown>;
    expect(inspected).toMatchObject({ manifestMatches: true, transpiled: [], manifest: { bridge: packed["bridge"] } });
  });

  test("pack says what a package.toml of fidius lacks", async () => {
    const toml = RUST_TOML.replace(/\[rust\][^]*/, "[metadata]\n");
    const { code, stderr } = await portcullis(["pack", await rustDirectory(toml), "--out", await temporaryDirectory()]);
    expect(code).toBe(1);
    expect(stderr).toContain('[rust]\nlibraries = { "linux-x64" = "target/release/libgreeter.so" }\nwit = "wit"\ninterface_hash = "0x…"');
  });
});
