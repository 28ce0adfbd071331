/** How a plugin's instances are used: kept, made for each call, several at a time; what happens after failures and while replacing. */
import { expect, test } from "../support/browser-test.js";
import { expectNothingLeft, packagedDescriptor, PluginPage, publisherKey } from "../support/plugin-page.js";
import { loadNotes, runNotes } from "../support/notes-plugin.js";
import { loadRequesting } from "../support/requesting-plugin.js";
import { changedPackage, putRegistry } from "../support/test-registry.js";

test("a persistent instance keeps its state; one for each call never has any", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  await plugins.loadComponent("trap", { name: "kept" });
  await plugins.loadComponent("trap", { name: "fresh", load: { instances: { mode: "per-call" } } });
  for (let times = 1; times <= 4; times += 1) {
    expect(await plugins.call("kept", "count")).toEqual({ value: times });
    expect(await plugins.call("fresh", "count")).toEqual({ value: 1 });
  }
  await expect.poll(() => page.workers().length, "only the persistent one is left").toBe(1);
  await plugins.run(({ plugins: modules }) => modules.disposeAll(), undefined);
  await expectNothingLeft(plugins);
});

test("resources live on in an instance of their own, where each call has one", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  expect((await plugins.loadComponent("types-rust", { load: { instances: { mode: "per-call", count: 3 } } })).error).toBeUndefined();
  const outcome = await plugins.run(async ({ plugins: modules }) => {
    const handle = modules.handle("types-rust");
    const [one, other] = [await handle.call("new Counter", [5]), await handle.call("new Counter", [50])];
    const values = [await one.call("increment", [1]), await other.call("increment", [1]), await one.call("increment", [1])];
    const mixed = await handle.call("Counter.merge", [one, other]).then(() => "merged", (error: { message: string }) => error.message);
    const during = handle.status.instances;
    await one.dispose();
    const after = await one.call("increment", [1]).catch((error: { code: string }) => error.code);
    values.push(await other.call("increment", [1]));
    await other.dispose();
    return { values, mixed, during, after, status: handle.status };
  }, undefined);
  expect(outcome).toMatchObject({ during: 2, after: "resource-invalid", status: { running: 0, waiting: 0, instances: 0 } });
  expect(outcome.values).toHaveLength(4);
  expect(outcome.mixed).toContain("one of another instance than the other resources of this call");
});

test("several instances work at the same time, and no more of them are started than calls need", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  await plugins.loadComponent("loop", { load: { instances: { count: 3 } } });
  const outcome = await plugins.run(async ({ plugins: modules }) => {
    const handle = modules.handle("loop");
    for (let times = 0; times < 5; times += 1) await handle.call("add", [1, 1]);
    const alone = handle.status.instances;
    const stuck = [1, 2].map(() => handle.call("forever", [], { timeoutMs: 1_500 }).catch((error: { code: string }) => error.code));
    // The third answers while the other two are busy.
    const answered = [];
    for (let times = 0; times < 20; times += 1) answered.push(await handle.call("add", [times, 1]));
    const busy = handle.status;
    return { alone, answered, busy, stuck: await Promise.all(stuck), after: await handle.call("add", [1, 2]) };
  }, undefined);
  expect(outcome).toMatchObject({ alone: 1, busy: { running: 2, waiting: 0, instances: 3 }, stuck: ["timeout", "timeout"], after: 3 });
  expect(outcome.answered).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
});

test("a plugin that fails in a row is stopped, says so, and the app can start it again", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  await plugins.loadComponent("trap", { load: { restart: { failures: 3 } } });
  for (let times = 0; times < 3; times += 1) expect((await plugins.call("trap", "unreachable")).error?.code).toBe("trap");
  const { error } = await plugins.call("trap", "add", [1, 2]);
  expect(error?.code).toBe("plugin-stopped");
  expect(error?.message).toContain("3 failures in a row (trap)");
  const states = (await plugins.events()).flatMap((event) => (event["kind"] === "health" ? [(event["health"] as { state: string }).state] : []));
  expect(states).toEqual(["failing", "failing", "stopped"]);
  await plugins.run(({ plugins: modules }) => modules.handle("trap").restart(), undefined);
  expect(await plugins.call("trap", "add", [1, 2])).toEqual({ value: 3 });
  expect(await plugins.run(({ plugins: modules }) => modules.handle("trap").status.health.state, undefined)).toBe("healthy");
});

test("an error says what the plugin wrote before it failed, if that was granted", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  for (const [name, grant] of [["granted", ["stderr"]], ["denied", []]] as const) {
    await loadRequesting(plugins, server, "everything-c", ["stderr"], { name, host: { grant } });
    await plugins.call(name, "writeError", ["the reason\n"]);
    const { error } = await plugins.call(name, "exit", [1]);
    expect(error?.code).toBe("exited");
    expect(error?.stderr, name).toBe(grant.length > 0 ? "the reason\n" : undefined);
  }
});

test("a function of the app that calls back into the waiting plugin is told of the cycle, and the plugin goes on", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  await loadNotes(plugins, server, "notes-rust", { behaviour: "callsBack" });
  const { error, value } = await runNotes(plugins, "notes-rust", "read", "today");
  expect(error).toBeUndefined();
  const cycle = "reentrant-call fixture.notes-rust → probe:notes/store@1.0.0#read → fixture.notes-rust";
  expect(value).toBe(`${cycle}\n${cycle}`);
  expect(await runNotes(plugins, "notes-rust", "now")).toEqual({ value: "5" });
});

test("a running plugin is replaced: what was called before is answered by the old version, nothing is lost", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  const versions = ["1.0.0", "1.1.0"];
  const packages = await Promise.all(versions.map((version) => changedPackage("loop", { manifest: (manifest) => ({ ...manifest, version }) })));
  const index = await putRegistry(server, "replacing", packages);
  const trust = { keys: [await publisherKey()] };
  await plugins.load({ name: "loop", id: "fixture.loop", source: { index }, descriptor: await packagedDescriptor("loop"), trust, load: { version: "1.0.0" } });
  const outcome = await plugins.run(async ({ plugins: modules }) => {
    const handle = modules.handle("loop");
    const before = [handle.call("work", [30_000_000n]), handle.call("add", [1, 1]), handle.call("add", [2, 2])];
    const replacing = handle.replace({ version: "1.1.0" });
    const twice = await handle.replace().catch((error: { code: string }) => error.code);
    await replacing;
    const { version } = handle.info;
    const after = await handle.call("add", [3, 3]);
    const missing = await handle.replace({ version: "9.9.9" }).catch((error: { code: string }) => error.code);
    return { version, after, before: await Promise.all(before), twice, missing, still: handle.info.version, last: await handle.call("add", [4, 4]) };
  }, undefined);
  expect(outcome).toEqual({ version: "1.1.0", after: 6, before: [30_000_000n, 2, 4], twice: "busy", missing: "plugin-not-found", still: "1.1.0", last: 8 });
  expect(await plugins.events()).toContainEqual(expect.objectContaining({ kind: "replaced", from: "1.0.0", to: "1.1.0" }));
  await expect.poll(() => page.workers().length, "the old version ended").toBe(1);
});

test("resources of a replaced version live on until they are dropped, and a replacement that is given up changes nothing", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  const packages = await Promise.all(["1.0.0", "1.1.0"].map((version) => changedPackage("types-rust", { manifest: (manifest) => ({ ...manifest, version }) })));
  const index = await putRegistry(server, "replacing-resources", packages);
  const trust = { keys: [await publisherKey()] };
  const { error } = await plugins.load({ name: "types", id: "fixture.types-rust", source: { index }, descriptor: await packagedDescriptor("types-rust"), trust, load: { version: "1.0.0" } });
  expect(error).toBeUndefined();
  const before = await plugins.run(async ({ plugins: modules }) => {
    const handle = modules.handle("types");
    const old = ((globalThis as any).old = await handle.call("new Counter", [5]));
    const givenUp = await handle.replace({ signal: AbortSignal.abort() }).catch((caught: { code: string }) => caught.code);
    const stayed = handle.info.version;
    await handle.replace();
    const fresh = await handle.call("new Counter", [50]);
    const mixed = await handle.call("Counter.merge", [old, fresh]).catch((caught: { code: string }) => caught.code);
    return { givenUp, stayed, version: handle.info.version, values: [await old.call("increment", [1]), await fresh.call("increment", [1])], mixed };
  }, undefined);
  expect(before).toEqual({ givenUp: "aborted", stayed: "1.0.0", version: "1.1.0", values: [6, 51], mixed: "resource-invalid" });
  expect(page.workers()).toHaveLength(2);
  await plugins.run(() => (globalThis as any).old.dispose(), undefined);
  await expect.poll(() => page.workers().length, "the old version ended with its last resource").toBe(1);
});

test("calls of a guest that is suspended wait for it, whatever kind they are: none enters it meanwhile", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  await loadNotes(plugins, server, "notes-rust");
  const outcome = await plugins.run(async ({ plugins: modules }) => {
    const handle = modules.handle("notes-rust");
    expectRunning(handle, 0);
    const order: string[] = [];
    const call = (name: string, made: Promise<unknown>): Promise<unknown> => made.then((value) => (order.push(name), value));
    // The first waits for the app; the second needs it too, the third makes no host call, the last is a constructor.
    const calls = [
      call("read", handle.call("run", ["read", ["today"]])),
      call("many", handle.call("many", [3])),
      call("compute", handle.call("run", ["compute", ["10"]])),
      call("read again", handle.call("run", ["read", ["today"]])),
    ];
    expectRunning(handle, 1);
    return { values: await Promise.all(calls), order };

    function expectRunning(plugin: { readonly status: { readonly running: number } }, wanted: number): void {
      if (plugin.status.running !== wanted) throw new Error(`${plugin.status.running} calls run, and not ${wanted}`);
    }
  }, undefined);
  expect(outcome).toEqual({ values: ["milk\nbread", 15n, "55", "milk\nbread"], order: ["read", "many", "compute", "read again"] });
});

test("asynchronous exports of one guest, and its streams, take turns", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  expect((await plugins.loadComponent("asynchronous-rust")).error).toBeUndefined();
  const outcome = await plugins.run(async ({ plugins: modules }) => {
    const handle = modules.handle("asynchronous-rust");
    const all = async (stream: AsyncIterable<unknown>): Promise<unknown[]> => {
      const items: unknown[] = [];
      for await (const item of stream) items.push(item);
      return items;
    };
    const [one, other] = await Promise.all([handle.call("count", [4]), handle.call("count", [3])]);
    const mixed = await Promise.all([all(one), handle.call("echo", [7]), all(other), handle.call("add", [1, 2]), handle.call("echo", [8])]);
    return { mixed, status: handle.status };
  }, undefined);
  expect(outcome).toMatchObject({ mixed: [[0, 1, 2, 3], 7, [0, 1, 2], 3, 8], status: { running: 0, waiting: 0, instances: 1 } });
});
