/** Where host calls can be made: with JavaScript Promise Integration, with shared memory where that is missing, and where neither is. */
import { readFile } from "node:fs/promises";
import type { Page } from "@playwright/test";
import { expect, test, type TestServer } from "../support/browser-test.js";
import { loadNotes, runNotes } from "../support/notes-plugin.js";
import { PluginPage } from "../support/plugin-page.js";

/** Runs in a page, or at the top of a worker: the workers that it starts then lack it as well. */
function takePromiseIntegrationAway(): void {
  const remove = "delete WebAssembly.Suspending;delete WebAssembly.promising;";
  for (const name of ["Suspending", "promising"]) Reflect.deleteProperty(WebAssembly, name);
  const Platform = globalThis.Worker;
  globalThis.Worker = class extends Platform {
    constructor(url: string | URL, options?: WorkerOptions) {
      super(String(url).replace(/^(data:[^,]*,)/, `$1${remove}`), options);
    }
  };
}

/**
 * Takes JavaScript Promise Integration away from the page, its frames and every worker that one of them starts: no flag
 * of this Chromium does.
 */
async function withoutPromiseIntegration(page: Page, server: TestServer): Promise<void> {
  await page.addInitScript(takePromiseIntegrationAway);
  // The policy worker's script comes from the server, and the plugin's worker from that script.
  const script = await readFile(new URL("../../dist/sandbox-worker.js", import.meta.url), "utf8");
  await server.putFile("dist/sandbox-worker.js", `(${takePromiseIntegrationAway.toString()})();\n${script}`);
  await page.reload();
}

/** Whether each worker of the page's sandboxes has JavaScript Promise Integration, as the worker itself sees it. */
function workersThatSuspend(page: Page): Promise<readonly boolean[]> {
  return Promise.all(page.workers().map((worker) => worker.evaluate(() => "Suspending" in WebAssembly)));
}

test.describe("with promise integration and without isolation", () => {
  test("host calls suspend the plugin", async ({ page, server }) => {
    const plugins = new PluginPage(page, server);
    expect(await page.evaluate(() => globalThis.crossOriginIsolated)).toBe(false);
    const loaded = await loadNotes(plugins, server, "notes-rust");
    expect(loaded.report?.target).toBe("browser-jspi");
    expect(await workersThatSuspend(page)).toEqual([true]);
    expect((await runNotes(plugins, "notes-rust", "read", "today")).value).toBe("milk\nbread");
  });

  test("host calls suspend the plugin in the sandboxed frame as well", async ({ page, server }) => {
    const plugins = new PluginPage(page, server);
    const loaded = await loadNotes(plugins, server, "notes-rust", { sandbox: "sandboxed-frame" });
    expect(loaded.error).toBeUndefined();
    expect(loaded.report).toMatchObject({ target: "browser-jspi", sandbox: "sandboxed-frame" });
    expect(await workersThatSuspend(page)).toEqual([true]);
    expect((await runNotes(plugins, "notes-rust", "cursor", "today")).value).toBe("milk\nbread\n2");
  });
});

test.describe("without promise integration, on an isolated page", () => {
  test.use({ pagePath: "isolated/pages/blank.html" });
  test("host calls wait in shared memory", async ({ page, server }) => {
    await withoutPromiseIntegration(page, server);
    const plugins = new PluginPage(page, server, "isolated/");
    expect(await page.evaluate(() => [globalThis.crossOriginIsolated, "Suspending" in WebAssembly])).toEqual([true, false]);
    const loaded = await loadNotes(plugins, server, "notes-rust");
    expect(loaded.error).toBeUndefined();
    expect(loaded.report?.target).toBe("browser-sync");
    expect(await workersThatSuspend(page)).toEqual([false]);
    expect((await runNotes(plugins, "notes-rust", "read", "today")).value).toBe("milk\nbread");
    expect((await runNotes(plugins, "notes-rust", "cursor", "today")).value).toBe("milk\nbread\n2");
    expect((await plugins.call("notes-rust", "many", [100])).value).toBe(500n);
  });

  test("host calls wait in shared memory in the policy worker as well", async ({ page, server }) => {
    await withoutPromiseIntegration(page, server);
    const plugins = new PluginPage(page, server, "isolated/");
    const loaded = await loadNotes(plugins, server, "notes-rust", { sandbox: "policy-worker", sandboxWorkerUrl: server.url("isolated/sealed/dist/sandbox-worker.js") });
    expect(loaded.error).toBeUndefined();
    expect(loaded.report).toMatchObject({ target: "browser-sync", sandbox: "policy-worker" });
    // The one that has the policy, and the plugin's in it.
    expect(await workersThatSuspend(page)).toEqual([false, false]);
    expect((await runNotes(plugins, "notes-rust", "cursor", "today")).value).toBe("milk\nbread\n2");
  });

  test("a sandbox that cannot share memory has no way to make host calls", async ({ page, server }) => {
    await withoutPromiseIntegration(page, server);
    const plugins = new PluginPage(page, server, "isolated/");
    const loaded = await loadNotes(plugins, server, "notes-rust", { sandbox: "sandboxed-frame" });
    expect(loaded.error?.code).toBe("host-calls-unavailable");
    expect(loaded.error?.message).toContain("sandboxed-frame cannot share memory");
  });
});

test.describe("without either", () => {
  test("a plugin that was granted something of the page is refused at load, with the reason", async ({ page, server }) => {
    await withoutPromiseIntegration(page, server);
    const plugins = new PluginPage(page, server);
    const { error } = await loadNotes(plugins, server, "notes-rust");
    expect(error).toMatchObject({ code: "host-calls-unavailable", stage: "admit" });
    expect(error?.message).toContain("no JavaScript Promise Integration");
    expect(error?.message).toContain("not cross-origin isolated");
  });

  test("a plugin that was granted nothing of the page runs, whatever it imports", async ({ page, server }) => {
    await withoutPromiseIntegration(page, server);
    const plugins = new PluginPage(page, server);
    const loaded = await loadNotes(plugins, server, "notes-rust", { grant: [] });
    expect(loaded.error).toBeUndefined();
    expect(await workersThatSuspend(page)).toEqual([false]);
    expect((await runNotes(plugins, "notes-rust", "compute", "30")).value).toBe("832040");
    expect((await runNotes(plugins, "notes-rust", "read", "today")).error?.payload).toContain("denied");
  });

  test("a plugin that imports nothing runs", async ({ page, server }) => {
    await withoutPromiseIntegration(page, server);
    const plugins = new PluginPage(page, server);
    expect((await plugins.loadPackaged("small-c")).error).toBeUndefined();
    expect(await workersThatSuspend(page)).toEqual([false]);
    expect((await plugins.call("small-c", "add", [40, 2])).value).toBe(42);
  });
});

test("what a plugin was granted without the page needs no transport", async ({ page, server }) => {
  await withoutPromiseIntegration(page, server);
  const plugins = new PluginPage(page, server);
  const loaded = await plugins.loadPackaged("everything-rust", { host: { grant: ["clocks", "random"] } });
  expect(loaded.report?.target).toBe("browser-sync");
  expect(await workersThatSuspend(page)).toEqual([false]);
  expect((await plugins.call("everything-rust", "sleep", [5])).value).toBe("slept");
});
