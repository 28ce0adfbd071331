import { describe, expect, test } from "vitest";
import { dataOwner } from "../../../src/broker/keyvalue/data-owner.js";
import { toUtf8 } from "../../../src/bytes/utf8.js";
import { DEFAULT_LIMITS } from "../../../src/limits/plugin-limits.js";
import { worldFromWit } from "../../../src/node/types/wit.js";
import { encodeManifest } from "../../../src/package/parse-manifest.js";
import { PluginPackage } from "../../../src/package/plugin-package.js";
import { signManifest } from "../../../src/trust/signature-envelope.js";
import { verifyPackage } from "../../../src/trust/verify-package.js";
import { bridgeManifest, GREETER_WIT } from "../package/bridge-fixture.js";
import { refusal } from "../package/package-fixture.js";
import { installerOf, keyIdOf, pluginPackage, sourceOf, trustAnybody, trustThree } from "./install-fixture.js";

async function bridgePackage(signed: boolean): Promise<PluginPackage> {
  const manifestBytes = encodeManifest(await bridgeManifest("python", await worldFromWit({ source: GREETER_WIT })));
  const signatureBytes = signed ? await signManifest(manifestBytes, [new Uint8Array(32).fill(1)]) : null;
  return PluginPackage.open({ origin: "a test's", manifestBytes, signatureBytes, readFile: async () => toUtf8("module") }, DEFAULT_LIMITS);
}

describe("a plugin that runs on a bridge", () => {
  test("is not installed in a browser, and the store stays as it was", async () => {
    const { installer, store } = await installerOf([sourceOf([await bridgePackage(true), await pluginPackage({ version: "1.0.0" })])]);
    expect(await refusal(() => installer.install("acme.greeter"), "runtime-unsupported")).toContain("its runtime is python");
    expect(await installer.list()).toEqual([]);
    expect((await store.state()).files.size).toBe(0);
    await installer.install("acme.sample");
    expect((await installer.list()).map(({ id }) => id)).toEqual(["acme.sample"]);
  });

  test("attack: sees no other's data where nobody signed either, since no component tells them apart", async () => {
    const unsigned = await verifyPackage(await bridgePackage(false), await trustAnybody());
    expect(await refusal(() => dataOwner(unsigned), "runtime-unsupported")).toContain("nobody signed it");
    expect(dataOwner(await verifyPackage(await bridgePackage(true), await trustThree()))).toBe(await keyIdOf(1));
  });
});
