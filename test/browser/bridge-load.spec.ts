/** What a page fetches for a plugin behind a bridge. */
import { conformanceHash, ledger, settingsType } from "../fixtures/bridge/conformance.js";
import { BridgeProcess, missingBridgePlugin } from "../support/bridge-process.js";
import { expect, test } from "../support/browser-test.js";
import { packagedDescriptor, publisherKey } from "../support/plugin-page.js";

/** The code that only plugins in the page need, by the names of its files. */
const OF_SANDBOXES = /^(sandboxes|compile-modules|produce-code|decode-component|indexeddb-write)-/;

for (const [runtime, isBehind] of [["conformance-python", true], ["conformance-rust", false]] as const) {
  test(`a host with a bridge fetches what sandboxes are made of ${isBehind ? "for no plugin behind it" : "for a component"}: ${runtime}`, async ({ page, server, baseURL }) => {
    const missing = missingBridgePlugin("conformance-python");
    test.skip(missing !== undefined, missing);
    const bridge = await BridgeProcess.start({ origins: [new URL(String(baseURL)).origin] });
    try {
      await server.forgetRequests();
      const app = await page.evaluateHandle((url) => import(url), server.url("pages/conformance-app.js"));
      const loaded = await app.evaluate((module: any, request: any) => module.load(request), {
        name: "plugin", id: `fixture.${runtime}`, config: { greeting: "Hello", marks: 1 }, configType: settingsType,
        descriptor: await packagedDescriptor("conformance-rust"), trust: [await publisherKey()],
        interfaceHash: `0x${conformanceHash.toString(16)}`, signatures: ledger.signatures, bridge: { url: bridge.url, token: bridge.token },
      });
      expect(loaded).not.toHaveProperty("error");
      const fetched = (await server.requests()).flatMap(({ path }) => OF_SANDBOXES.exec(path.split("/").at(-1) ?? "")?.[1] ?? []);
      if (isBehind) expect(fetched).toEqual([]);
      else expect(fetched).toEqual(expect.arrayContaining(["sandboxes", "compile-modules"]));
    } finally {
      await bridge.close();
    }
  });
}
