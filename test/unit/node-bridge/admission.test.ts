import { rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { jsonLog } from "../../../src/node/bridge/bridge-log.js";
import { PluginDirectory } from "../../../src/node/bridge/plugin-directory.js";
import { parseCapability } from "../../../src/capability/capability.js";
import { generateKeyPair } from "../../../src/trust/ed25519.js";
import { STORE, type WrittenPackage, writePackage } from "./echo-plugin.js";
import { type LogLine, runningBridge, temporaryDirectory, trustTests } from "./running-bridge.js";

async function openDirectory(directory: string) {
  const log: LogLine[] = [];
  const plugins = await PluginDirectory.open({ directory, trust: await trustTests(), log: jsonLog((line) => log.push(JSON.parse(line) as LogLine), () => new Date()) });
  return { plugins, log, leftOut: () => log.filter(({ event }) => event === "package-left-out").map(({ path, code }) => [path, code]) };
}

describe("the plugins of a bridge", () => {
  test("are listed and read, of each the newest version unless another is wanted", async () => {
    const directory = await temporaryDirectory();
    const written: WrittenPackage[] = [];
    for (const version of ["1.9.0", "1.10.0", "1.10.0-rc.1"]) written.push(await writePackage(directory, { version }));
    const { plugins } = await openDirectory(directory);
    expect(await plugins.list()).toHaveLength(3);
    expect((await plugins.list())[0]).toEqual({ id: "acme.echo", version: "1.10.0", runtime: "python", title: "Echo", description: undefined });
    expect((await plugins.read("acme.echo", undefined))?.manifest).toEqual(written[1]?.manifest);
    expect((await plugins.read("acme.echo", "1.9.0"))?.manifest).toEqual(written[0]?.manifest);
    expect(await plugins.read("acme.echo", "2.0.0")).toBeUndefined();
    expect(await plugins.read("acme.other", undefined)).toBeUndefined();
  });

  test("get what is granted, as far as they ask for it and it can be enforced", async () => {
    const directory = await temporaryDirectory();
    const written = await writePackage(directory, { change: (manifest) => ({ ...manifest, capabilities: [...manifest.capabilities, { capability: "fs:ro:/data", reason: "To read.", optional: true }] }) });
    const { plugins } = await openDirectory(directory);
    const admit = async (...grants: string[]) => (await plugins.admit(written.id, written.version, written.manifestSha256, grants.map((text) => parseCapability(text)))).grants.map(({ kind }) => kind);
    expect(await admit()).toEqual([]);
    expect(await admit("log", "clocks", "fs:ro:/data", `host:${STORE}`, "host:acme:other/interface@1.0.0")).toEqual(["log", "host"]);
  });

  test("are refused without what they require", async () => {
    const directory = await temporaryDirectory();
    const written = await writePackage(directory, { change: (manifest) => ({ ...manifest, capabilities: [{ capability: "log", reason: "To tell.", optional: false }] }) });
    const { plugins } = await openDirectory(directory);
    await expect(plugins.admit(written.id, written.version, written.manifestSha256, [])).rejects.toMatchObject({ code: "capability-not-granted" });
  });

  test("are found when they come, and gone when they go", async () => {
    const { connect, write, directory, until } = await runningBridge();
    const client = await connect();
    const added = await write({ id: "acme.added" });
    let request = 0;
    const names = async (): Promise<string[]> => {
      request += 1;
      client.send({ tag: "list", val: { request } });
      return (await client.frame("listing", ({ val }) => val.request === request)).val.plugins.map(({ id }) => id);
    };
    await until(async () => (await names()).join() === "acme.added,acme.echo");
    await client.opened(added);
    await rm(join(directory, "acme.echo"), { recursive: true });
    await until(async () => (await names()).join() === "acme.added");
  });

  test("that were being copied are looked at again", async () => {
    const directory = await temporaryDirectory();
    await writePackage(directory);
    await rm(join(directory, "acme.echo/1.0.0/acme_echo.py"));
    const { plugins, leftOut } = await openDirectory(directory);
    expect(leftOut()).toEqual([["acme.echo/1.0.0", "package-invalid"]]);
    await writePackage(directory);
    while ((await plugins.list()).length === 0) await new Promise((resolve) => setTimeout(resolve, 50));
    expect(leftOut()).toHaveLength(1);
  });
});

describe("attacks by packages", () => {
  test("what is not trusted, damaged, elsewhere than it says, or a link is left out with a reason, and hides nothing", async () => {
    const directory = await temporaryDirectory();
    const good = await writePackage(directory);
    const stranger = await generateKeyPair();
    await writePackage(directory, { id: "acme.stranger", seed: stranger.seed });
    await writePackage(directory, { id: "acme.unsigned", seed: undefined });
    await writePackage(directory, { id: "acme.tampered", tampered: true });
    await writePackage(directory, { id: "acme.thief", place: "acme.victim/1.0.0" });
    await writePackage(directory, { id: "acme.liar", change: (manifest) => ({ ...manifest, interface: { ...manifest.interface, hash: "0".repeat(64) } }) });
    await writePackage(directory, { id: "acme.broken" });
    await writeFile(join(directory, "acme.broken/1.0.0/manifest.json"), "{");
    const outside = await temporaryDirectory();
    await writePackage(outside, { id: "acme.linked" });
    await symlink(join(outside, "acme.linked"), join(directory, "acme.linked"));
    const { plugins, leftOut } = await openDirectory(directory);
    expect((await plugins.list()).map(({ id }) => id)).toEqual(["acme.echo", "acme.liar"]);
    expect(leftOut()).toEqual([
      ["acme.broken/1.0.0", "manifest-invalid"],
      ["acme.stranger/1.0.0", "key-untrusted"],
      ["acme.tampered/1.0.0", "digest-mismatch"],
      ["acme.unsigned/1.0.0", "signature-missing"],
      ["acme.victim/1.0.0", "manifest-mismatch"],
    ]);
    const [liar] = (await plugins.list()).filter(({ id }) => id === "acme.liar");
    const manifest = (await plugins.read("acme.liar", undefined))?.manifest ?? new Uint8Array();
    const digest = Buffer.from(await crypto.subtle.digest("SHA-256", new Uint8Array(manifest))).toString("hex");
    await expect(plugins.admit("acme.liar", liar?.version ?? "", digest, [])).rejects.toMatchObject({ code: "interface-mismatch" });
    expect(await plugins.find(good.id, good.version, good.manifestSha256)).toMatchObject({ manifestSha256: good.manifestSha256 });
  });

  test("code that is changed after it was admitted is not handed out", async () => {
    const directory = await temporaryDirectory();
    const good = await writePackage(directory);
    const { plugins } = await openDirectory(directory);
    const runnable = await plugins.find(good.id, good.version, good.manifestSha256);
    await writeFile(join(directory, "acme.echo/1.0.0/acme_echo.py"), "import os\n");
    await expect(runnable?.readFile("acme_echo.py")).rejects.toMatchObject({ code: "digest-mismatch" });
    await expect(runnable?.readFile("../1.0.0/manifest.json")).rejects.toMatchObject({ code: "package-invalid" });
  });
});

describe("attacks by names", () => {
  test.each(["../acme.echo", "acme.echo/1.0.0/..", "/etc/passwd", "acme.echo\0", "__proto__", "constructor", "..", ""])("the id %j finds nothing", async (id) => {
    const { connect, plugin, executor } = await runningBridge();
    const client = await connect();
    client.send({ tag: "read", val: { request: 1, id, version: undefined } });
    expect((await client.frame("package")).val.found).toBeUndefined();
    const instance = client.open(plugin, { id });
    expect((await client.ended(instance)).code).toBe("plugin-not-found");
    const other = client.open(plugin, { version: `../${plugin.version}` });
    expect((await client.ended(other)).code).toBe("plugin-not-found");
    expect(executor.orders).toEqual([]);
  });

  test("a package that the page has another of is not run", async () => {
    const { connect, plugin, executor } = await runningBridge();
    const client = await connect();
    const instance = client.open(plugin, { manifestSha256: "0".repeat(64) });
    expect((await client.ended(instance)).code).toBe("manifest-mismatch");
    expect(executor.orders).toEqual([]);
  });

  test.each([
    [{ grants: ["everything"] }, "capability-unknown"],
    [{ grants: ["host:wasi:filesystem/types@0.2.0"] }, "capability-invalid"],
    [{ config: "{" }, "config-invalid"],
    [{ config: JSON.stringify("x".repeat(2 ** 20)) }, "config-invalid"],
  ])("an order with %.60j is refused", async (more, code) => {
    const { connect, plugin, executor } = await runningBridge();
    const client = await connect();
    expect((await client.ended(client.open(plugin, more))).code).toBe(code);
    expect(executor.orders).toEqual([]);
  });

  test("a configuration is checked against the manifest's schema again, and completed", async () => {
    const { connect, write, executor } = await runningBridge();
    const configured = await write({
      id: "acme.configured",
      change: (manifest) => ({ ...manifest, config: { type: "object", properties: { size: { type: "integer", minimum: 1, default: 3 }, name: { type: "string" } }, required: ["name"], additionalProperties: false } }),
    });
    const client = await connect();
    const refused = client.open(configured, { config: '{"size":0,"name":"x"}' });
    expect((await client.ended(refused)).code).toBe("config-invalid");
    await client.opened(configured, { config: '{"name":"x"}' });
    expect(JSON.parse(executor.orders[0]?.config ?? "")).toEqual({ size: 3, name: "x" });
  });
});
