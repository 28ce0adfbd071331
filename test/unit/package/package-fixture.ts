import { readFile } from "node:fs/promises";
import { expect } from "vitest";
import { locateCoreModules } from "../../../src/component/core-modules.js";
import { sha256Hex } from "../../../src/bytes/sha256.js";
import { toUtf8 } from "../../../src/bytes/utf8.js";
import { isPluginError } from "../../../src/errors/plugin-error.js";
import type { PluginErrorCode } from "../../../src/errors/error-codes.js";
import { DEFAULT_LIMITS } from "../../../src/limits/plugin-limits.js";
import { describeComponent } from "../../../src/package/describe-component.js";
import type { Manifest, ManifestFile } from "../../../src/package/manifest.js";
import { encodeManifest } from "../../../src/package/parse-manifest.js";

/** A real component with two small core modules. */
export async function readComponentFixture(name = "trap.wasm"): Promise<Uint8Array> {
  return new Uint8Array(await readFile(new URL(`../../fixtures/components/${name}`, import.meta.url)));
}

/** A complete, unsigned package: component, glue, one core module of its own and one inside the component. */
export async function buildPackage(): Promise<{ manifest: Manifest; files: Map<string, Uint8Array> }> {
  const component = await readComponentFixture();
  const described = await describeComponent(component, { id: "acme.sample", version: "1.2.3" }, DEFAULT_LIMITS);
  const glue = toUtf8("function instantiate(getCoreModule, imports, instantiateCore) {}");
  const own = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
  const [range] = locateCoreModules(component);
  if (range === undefined) throw new Error("the fixture has no core module");
  const slice = component.subarray(range.offset, range.offset + range.size);
  const files = new Map([
    ["component.wasm", component],
    ["transpiled/browser-sync/glue.js", glue],
    ["transpiled/core/own.wasm", own],
  ]);
  const listed: ManifestFile[] = [];
  for (const [path, bytes] of files) listed.push({ path, size: bytes.length, sha256: await sha256Hex(bytes) });
  const wasmSha256 = await sha256Hex(component);
  const manifest: Manifest = {
    ...described,
    metadata: { title: "Sample", license: "Apache-2.0", homepage: "https://example.com/sample" },
    capabilities: [{ capability: "clocks", reason: "To date the pictures.", optional: true }],
    limits: { memoryBytes: 1024 * 1024 },
    config: { type: "object" },
    files: listed,
    transpiled: [{
      key: { wasmSha256, transpilerVersion: "1.35.0/1", target: "browser-sync/1", engineConfigHash: "0".repeat(64) },
      glue: "transpiled/browser-sync/glue.js",
      coreModules: [
        { name: "plugin.core.wasm", ...range, sha256: await sha256Hex(slice) },
        { name: "plugin.core2.wasm", size: own.length, path: "transpiled/core/own.wasm", sha256: await sha256Hex(own) },
      ],
    }],
  };
  files.set("manifest.json", encodeManifest(manifest));
  return { manifest, files };
}

/** Expects `action` to fail with a PluginError of `code`, and gives its message. */
export async function refusal(action: () => unknown, code: PluginErrorCode): Promise<string> {
  try {
    await action();
  } catch (error) {
    if (!isPluginError(error)) throw error;
    expect(error.code, error.message).toBe(code);
    return error.message;
  }
  throw new Error(`it was accepted, ${code} was expected`);
}

/** As {@link refusal}, where the message does not matter. */
export async function expectRefusal(action: () => unknown, code: PluginErrorCode): Promise<void> {
  await refusal(action, code);
}

/** Runs `action`; anything but success or a PluginError fails the test. Gives the code, if it failed. */
export async function outcome(action: () => unknown): Promise<PluginErrorCode | undefined> {
  try {
    await action();
    return undefined;
  } catch (error) {
    if (!isPluginError(error)) throw error;
    return error.code;
  }
}
