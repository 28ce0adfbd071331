/** Resources of plugins in the app's hands: their end, their misuse, and what happens to those that the app loses. */
import { expect, test } from "../support/browser-test.js";
import { PluginPage } from "../support/plugin-page.js";

test("using and await using drop a resource where its block ends", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  await plugins.loadComponent("streams-rust");
  const counts = await plugins.run(async ({ plugins: modules }) => modules.useInBlocks(modules.handle("streams-rust")), undefined);
  expect(counts).toEqual({ inside: 1, afterUsing: 0, insideAsync: 1, afterAwaitUsing: 0, afterThrow: 0, dropped: 3 });
});

test("a resource that the app loses is dropped on the plugin's side, and reported", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  await plugins.loadComponent("streams-rust");
  await plugins.run(async ({ plugins: modules }) => {
    const handle = modules.handle("streams-rust");
    for (let count = 0; count < 3; count += 1) await handle.call("ticks", [9n]);
    // Lost in the middle of its iteration.
    await (await handle.call("bytes", [9n, 1])).items().next();
    // Disposed, so that it is no leak; and one that is kept.
    await (await handle.call("maybes", [1])).dispose();
    Reflect.set(globalThis, "kept", await handle.call("failAfter", [1]));
  }, undefined);
  const session = await page.context().newCDPSession(page);
  await expect.poll(async () => {
    await session.send("HeapProfiler.collectGarbage");
    return (await plugins.call("streams-rust", "live", [])).value;
  }).toBe(1);
  const leaks = (await plugins.events()).filter(({ kind }) => kind === "resource-leaked");
  expect(leaks.map(({ resource }) => resource).toSorted()).toEqual(["byte-stream", "tick-stream", "tick-stream", "tick-stream"]);
  expect(leaks[0]?.["pluginId"]).toBe("local.streams-rust");
});

test("a resource of another plugin, a dropped one, and one that is none are typed errors that harm no instance", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  await plugins.loadComponent("types-rust");
  await plugins.loadComponent("types-rust", { name: "other", id: "local.types-rust" });
  const errors = await plugins.run(async ({ plugins: modules }) => {
    const [mine, other] = [modules.handle("types-rust"), modules.handle("other")];
    const outcome = (promise: Promise<unknown>) => promise.then((value) => ({ value }), modules.describeError);
    const created = await mine.call("new Counter", [1]);
    const foreign = await other.call("new Counter", [3]);
    const gone = await mine.call("new Counter", [4]);
    await Promise.all([gone.dispose(), gone.dispose()]);
    await gone.dispose();
    const given = await mine.call("new Counter", [5]);
    return {
      mixed: await outcome(mine.call("Counter.merge", [created, foreign])),
      dropped: await outcome(gone.call("value", [])),
      none: await outcome(mine.call("Counter.merge", [created, {}])),
      twice: await outcome(mine.call("Counter.merge", [given, given])),
      still: await outcome(created.call("value", [])),
    };
  }, undefined);
  expect(errors.mixed).toMatchObject({ code: "resource-invalid", message: expect.stringContaining("a resource of local.types-rust") });
  for (const name of ["dropped", "none", "twice"] as const) expect(errors[name], name).toMatchObject({ code: "resource-invalid" });
  expect(errors.still).toEqual({ value: 1 });
  expect((await plugins.events()).filter(({ kind }) => kind === "instance-ended")).toEqual([]);
});
