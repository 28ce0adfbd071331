/** Where host calls can be made: with JavaScript Promise Integration, with shared memory where that is missing, and where neither is. */
import type { Page } from "@playwright/test";
import { expect, test } from "../support/browser-test.js";
import { loadNotes, runNotes } from "../support/notes-plugin.js";
import { PluginPage } from "../support/plugin-page.js";

/**
 * Takes JavaScript Promise Integration away from the page, its frames and every worker that a frame starts: no flag of
 * this Chromium does.
 */
async function withoutPromiseIntegration(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const remove = "delete WebAssembly.Suspending;delete WebAssembly.promising;";
    for (const name of ["Suspending", "promising"]) Reflect.deleteProperty(WebAssembly, name);
    const Platform = window.Worker;
    window.Worker = class extends Platform {
      constructor(url: string | URL, options?: WorkerOptions) {
        super(String(url).replace(/^(data:[^,]*,)/, `$1${remove}`), options);
      }
    };
  });
  await page.reload();
}

test.describe("with promise integration and without isolation", () => {
  test("host calls suspend the plugin", async ({ page, server }) => {
    const plugins = new PluginPage(page, server);
    expect(await page.evaluate(() => globalThis.crossOriginIsolated)).toBe(false);
    const loaded = await loadNotes(plugins, server, "notes-rust");
    expect(loaded.report?.target).toBe("browser-jspi");
    expect((await runNotes(plugins, "notes-rust", "read", "today")).value).toBe("milk\nbread");
  });

  test("host calls suspend the plugin in the sandboxed frame as well", async ({ page, server }) => {
    const plugins = new PluginPage(page, server);
    const loaded = await loadNotes(plugins, server, "notes-rust", { sandbox: "sandboxed-frame" });
    expect(loaded.error).toBeUndefined();
    expect(loaded.report).toMatchObject({ target: "browser-jspi", sandbox: "sandboxed-frame" });
    expect((await runNotes(plugins, "notes-rust", "cursor", "today")).value).toBe("milk\nbread\n2");
  });
});

test.describe("without promise integration, on an isolated page", () => {
  test.use({ pagePath: "isolated/pages/blank.html" });
  test("host calls wait in shared memory", async ({ page, server }) => {
    await withoutPromiseIntegration(page);
    const plugins = new PluginPage(page, server, "isolated/");
    expect(await page.evaluate(() => [globalThis.crossOriginIsolated, "Suspending" in WebAssembly])).toEqual([true, false]);
    const loaded = await loadNotes(plugins, server, "notes-rust");
    expect(loaded.error).toBeUndefined();
    expect(loaded.report?.target).toBe("browser-sync");
    expect((await runNotes(plugins, "notes-rust", "read", "today")).value).toBe("milk\nbread");
    expect((await runNotes(plugins, "notes-rust", "cursor", "today")).value).toBe("milk\nbread\n2");
    expect((await plugins.call("notes-rust", "many", [100])).value).toBe(500n);
  });

  test("host calls wait in shared memory in the policy worker as well", async ({ page, server }) => {
    await withoutPromiseIntegration(page);
    const plugins = new PluginPage(page, server, "isolated/");
    const loaded = await loadNotes(plugins, server, "notes-rust", { sandbox: "policy-worker", sandboxWorkerUrl: server.url("isolated/sealed/dist/sandbox-worker.js") });
    expect(loaded.error).toBeUndefined();
    expect(loaded.report).toMatchObject({ target: "browser-sync", sandbox: "policy-worker" });
    expect((await runNotes(plugins, "notes-rust", "cursor", "today")).value).toBe("milk\nbread\n2");
  });

  test("a sandbox that cannot share memory has no way to make host calls", async ({ page, server }) => {
    await withoutPromiseIntegration(page);
    const plugins = new PluginPage(page, server, "isolated/");
    const loaded = await loadNotes(plugins, server, "notes-rust", { sandbox: "sandboxed-frame" });
    expect(loaded.error?.code).toBe("host-calls-unavailable");
    expect(loaded.error?.message).toContain("sandboxed-frame cannot share memory");
  });
});

test.describe("without either", () => {
  test("a plugin that was granted something of the page is refused at load, with the reason", async ({ page, server }) => {
    await withoutPromiseIntegration(page);
    const plugins = new PluginPage(page, server);
    const { error } = await loadNotes(plugins, server, "notes-rust");
    expect(error).toMatchObject({ code: "host-calls-unavailable", stage: "admit" });
    expect(error?.message).toContain("no JavaScript Promise Integration");
    expect(error?.message).toContain("not cross-origin isolated");
  });

  test("a plugin that was granted nothing of the page runs, whatever it imports", async ({ page, server }) => {
    await withoutPromiseIntegration(page);
    const plugins = new PluginPage(page, server);
    const loaded = await loadNotes(plugins, server, "notes-rust", { grant: [] });
    expect(loaded.error).toBeUndefined();
    expect((await runNotes(plugins, "notes-rust", "compute", "30")).value).toBe("832040");
    expect((await runNotes(plugins, "notes-rust", "read", "today")).error?.payload).toContain("denied");
  });

  test("a plugin that imports nothing runs", async ({ page, server }) => {
    await withoutPromiseIntegration(page);
    const plugins = new PluginPage(page, server);
    expect((await plugins.loadPackaged("small-c")).error).toBeUndefined();
    expect((await plugins.call("small-c", "add", [40, 2])).value).toBe(42);
  });
});

test("what a plugin was granted without the page needs no transport", async ({ page, server }) => {
  await withoutPromiseIntegration(page);
  const plugins = new PluginPage(page, server);
  const loaded = await plugins.loadPackaged("everything-rust", { host: { grant: ["clocks", "random"] } });
  expect(loaded.report?.target).toBe("browser-sync");
  expect((await plugins.call("everything-rust", "sleep", [5])).value).toBe("slept");
});
