/** A host in a dedicated worker of the app, where frames cannot be made. */
import type { Page } from "@playwright/test";
import { expect, test } from "../support/browser-test.js";
import { type CallResult, type LoadRequest, type LoadResult, packagedDescriptor, publisherKey } from "../support/plugin-page.js";

/** Starts the app's worker; the result asks it to do something. */
async function startHost(page: Page, script: string): Promise<(action: string, argument: unknown) => Promise<unknown>> {
  await page.evaluate((url) => {
    const worker = new Worker(url, { type: "module" });
    const waiting = new Map<number, (message: { value?: unknown; failure?: string }) => void>();
    worker.onmessage = ({ data }) => waiting.get(data.id)?.(data);
    let last = 0;
    Object.assign(globalThis, {
      ask: (action: string, argument: unknown) => new Promise((resolve, reject) => {
        waiting.set((last += 1), ({ value, failure }) => (failure === undefined ? resolve(value) : reject(new Error(failure))));
        worker.postMessage({ id: last, action, argument });
      }),
    });
  }, script);
  return (action, argument) => page.evaluate(([name, value]) => (globalThis as unknown as { ask(name: string, value: unknown): Promise<unknown> }).ask(name, value), [action, argument] as const);
}

async function request(name: "small-c" | "loop", host: LoadRequest["host"] = {}): Promise<LoadRequest> {
  const [descriptor, key] = [await packagedDescriptor(name), await publisherKey()];
  return { name, id: `fixture.${name}`, source: { index: "../packages/registry/index.json" }, descriptor, trust: { keys: [key] }, host };
}

for (const sandbox of ["auto", "policy-worker"] as const) {
  test(`${sandbox}: a host in a worker loads, calls, stops and disposes plugins`, async ({ page, server }) => {
    const ask = await startHost(page, server.url("pages/worker-host.js"));
    const host = { sandbox, sandboxWorkerUrl: server.url("sealed/dist/sandbox-worker.js") };
    const loaded = (await ask("load", await request("small-c", host))) as LoadResult;
    expect(loaded.error).toBeUndefined();
    expect(loaded.report).toMatchObject({ sandbox: "policy-worker", code: "package", cache: { hit: false } });
    expect(await ask("call", ["small-c", "add", [40, 2], {}])).toEqual({ value: 42 });
    expect(((await ask("load", await request("loop", host))) as LoadResult).error).toBeUndefined();
    expect(((await ask("call", ["loop", "forever", [], { timeoutMs: 100 }])) as CallResult).error?.code).toBe("timeout");
    expect(await ask("call", ["loop", "add", [1, 2], {}])).toEqual({ value: 3 });
    await ask("disposeAll", undefined);
    // The app's own worker, and none of a plugin's.
    await expect.poll(() => page.workers().length).toBe(1);
  });
}

test("without a relay the error says that frames need a document, and what to do", async ({ page, server }) => {
  const ask = await startHost(page, server.url("pages/worker-host.js"));
  const { error } = (await ask("load", await request("small-c"))) as LoadResult;
  expect(error).toMatchObject({ code: "sandbox-unavailable", pluginId: "fixture.small-c" });
  expect(error?.message).toMatch(/policy-frame: it needs a document.*sandboxed-frame: it needs a document.*sandboxWorkerUrl/s);
});
