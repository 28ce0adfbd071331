import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type RunnablePlugin, RunnablePlugin as RunnableClass, runnablePlugin } from "../../../src/node/executor/plugin-catalogue.js";
import { PluginFiles } from "../../../src/node/executor/plugin-files.js";
import { removeTree } from "../../../src/node/executor/remove-tree.js";
import { rejection } from "./executor-fixture.js";
import { makePlugin } from "./plugin-fixture.js";

let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "portcullis-files-"));
});
afterEach(async () => {
  await removeTree(root);
});

const text = (content: string): Uint8Array => new TextEncoder().encode(content);

describe("files of a plugin", () => {
  it("are written once for all of its instances, and can be changed by nobody", async () => {
    let reads = 0;
    const plugin = await makePlugin({ files: { "acme_attack.py": "a", "deep/er/b.py": "b" }, readFile: async (path) => {
      reads += 1;
      return text(path === "acme_attack.py" ? "a" : "b");
    } });
    const files = new PluginFiles(root);
    const [one, two] = await Promise.all([files.folderOf(plugin), files.folderOf(plugin)]);
    expect(one).toBe(two);
    expect(await files.folderOf(plugin)).toBe(one);
    expect(reads).toBe(2);
    expect([readFileSync(join(one, "acme_attack.py"), "utf8"), readFileSync(join(one, "deep/er/b.py"), "utf8")]).toEqual(["a", "b"]);
    const modes = ["acme_attack.py", "deep/er/b.py", "", "deep", "deep/er"].map((path) => (statSync(join(one, path)).mode & 0o777).toString(8));
    expect(modes).toEqual(["444", "444", "555", "555", "555"]);
  });

  it("attack: a file of the package changed after it was verified", async () => {
    let content = "a";
    const plugin = await makePlugin({ files: { "acme_attack.py": "a" }, readFile: async () => text(content) });
    const files = new PluginFiles(root);
    content = "b";
    expect(await rejection(files.folderOf(plugin))).toMatchObject({ code: "digest-mismatch" });
    expect(readdirSync(root)).toEqual([]);
    // It is read again, and what was written stays when it changes once more.
    content = "a";
    const folder = await files.folderOf(plugin);
    content = "b";
    expect(readFileSync(join(await files.folderOf(plugin), "acme_attack.py"), "utf8")).toBe("a");
    expect(readdirSync(root)).toEqual([folder.slice(root.length + 1)]);
  });

  it.each(["../outside.py", "a/../../outside.py", "/etc/passwd/../../outside.py"])("attack: a path leads out of the package: %s", async (path) => {
    // The manifest's parser refuses such paths: this is the second wall, tried with a plugin that did not come through the first.
    const plugin = { manifest: { id: "acme.attack", files: [{ path, size: 1, sha256: "" }] }, manifestSha256: "x", readFile: async () => text("x") } as unknown as RunnablePlugin;
    const outside = path.startsWith("/") ? undefined : join(root, "outside.py");
    const attempt = await new PluginFiles(root).folderOf(plugin).then(() => "written", (error: { code: string }) => error.code);
    if (outside !== undefined) expect([attempt, statSync(outside, { throwIfNoEntry: false })]).toEqual(["package-invalid", undefined]);
    expect(statSync("/outside.py", { throwIfNoEntry: false })).toBeUndefined();
  });

  it("says where there is no room for them", async () => {
    const plugin = await makePlugin();
    rmSync(root, { recursive: true });
    expect(await rejection(new PluginFiles(root).folderOf(plugin))).toMatchObject({ code: "storage-failed" });
  });
});

describe("a runnable plugin", () => {
  it("is made of an admitted one and in no other way", async () => {
    const plugin = await makePlugin();
    const Constructor = RunnableClass as unknown as new (...parts: unknown[]) => RunnablePlugin;
    const forged = { manifest: plugin.manifest, verified: { package: { manifestBytes: new Uint8Array() } } };
    expect(() => new Constructor(Symbol("RunnablePlugin"), forged, plugin.bridge)).toThrow(TypeError);
    expect(Object.isFrozen(plugin)).toBe(true);
    expect(plugin.manifestSha256).toMatch(/^[0-9a-f]{64}$/);
    expect(() => runnablePlugin({ manifest: { ...plugin.manifest, runtime: "wasm" } } as never)).toThrow(expect.objectContaining({ code: "runtime-unsupported" }));
  });
});
