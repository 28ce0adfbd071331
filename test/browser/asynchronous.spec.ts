/** WASI 0.3: async functions, streams and futures, experimental, where the engine has JavaScript Promise Integration. */
import { expect, test } from "../support/browser-test.js";
import { PluginPage } from "../support/plugin-page.js";

const NAME = "asynchronous-rust";

async function load(page: PluginPage["page"], server: PluginPage["server"], options: Parameters<PluginPage["loadComponent"]>[1] = {}): Promise<PluginPage> {
  const plugins = new PluginPage(page, server);
  const { error, report } = await plugins.loadComponent(NAME, options);
  expect(error).toBeUndefined();
  expect(report?.target).toBe("browser-jspi");
  return plugins;
}

for (const sandbox of ["policy-frame", "sandboxed-frame"] as const) {
  test(`every shape goes both ways in the ${sandbox}`, async ({ page, server }) => {
    const plugins = await load(page, server, { host: { sandbox } });
    const seen = await plugins.run(async ({ plugins: modules }) => {
      const handle = modules.handle("asynchronous-rust");
      const all = async (stream: AsyncIterable<unknown>): Promise<unknown[]> => {
        const items: unknown[] = [];
        for await (const item of stream) items.push(item);
        return items;
      };
      async function* counting(count: number): AsyncGenerator<number> { for (let number = 0; number < count; number += 1) yield number; }
      const chunks = (await all(await handle.call("bytes", [200_000n, 50_000]))) as Uint8Array[];
      const piped = await new Response((await handle.call("bytes", [100_000n, 30_000])).readable()).arrayBuffer();
      return {
        echo: await handle.call("echo", [5]), add: await handle.call("add", [1, 2]),
        failure: await handle.call("fail", ["no"]).catch(modules.describeError),
        count: await all(await handle.call("count", [5])), empty: await all(await handle.call("count", [0])),
        words: await all(await handle.call("words", [2])), promise: await handle.call("promise", ["later"]),
        bytes: [chunks.every((chunk) => chunk instanceof Uint8Array && chunk.length <= 65_536), chunks.reduce((sum, { length }) => sum + length, 0)],
        piped: piped.byteLength,
        sums: [await handle.call("sum", [[1, 2, 3]]), await handle.call("sum", [counting(20)]), await handle.call("sum", [new ReadableStream({ start: (it) => { it.enqueue(7); it.close(); } })])],
        measured: await handle.call("measure", [new Blob([new Uint8Array(150_000)]).stream()]),
        settled: [await handle.call("settle", [7]), await handle.call("settle", [new Promise((resolve) => setTimeout(resolve, 20, 8))])],
        doubled: await all(await handle.call("double", [counting(4)])),
      };
    }, undefined);
    expect(seen).toMatchObject({
      echo: 5, add: 3, failure: { name: "PluginResultError", payload: "no" }, count: [0, 1, 2, 3, 4], empty: [], words: ["word 0", "word 1"], promise: "later",
      bytes: [true, 200_000], piped: 100_000, sums: [6n, 190n, 7n], measured: 150_000n, settled: [7, 8], doubled: [0, 2, 4, 6],
    });
  });
}

test("leaving a stream ends its writer in the plugin, and the app's source at the other end", async ({ page, server }) => {
  const plugins = await load(page, server);
  const ended = async (): Promise<unknown> => (await plugins.call(NAME, "ended")).value;
  const left = await plugins.run(async ({ plugins: modules }) => {
    const handle = modules.handle("asynchronous-rust");
    const log: string[] = [];
    async function* endless(): AsyncGenerator<number> {
      try { for (let number = 0; ; number += 1) { log.push("made"); yield number; } } finally { log.push("left"); }
    }
    for await (const item of await handle.call("count", [10_000_000])) if (item === 2) break;
    await (await handle.call("words", [9])).dispose();
    await (await handle.call("bytes", [10_000_000_000n, 65_536])).readable().cancel();
    const items: unknown[] = [];
    for await (const item of await handle.call("double", [endless()])) if (items.push(item) === 3) break;
    Reflect.set(globalThis, "log", log);
    return items;
  }, undefined);
  expect(left).toEqual([0, 2, 4]);
  // A writer is told when its turn comes.
  await expect.poll(ended).toBe(4);
  await expect.poll(() => page.evaluate(() => (Reflect.get(globalThis, "log") as string[]).at(-1))).toBe("left");
  const made = await page.evaluate(() => (Reflect.get(globalThis, "log") as string[]).length);
  expect(made, "what was made ahead of its reader").toBeLessThan(8);
});

test("streams of one instance are read in turns, with calls between", async ({ page, server }) => {
  const plugins = await load(page, server);
  const last = await plugins.run(async ({ plugins: modules }) => {
    const handle = modules.handle("asynchronous-rust");
    const [numbers, words] = [(await handle.call("count", [30])).items(), (await handle.call("words", [30])).items()];
    const rounds: unknown[] = [];
    for (let round = 0; round < 30; round += 1) {
      const [number, word, echo, sum] = await Promise.all([numbers.next(), words.next(), handle.call("echo", [round]), handle.call("add", [round, 1])]);
      rounds.push([number.value, word.value, echo, sum]);
    }
    return [rounds, await numbers.next(), await words.next()] as const;
  }, undefined);
  expect(last).toEqual([Array.from({ length: 30 }, (_, round) => [round, `word ${round}`, round, round + 1]), { done: true }, { done: true }]);
});

test("what never comes, fails, or is of another type ends the call typed, and the next call works", async ({ page, server }) => {
  const plugins = await load(page, server);
  const seen = await plugins.run(async ({ plugins: modules }) => {
    const handle = modules.handle("asynchronous-rust");
    const attempt = async (name: string, value: unknown): Promise<unknown> => {
      const outcome = await handle.call(name, [value], { timeoutMs: 700 }).catch(modules.describeError);
      return { ...outcome, next: await handle.call("echo", [1]) };
    };
    async function* failing(): AsyncGenerator<number> { yield 1; throw new Error("the secret of the app"); }
    async function* wrong(): AsyncGenerator { yield "text"; }
    async function* silent(): AsyncGenerator<number> { yield 1; await new Promise(() => undefined); }
    return [
      await attempt("settle", new Promise(() => undefined)), await attempt("sum", silent()),
      await attempt("settle", Promise.reject(new Error("the secret of the app"))), await attempt("sum", failing()), await attempt("sum", wrong()), await attempt("sum", [2 ** 40]),
      await attempt("sum", 5), await attempt("sum", {}), await attempt("settle", "text"),
    ];
  }, undefined);
  const codes = ["timeout", "timeout", ...Array.from({ length: 4 }, () => "host-function-failed"), "argument-invalid", "argument-invalid", "host-function-failed"];
  expect(seen).toMatchObject(codes.map((code) => ({ code, next: 1 })));
  expect(JSON.stringify(seen)).not.toContain("secret");
  const failures = (await plugins.events()).filter(({ kind }) => kind === "host-failure").map((event) => event["function"]);
  expect(failures).toEqual(["input", "input", "input", "input", "input"]);
});

test("a guest that waits for nothing, traps, or loses its instance ends what reads it; a stream is read once", async ({ page, server }) => {
  const plugins = await load(page, server);
  const seen = await plugins.run(async ({ plugins: modules }) => {
    const handle = modules.handle("asynchronous-rust");
    const outcome = (work: Promise<unknown>): Promise<unknown> => work.then((value) => ({ value }), modules.describeError);
    const numbers = await handle.call("count", [9]);
    const items = numbers.items();
    await items.next();
    const again = (() => { try { return numbers.items(); } catch (error) { return modules.describeError(error); } })();
    const stuck = await outcome(handle.call("stuck", []));
    const after = [await outcome(items.next()), await outcome(items.next())];
    const other = (await handle.call("count", [9])).items();
    const trap = await outcome(handle.call("trap", []));
    const lost = await outcome(other.next());
    const waiting = (await handle.call("double", [new ReadableStream()])).items();
    const step = outcome(waiting.next());
    await new Promise((resolve) => setTimeout(resolve, 50));
    await handle.dispose();
    return { again, stuck, after, trap, lost, step: await step };
  }, undefined);
  expect(seen).toMatchObject({
    again: { code: "resource-invalid" }, stuck: { code: "trap" }, after: [{ code: "resource-invalid" }, { value: { done: true } }],
    trap: { code: "trap" }, lost: { code: "resource-invalid" }, step: { code: "closed" },
  });
});

test("an endless stream of bytes is read for a while in bounded steps, and dropped", async ({ page, server }) => {
  const plugins = await load(page, server);
  const read = await plugins.run(async ({ plugins: modules }) => {
    let bytes = 0;
    for await (const chunk of await modules.handle("asynchronous-rust").call("bytes", [10n ** 15n, 65_536])) {
      bytes += chunk.length;
      if (bytes >= 8 * 2 ** 20) break;
    }
    return bytes;
  }, undefined);
  expect(read).toBe(8 * 2 ** 20);
});

test("an engine without promise integration refuses it at load, with the reason", async ({ page, server }) => {
  await page.addInitScript(() => {
    for (const name of ["Suspending", "promising"]) Reflect.deleteProperty(WebAssembly, name);
  });
  await page.reload();
  const plugins = new PluginPage(page, server);
  const { error } = await plugins.loadComponent(NAME);
  expect(error).toMatchObject({ code: "target-unsupported", message: expect.stringContaining("JavaScript Promise Integration, which this browser does not have") });
});
