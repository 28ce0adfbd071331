/** Streams that plugins produce: resources with `next`, iterated in the page. */
import { expect, test } from "../support/browser-test.js";
import { PluginPage } from "../support/plugin-page.js";

async function loadStreams(page: PluginPage["page"], server: PluginPage["server"], options: Parameters<PluginPage["loadComponent"]>[1] = {}): Promise<PluginPage> {
  const plugins = new PluginPage(page, server);
  expect((await plugins.loadComponent("streams-rust", options)).error).toBeUndefined();
  return plugins;
}

test("10 million items are consumed for 3 and dropped, which runs the guest's destructor", async ({ page, server }) => {
  const plugins = await loadStreams(page, server);
  const seen = await plugins.run(async ({ plugins: modules }) => {
    const handle = modules.handle("streams-rust");
    const ticks = await handle.call("ticks", [10_000_000n]);
    const live = await handle.call("live", []);
    const items: bigint[] = [];
    let position;
    for await (const item of ticks) {
      items.push(item);
      // Nothing is read ahead.
      position = await ticks.call("position", []);
      if (items.length === 3) break;
    }
    return { live, items, position, after: await handle.call("live", []), dropped: await handle.call("dropped", []) };
  }, undefined);
  expect(seen).toEqual({ live: 1, items: [0n, 1n, 2n], position: 3n, after: 0, dropped: 1 });
});

test("every way to leave or to end drops the stream once", async ({ page, server }) => {
  const plugins = await loadStreams(page, server);
  const seen = await plugins.run(async ({ plugins: modules }) => {
    const handle = modules.handle("streams-rust");
    const ticks = (count: bigint) => handle.call("ticks", [count]);
    const ways: [string, () => Promise<unknown>][] = [
      ["the end", async () => { for await (const item of await ticks(2n)) void item; }],
      ["an empty stream", async () => { for await (const item of await ticks(0n)) void item; }],
      ["a throw", async () => {
        try { for await (const item of await ticks(9n)) throw new Error(`at ${item}`); } catch { /* the loop's own */ }
      }],
      ["return before the first step", async () => (await ticks(9n)).items().return()],
      ["return twice", async () => {
        const items = (await ticks(9n)).items();
        await items.next();
        await Promise.all([items.return(), items.return()]);
        await items.return();
      }],
      ["return during a step", async () => {
        const items = (await ticks(9n)).items();
        await Promise.all([items.next(), items.next(), items.return()]);
      }],
      ["cancel", async () => (await ticks(9n)).readable().cancel("enough")],
      ["cancel during a read", async () => {
        const reader = (await ticks(9n)).readable().getReader();
        await Promise.allSettled([reader.read(), reader.cancel()]);
      }],
      ["dispose of the iterator", async () => (await ticks(9n)).items()[Symbol.asyncDispose]()],
      ["dispose in the middle", async () => {
        const stream = await ticks(9n);
        const items = stream.items();
        await items.next();
        await stream.dispose();
        await items.next().catch(() => undefined);
      }],
      ["an error", async () => {
        try { for await (const item of await handle.call("failAfter", [1])) void item; } catch { /* told by another test */ }
      }],
    ];
    const counts: [string, number, number][] = [];
    for (const [name, leave] of ways) {
      const before: number = await handle.call("dropped", []);
      await leave();
      counts.push([name, await handle.call("live", []), (await handle.call("dropped", [])) - before]);
    }
    return counts;
  }, undefined);
  expect(seen.length).toBe(11);
  for (const [name, live, dropped] of seen) expect([name, live, dropped]).toEqual([name, 0, 1]);
});

test("an error in the middle comes typed, after the items before it, and once", async ({ page, server }) => {
  const plugins = await loadStreams(page, server);
  const seen = await plugins.run(async ({ plugins: modules }) => {
    const items = (await modules.handle("streams-rust").call("failAfter", [2])).items();
    const outcomes: unknown[] = [];
    for (let step = 0; step < 4; step += 1) outcomes.push(await items.next().catch(modules.describeError));
    const reader = (await modules.handle("streams-rust").call("failAfter", [1])).readable().getReader();
    outcomes.push(await reader.read(), await reader.read().catch(modules.describeError));
    return { outcomes, live: await modules.call("streams-rust", "live", []) };
  }, undefined);
  expect(seen.outcomes).toMatchObject([
    { done: false, value: 0 }, { done: false, value: 1 },
    { name: "PluginResultError", payload: { after: 2, reason: "as asked" } }, { done: true },
    { done: false, value: 0 }, { name: "PluginResultError", payload: { after: 1, reason: "as asked" } },
  ]);
  expect(seen.live).toEqual({ value: 0 });
});

test("a stream is iterated once, and says so", async ({ page, server }) => {
  const plugins = await loadStreams(page, server);
  const errors = await plugins.run(async ({ plugins: modules }) => {
    const ticks = await modules.handle("streams-rust").call("ticks", [3n]);
    const describe = (work: () => unknown) => { try { work(); return undefined; } catch (error) { return modules.describeError(error); } };
    const first = ticks.items();
    const during = [describe(() => ticks.items()), describe(() => ticks.readable()), describe(() => ticks[Symbol.asyncIterator]())];
    for await (const item of first) void item;
    return [...during, describe(() => ticks.items()), await ticks.call("next", []).catch(modules.describeError), await first.next()];
  }, undefined);
  for (const error of errors.slice(0, 4)) expect(error).toMatchObject({ code: "resource-invalid", message: expect.stringContaining("a stream is read once") });
  expect(errors[4]).toMatchObject({ code: "resource-invalid", message: expect.stringContaining("dropped") });
  expect(errors[5]).toEqual({ done: true, value: undefined });
});

test("items that are options themselves keep none and the end apart", async ({ page, server }) => {
  const plugins = await loadStreams(page, server);
  const items = await plugins.run(async ({ plugins: modules }) => {
    const found: unknown[] = [];
    for await (const item of await modules.handle("streams-rust").call("maybes", [4])) found.push(item ?? "none");
    return found;
  }, undefined);
  expect(items).toEqual(["item 0", "none", "item 2", "none"]);
});

test("two streams of one instance are read in turns, with calls between", async ({ page, server }) => {
  const plugins = await loadStreams(page, server);
  const seen = await plugins.run(async ({ plugins: modules }) => {
    const handle = modules.handle("streams-rust");
    const ticks = (await handle.call("ticks", [100n])).items();
    const bytes = (await handle.call("bytes", [300n, 3])).items();
    const rounds: unknown[] = [];
    for (let round = 0; round < 100; round += 1) {
      const [tick, chunk, live] = await Promise.all([ticks.next(), bytes.next(), handle.call("live", [])]);
      rounds.push([tick.value, [...chunk.value], live]);
    }
    return { rounds, ends: [await ticks.next(), await bytes.next()] };
  }, undefined);
  expect(seen.rounds).toEqual(Array.from({ length: 100 }, (_, round) => [BigInt(round), [round, round, round], 2]));
  expect(seen.ends).toEqual([{ done: true }, { done: true }]);
});

test("steps that are asked for at once come in order, and the end comes once for each", async ({ page, server }) => {
  const plugins = await loadStreams(page, server);
  const values = await plugins.run(async ({ plugins: modules }) => {
    const items = (await modules.handle("streams-rust").call("ticks", [3n])).items();
    return Promise.all(Array.from({ length: 5 }, () => items.next()));
  }, undefined);
  expect(values).toEqual([{ done: false, value: 0n }, { done: false, value: 1n }, { done: false, value: 2n }, { done: true }, { done: true }]);
});

for (const [name, create, code] of [["an endless step", "loopAfter", "timeout"], ["a trap", "trapAfter", "trap"]] as const) {
  test(`${name} ends the stream with its error after the items before it, and the next call works`, async ({ page, server }) => {
    const plugins = await loadStreams(page, server);
    const seen = await plugins.run(async ({ plugins: modules }, [method]) => {
      const handle = modules.handle("streams-rust");
      const other = (await handle.call("ticks", [5n])).items();
      await other.next();
      const items = (await handle.call(method, [2n])).items({ timeoutMs: 300 });
      const outcomes: unknown[] = [];
      for (let step = 0; step < 4; step += 1) outcomes.push(await items.next().catch(modules.describeError));
      // The other stream has lost its instance, and ends too.
      const lost = [await other.next().catch(modules.describeError), await other.next()];
      return { outcomes, lost, live: await handle.call("live", []) };
    }, [create] as const);
    expect(seen.outcomes).toMatchObject([{ value: 0n }, { value: 1n }, { code }, { done: true }]);
    expect(seen.lost).toMatchObject([{ code: "resource-invalid", message: expect.stringContaining("instance has ended") }, { done: true }]);
    expect(seen.live, "a fresh instance").toBe(0);
  });
}

test("an instance that is ended in the middle rejects what waits; nothing hangs", async ({ page, server }) => {
  const plugins = await loadStreams(page, server);
  const seen = await plugins.run(async ({ plugins: modules }) => {
    const handle = modules.handle("streams-rust");
    const outcome = (promise: Promise<unknown>) => promise.then(() => "an item", (error) => error.code);
    const looping = (await handle.call("loopAfter", [0n])).items();
    const waiting = (await handle.call("ticks", [9n])).readable().getReader();
    const idle = (await handle.call("ticks", [9n])).items();
    const steps = [outcome(looping.next()), outcome(waiting.read())];
    await new Promise((resolve) => setTimeout(resolve, 50));
    await handle.dispose();
    return Promise.all([...steps, outcome(idle.next()), outcome(waiting.closed)]);
  }, undefined);
  expect(seen).toEqual(["closed", "closed", "closed", "closed"]);
});

test("an AbortSignal ends an idle stream without its instance, and a busy one with it", async ({ page, server }) => {
  const plugins = await loadStreams(page, server);
  const seen = await plugins.run(async ({ plugins: modules }) => {
    const handle = modules.handle("streams-rust");
    const controller = new AbortController();
    const idle = (await handle.call("ticks", [9n])).items({ signal: controller.signal });
    await idle.next();
    controller.abort("enough");
    const dropped: number = await handle.call("dropped", []);
    const outcomes = [await idle.next().catch(modules.describeError), await idle.next()];
    const early = (await handle.call("ticks", [9n])).items({ signal: AbortSignal.abort("before") });
    outcomes.push(await early.next().catch(modules.describeError), await early.next());
    const live: number = await handle.call("live", []);
    const busy = new AbortController();
    const looping = (await handle.call("loopAfter", [0n])).items({ signal: busy.signal });
    const step = looping.next().catch(modules.describeError);
    setTimeout(() => busy.abort("stop"), 50);
    outcomes.push(await step, await looping.next());
    return { outcomes, dropped, live, fresh: await handle.call("dropped", []) };
  }, undefined);
  expect(seen.outcomes).toMatchObject([{ code: "aborted" }, { done: true }, { code: "aborted" }, { done: true }, { code: "aborted" }, { done: true }]);
  expect([seen.dropped, seen.live, seen.fresh]).toEqual([1, 0, 0]);
});
