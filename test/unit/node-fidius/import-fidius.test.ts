import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { importFidiusPackage } from "../../../src/node/fidius/import-fidius.js";
import { readFidiusKey } from "../../../src/node/fidius/fidius-signature.js";
import { runCommandLine } from "../../../src/cli/run.js";
import { directoryWith, temporaryDirectory } from "../node/support.js";
import { refusal } from "../package/package-fixture.js";
import { authorKey, component, FID, files, importFiles, SEED, signed, TOML } from "./fidius-package.js";

const toml = (more: string): string => `${TOML}${more}`;
const importToml = async (text: string, options = {}) => importFiles(await signed(files({ "package.toml": text })), options);

test("an archive that fidius itself signed and packed is imported as it is", async () => {
  const { manifest, fidius, signedBy, directory } = await importFidiusPackage({ input: FID, trust: { keys: [authorKey] }, out: await temporaryDirectory(), signingKeys: [SEED], id: "acme.greeter" });
  expect(fidius).toEqual({
    name: "acme-greeter", version: "1.2.0",
    // As fidius computes it: names with spaces, umlauts, beyond the basic plane, and longer than a tar header's field.
    digest: "14f8ff90ee3669c479f31fd63ee8da2dcf75309bb6721cb558511919eeb1d7bf",
    signedBy: "8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c",
  });
  expect(signedBy).toHaveLength(1);
  expect(manifest).toMatchObject({
    id: "acme.greeter", version: "1.2.0", interface: { name: "greeter", version: 1 }, metadata: { title: "Greeter" },
    contributes: { fidius: { package: "acme-greeter", metadata: { category: "greetings", weight: 3 } } },
    capabilities: [
      { capability: "clocks", optional: true }, { capability: "stdout", optional: false }, { capability: "host:fidius:host-call/host@0.1.0", optional: true },
      { capability: "host:fidius:stream-pull/pull@0.1.0", optional: true },
    ],
  });
  expect(new Uint8Array(await readFile(`${directory}/component.wasm`)), "byte for byte").toEqual(component);
});

describe("capabilities", () => {
  const ofList = async (list: readonly string[], options = {}) => (await importToml(toml(`capabilities = ${JSON.stringify(list)}\n`), options)).manifest.capabilities.filter(({ optional }) => !optional).map(({ capability }) => capability);

  test("of the same meaning are taken over", async () => {
    const same = ["stdin", "stdout", "stderr", "args", "env:HOME", "fs:ro:/data", "fs:rw:/output"];
    expect(await ofList(["clocks", "random", ...same])).toEqual(same);
    expect(await ofList(["http"], { http: ["http:GET:https://api.example.com/v1"] })).toEqual(["http:GET:https://api.example.com/v1"]);
  });

  test.each([
    ["network"], ["sockets"], ["tcp"], ["udp"], ["env"], ["fs"], ["filesystem"], ["http"], ["gpu"], [""], ["env:"], ["fs:ro:"], ["fs:wx:/a"], ["FS:ro:/a"],
  ])("%j cannot be given here, and is refused by name", async (name) => {
    expect(await refusal(() => ofList(["stdout", name]), "capability-unknown")).toContain(JSON.stringify(name));
  });

  test.each([["fs:ro:data"], ["fs:ro:/a/../b"], ["env:A=B"]])("%j names what our capability cannot, and is refused", async (name) => {
    await refusal(() => ofList([name]), "capability-invalid");
  });

  test("addresses for a package that asks for none are refused", async () => {
    await refusal(() => ofList([], { http: ["http:GET:https://api.example.com/v1"] }), "capability-unknown");
  });
});

describe("package.toml", () => {
  test("may have members that nobody knows, as in fidius", async () => {
    expect((await importToml(toml("more = 1\n[build]\nx = 2\n"))).manifest.id).toBe("acme-greeter");
  });

  test.each<readonly [what: string, text: string, code: "manifest-invalid" | "runtime-unsupported" | "usage-invalid", message: string]>([
    ["no metadata", TOML.replace(/\[metadata\]\n.*\n/, ""), "manifest-invalid", "metadata"],
    ["no name", TOML.replace(/name = .*\n/, ""), "manifest-invalid", "name"],
    ["a version of another type", TOML.replace('interface_version = 1', 'interface_version = "1"'), "manifest-invalid", "interface_version"],
    ["a version beyond u32", TOML.replace('interface_version = 1', "interface_version = 4294967296"), "manifest-invalid", "interface_version"],
    ["no component", TOML.replace(/component = .*\n/, ""), "manifest-invalid", "component"],
    ["no wasm table", TOML.replace(/\[wasm\][^]*/, ""), "manifest-invalid", "requires a [wasm]"],
    ["a python table", toml('[python]\nentry_module = "x"\n'), "manifest-invalid", "[python]"],
    ["an unknown runtime", TOML.replace('"wasm"', '"node"'), "manifest-invalid", 'unknown runtime "node"'],
    ["a native plugin", TOML.replace('"wasm"', '"rust"').replace(/\[wasm\][^]*/, ""), "runtime-unsupported", "rust"],
    ["a wasm table for another runtime", TOML.replace('"wasm"', '"python"'), "manifest-invalid", "[wasm]"],
    ["an id that is none here", TOML.replace('"acme-greeter"', '"Acme Greeter"'), "usage-invalid", "--id"],
    ["a version that is none here", TOML.replace('"1.2.0"', '"1.2"'), "usage-invalid", "--version"],
    ["no TOML", "[", "manifest-invalid", "line 1"],
  ])("with %s is refused", async (_what, text, code, message) => {
    expect(await refusal(() => importToml(text), code)).toContain(message);
  });

  test("names what is left out", async () => {
    expect((await importToml(toml('precompiled = "x.cwasm"\n'))).warnings.join()).toContain("precompiled");
  });
});

test("a component that was not built for fidius is refused", async () => {
  const logger = new Uint8Array(await readFile(new URL("../../fixtures/components/logger.wasm", import.meta.url)));
  expect(await refusal(async () => importFiles(await signed(files({ "greeter.wasm": logger }))), "package-invalid")).toContain("not built for fidius");
  await refusal(async () => importFiles(await signed(files({ "greeter.wasm": "no component" }))), "component-invalid");
});

test("a configuration schema can be given, and is checked", async () => {
  const directory = await directoryWith({ "good.json": '{"type":"object","properties":{"greeting":{"type":"string"}}}', "bad.json": '{"type":"object","patternProperties":{}}' });
  expect((await importToml(TOML, { config: `${directory}/good.json` })).manifest.config).toMatchObject({ type: "object" });
  await refusal(() => importToml(TOML, { config: `${directory}/bad.json` }), "manifest-invalid");
});

test("keys are 32 raw bytes", async () => {
  const directory = await directoryWith({ short: new Uint8Array(31), "small-order": new Uint8Array(32), pem: "-----BEGIN PUBLIC KEY-----" });
  for (const name of ["short", "small-order", "pem"]) expect(await refusal(() => readFidiusKey(`${directory}/${name}`), "key-invalid")).toContain("fidius keygen");
});

describe("portcullis import", () => {
  const run = async (...args: string[]) => {
    const written = { stdout: "", stderr: "" };
    const output = (name: "stdout" | "stderr") => ({ isTerminal: false, write: (text: string) => void (written[name] += text) });
    const code = await runCommandLine(["import", ...args], { stdout: output("stdout"), stderr: output("stderr"), environment: {}, waitForInterrupt: () => Promise.resolve() });
    return { code, ...written };
  };
  const key = new URL("../../fixtures/fidius/author.public", import.meta.url).pathname;

  test("imports, and says from whom", async () => {
    const out = await temporaryDirectory();
    const { code, stdout } = await run(FID, "--fidius-key", key, "--out", out, "--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ id: "acme-greeter", fidius: { signedBy: expect.stringMatching(/^8a88/) } });
    expect((await run(FID, "--dangerously-unsigned", "a test", "--out", out)).stderr).toContain("not checked: a test");
  });

  test("must be told whose it is", async () => {
    expect(await run(FID, "--out", "unused")).toMatchObject({ code: 2, stderr: expect.stringContaining("--fidius-key") });
    expect((await run(FID, "--fidius-key", key, "--dangerously-unsigned", "x")).code).toBe(2);
    expect((await run("absent.fid", "--fidius-key", key)).code).toBe(1);
  });
});
