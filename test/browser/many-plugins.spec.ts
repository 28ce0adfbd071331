/** More plugins on one page than the engine has memories for. */
import type { Page } from "@playwright/test";
import { expect, test } from "../support/browser-test.js";
import { expectNothingLeft, packagedDescriptor, PluginPage, publisherKey } from "../support/plugin-page.js";
import { changedPackage, putRegistry } from "../support/test-registry.js";

async function heapBytes(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send("HeapProfiler.enable");
  // Twice: what finalizers let go of is collected the second time.
  for (let times = 0; times < 2; times += 1) await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  await session.detach();
  return usedSize;
}

test("200 plugins, called, killed, replaced and revoked at random, lose no answer and leave nothing behind", async ({ page, server }) => {
  test.setTimeout(240_000);
  const plugins = new PluginPage(page, server);
  const versions = ["1.0.0", "1.1.0"];
  const packages = await Promise.all([...versions.map((version) => changedPackage("trap", { manifest: (manifest) => ({ ...manifest, version }) })), changedPackage("logger")]);
  const argument = {
    index: await putRegistry(server, "many", packages),
    key: await publisherKey(),
    descriptors: { trap: await packagedDescriptor("trap"), logger: await packagedDescriptor("logger") },
    seed: 20_261_121,
  };
  const run = (size: { readonly plugins: number; readonly milliseconds: number; readonly actors: number }) =>
    plugins.page.evaluate(async ([base, given]) => {
      const { runMany } = await import(`${base}pages/many-plugins.js`);
      return runMany(await import(`${base}dist/index.js`), given) as Promise<Record<string, number> & { readonly last: readonly string[] }>;
    }, [server.url(""), { ...argument, ...size }] as const);
  // What a page keeps for ever is there after the first time: compiled modules, optimised code, the browser's own log of what it refused.
  await run({ plugins: 200, milliseconds: 15_000, actors: 24 });
  await expectNothingLeft(plugins);
  const before = await heapBytes(page);
  const { last, ...counts } = await run({ plugins: 200, milliseconds: 20_000, actors: 24 });
  console.log(JSON.stringify(counts));
  expect(counts).toMatchObject({ wrong: 0, unexpected: 0, busy: 0, revocations: 1 });
  for (const outcome of ["answered", "trap", "aborted", "replaced"]) expect(counts[outcome], outcome).toBeGreaterThan(5);
  expect(last).toEqual(["closed"]);
  await expectNothingLeft(plugins);
  await expect.poll(() => heapBytes(page), "the page's memory").toBeLessThan(before * 1.1);
});

test("where no instance may be put away, running out is a typed error, and the page and the plugins go on", async ({ page, server }) => {
  test.setTimeout(120_000);
  const plugins = new PluginPage(page, server);
  // More than the engine has: it is the one that refuses.
  await plugins.loadPackaged("trap", { host: { limits: { linearMemories: 1_000 } } });
  const outcome = await plugins.run(async ({ plugins: modules, portcullis }, descriptor) => {
    const host = modules.hostOf("trap");
    const contract = portcullis.defineInterface(descriptor);
    const handles: any[] = [];
    const loadAll = async (): Promise<string> => {
      for (;;) {
        const handle = await host.load("fixture.trap", contract).catch((error: { code: string }) => error);
        if (handle instanceof Error) return (handle as Error & { code: string }).code;
        // From now on it has a state.
        await handle.call("count", []);
        handles.push(handle);
      }
    };
    const code = await loadAll();
    const counts = await Promise.all(handles.map((handle) => handle.call("count", [])));
    await handles.pop().dispose();
    await new Promise((resolve) => setTimeout(resolve, 500));
    const another = await host.load("fixture.trap", contract);
    return { code, loaded: handles.length, counts: [...new Set(counts)], another: await another.call("add", [1, 2]) };
  }, await packagedDescriptor("trap"));
  expect(outcome).toMatchObject({ code: "instances-exhausted", counts: [2], another: 3 });
  expect(outcome.loaded).toBeGreaterThan(60);
  console.log(`the engine had room for ${outcome.loaded + 1} instances`);
});
