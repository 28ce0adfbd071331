/** One plugin in six runtimes: every case over every one of them, from a real page. See `runtime-cases.ts`. */
import type { Page } from "@playwright/test";
import { conformanceHash, ledger, settingsType } from "../fixtures/bridge/conformance.js";
import { BridgeProcess, missingBridgePlugin } from "../support/bridge-process.js";
import { expect, test as base, type TestServer } from "../support/browser-test.js";
import { packagedDescriptor, publisherKey } from "../support/plugin-page.js";
import { CASES, RUNTIMES, type RuntimeCase, type RuntimeName } from "./runtime-cases.js";

const HELLO = { greeting: "Hello", marks: 1 };
const POLITE = { greeting: "Good evening", marks: 3, signature: "the host" };

const test = base.extend<object, { readonly bridge: BridgeProcess }>({
  // One for each of the runner's processes, as an app has one for all its pages.
  bridge: [async ({ browserName: _browser }, use, info) => {
    const started = await BridgeProcess.start({ origins: [new URL(String(info.project.use.baseURL)).origin] });
    await use(started);
    await started.close();
  }, { scope: "worker" }],
});

export interface LoadChanges {
  readonly [option: string]: unknown;
}

async function inPage<Result>(page: Page, server: TestServer, work: (app: any, argument: any) => Result | Promise<Result>, argument?: unknown): Promise<Result> {
  const app = await page.evaluateHandle((url) => import(url), server.url("pages/conformance-app.js"));
  return (await app.evaluate(work as never, argument as never)) as Result;
}

async function load(page: Page, server: TestServer, bridge: BridgeProcess, runtime: RuntimeName, name: string, config: unknown, changes: LoadChanges = {}): Promise<any> {
  return inPage(page, server, (app, request) => app.load(request), {
    name, id: `fixture.${runtime}`, config, configType: settingsType,
    descriptor: await packagedDescriptor("conformance-rust"), trust: [await publisherKey()],
    interfaceHash: `0x${conformanceHash.toString(16)}`, signatures: ledger.signatures,
    ...(RUNTIMES.find((known) => known.name === runtime)?.where === "bridge" ? { bridge: { url: bridge.url, token: bridge.token } } : {}),
    ...changes,
  });
}

/** Runs a case's code in the page with the plugin. */
async function outcomeOf(page: Page, server: TestServer, { run }: RuntimeCase): Promise<unknown> {
  return inPage(page, server, async (app, source) => {
    // The case as its source text: it has nothing around it.
    const made = (await import(`data:text/javascript,${encodeURIComponent(`export default ${source}`)}`)).default;
    return made(app, app.plugins.get("plugin"));
  }, run.toString());
}

for (const { name: runtime, title, form, where } of RUNTIMES) {
  test.describe(`${title} (${form}, ${where})`, () => {
    // Not at once: the packages are made after the runner has read this file.
    test.beforeEach(() => {
      const missing = where === "bridge" ? missingBridgePlugin(runtime) : undefined;
      test.skip(missing !== undefined, missing);
    });

    for (const wanted of CASES) {
      test(`${wanted.group}: ${wanted.name}`, { annotation: { type: "conformance", description: JSON.stringify({ runtime, group: wanted.group, exception: wanted.exceptions?.[runtime]?.because }) } }, async ({ page, server, bridge }) => {
        expect(await load(page, server, bridge, runtime, "plugin", HELLO)).not.toHaveProperty("error");
        expect(await load(page, server, bridge, runtime, "neighbour", POLITE)).not.toHaveProperty("error");
        const { expected } = wanted.exceptions?.[runtime] ?? wanted;
        const found = await outcomeOf(page, server, wanted);
        if (Array.isArray(expected)) expect(found).toMatchObject(expected);
        else expect(found).toMatchObject(expected as Record<string, unknown>);
      });
    }

    const annotated = (group: string) => ({ annotation: { type: "conformance", description: JSON.stringify({ runtime, group }) } });

    test("interface mismatch: another fidius hash, and other types", annotated("an interface that does not match"), async ({ page, server, bridge }) => {
      expect((await load(page, server, bridge, runtime, "plugin", HELLO, { interfaceHash: "0x1" })).error).toMatchObject({ code: "interface-mismatch" });
      expect((await load(page, server, bridge, runtime, "plugin", HELLO, { descriptor: await packagedDescriptor("fidius-greeter") })).error).toMatchObject({ code: "interface-mismatch", stage: "admit" });
    });

    test("several instances, as many as calls are made at once", annotated("several instances"), async ({ page, server, bridge }) => {
      await load(page, server, bridge, runtime, "plugin", HELLO, { options: { instances: { count: 2 } } });
      const states = await inPage(page, server, (app) => app.use("plugin", (plugin: any) => Promise.all([1, 2].map(() => plugin.handle.call("nextState", [])))));
      expect(states).toEqual({ value: [1, 1] });
    });

    test("a publisher whom the app does not trust", annotated("an untrusted publisher"), async ({ page, server, bridge }) => {
      const other = "ed25519:AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";
      const { error } = await load(page, server, bridge, runtime, "plugin", HELLO, { trust: [other] });
      expect(["key-untrusted", "index-invalid", "signature-invalid"]).toContain(error.code);
    });

    test("a manifest that was altered after it was signed", annotated("an altered package"), async ({ page, server, bridge }) => {
      const path = `packages/registry/fixture.${runtime}/1.0.0/manifest.json`;
      const manifest = await (await page.request.get(server.url(path))).text();
      await server.putFile(path, manifest.replace('"optional":true', '"optional":false'));
      const { error } = await load(page, server, bridge, runtime, "plugin", HELLO);
      expect(error).toMatchObject({ code: "digest-mismatch" });
    });

    test("a function of the app that was not granted is denied", annotated("a function that was not granted"), async ({ page, server, bridge }) => {
      await load(page, server, bridge, runtime, "plugin", HELLO, { grant: [] });
      const found: any = await inPage(page, server, (app) => app.use("plugin", (plugin: any) => plugin.handle.call("balance", ["ada"])));
      expect(found.error?.code).toMatch(/^(?:capability-denied|plugin-error|trap)$/);
      expect(await inPage(page, server, (app) => app.asked)).toEqual([]);
      expect(await inPage(page, server, (app) => app.use("plugin", (plugin: any) => plugin.handle.call("nextState", [])))).toEqual({ value: 1 });
    });
  });
}
