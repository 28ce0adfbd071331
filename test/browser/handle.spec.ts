/** What a loaded plugin's handle does: calls, failures, deadlines, resources, its end. */
import { expect, test } from "../support/browser-test.js";
import { PluginPage } from "../support/plugin-page.js";

test("a trap is its own error, poisons the instance, and the next call gets a fresh one", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  expect((await plugins.loadComponent("trap")).error).toBeUndefined();
  for (const [name, values] of [["unreachable", []], ["divide", [1, 0]], ["readOutside", []], ["wrongSignature", []], ["countAndTrap", []]] as const) {
    expect((await plugins.call("trap", "count")).value).toBe(1);
    const { error } = await plugins.call("trap", name, values);
    expect(error?.code, name).toBe("trap");
    expect(error?.message).toContain(`${name} of local.trap`);
  }
  expect((await plugins.call("trap", "add", [2, 3])).value).toBe(5);
  const ended = (await plugins.events()).filter((event) => event["kind"] === "instance-ended");
  expect(ended).toHaveLength(5);
});

test("results that break the canonical ABI never reach the app", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  expect((await plugins.loadComponent("bad-results")).error).toBeUndefined();
  const refused = ["invalidUtf8", "invalidChar", "largeChar", "invalidEnum", "invalidVariant", "listOutside", "listOverflow", "stringOutside", "listUnaligned"];
  for (const name of refused) {
    const { error, value } = await plugins.call("bad-results", name);
    expect(value === undefined, `${name} gave a value`).toBe(true);
    expect(["trap", "result-invalid"], `${name}: ${error?.message}`).toContain(error?.code);
  }
  expect((await plugins.call("bad-results", "fine")).value).toBe("good");
});

test("an endless call ends at its deadline, and the next call succeeds", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  expect((await plugins.loadComponent("loop")).error).toBeUndefined();
  const { error } = await plugins.call("loop", "forever", [], { timeoutMs: 200 });
  expect(error?.code).toBe("timeout");
  expect(error?.message).toContain("200 ms");
  expect(await plugins.call("loop", "add", [1, 2])).toEqual({ value: 3 });
});

test("an abort ends a running call and takes a waiting one out of the queue", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  await plugins.loadComponent("loop");
  const outcome = await plugins.run(async ({ plugins: modules }) => {
    const handle = modules.handle("loop");
    const running = new AbortController();
    const waiting = new AbortController();
    const settle = (promise: Promise<unknown>) => promise.then((value) => ({ value }), (error) => ({ error: modules.describeError(error) }));
    const first = settle(handle.call("forever", [], { signal: running.signal }));
    const second = settle(handle.call("add", [1, 1], { signal: waiting.signal }));
    const third = settle(handle.call("add", [2, 2], { signal: AbortSignal.abort("too late") }));
    await new Promise((resolve) => setTimeout(resolve, 50));
    waiting.abort("not needed");
    const abortedWaiting = await second;
    running.abort("stop");
    return { first: await first, second: abortedWaiting, third: await third, after: await settle(handle.call("add", [3, 4])) };
  }, undefined);
  expect(outcome.first).toMatchObject({ error: { code: "aborted" } });
  expect(outcome.second).toMatchObject({ error: { code: "aborted" } });
  expect(outcome.third).toMatchObject({ error: { code: "aborted" } });
  expect(outcome.after).toEqual({ value: 7 });
});

test("when an instance ends, the calls that wait for it fail with its reason", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  await plugins.loadComponent("loop");
  const codes = await plugins.run(async ({ plugins: modules }) => {
    const handle = modules.handle("loop");
    const calls = [handle.call("forever", [], { timeoutMs: 150 }), handle.call("add", [1, 1]), handle.call("add", [2, 2])];
    return Promise.all(calls.map((call: Promise<unknown>) => call.then(() => "answered", (error) => error.code)));
  }, undefined);
  expect(codes).toEqual(["timeout", "timeout", "timeout"]);
});

test("the queue is bounded, and what does not fit is refused at once", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  await plugins.loadComponent("loop", { host: { limits: { pendingCalls: 2 } } });
  const codes = await plugins.run(async ({ plugins: modules }) => {
    const handle = modules.handle("loop");
    const calls = Array.from({ length: 5 }, (_, index) => handle.call("add", [index, 1]));
    return Promise.all(calls.map((call: Promise<unknown>) => call.catch((error) => error.code)));
  }, undefined);
  expect(codes).toEqual([1, 2, 3, "busy", "busy"]);
});

test("dispose ends running and waiting calls, the worker and the sandbox frame; then the handle is closed", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  await plugins.loadComponent("loop");
  expect(await plugins.run(({ plugins: modules }) => modules.sandboxFrames(), undefined)).toBe(1);
  expect(page.workers()).toHaveLength(1);
  const codes = await plugins.run(async ({ plugins: modules }) => {
    const handle = modules.handle("loop");
    const calls = [handle.call("forever", []), handle.call("add", [1, 1])];
    const settled = Promise.all(calls.map((call: Promise<unknown>) => call.then(() => "answered", (error) => error.code)));
    await new Promise((resolve) => setTimeout(resolve, 50));
    await handle.dispose();
    await handle.dispose();
    await handle.closed;
    return [...(await settled), (await modules.call("loop", "add", [1, 1])).error.code];
  }, undefined);
  expect(codes).toEqual(["closed", "closed", "closed"]);
  expect(await plugins.run(({ plugins: modules }) => modules.sandboxFrames(), undefined)).toBe(0);
  await expect.poll(() => page.workers().length).toBe(0);
});

test("an unknown function, inherited names included, is refused with the names that exist", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  await plugins.loadComponent("trap");
  for (const name of ["nothing", "constructor", "__proto__", "toString", "then", ""]) {
    const { error } = await plugins.call("trap", name);
    expect(error?.code, name).toBe("function-unknown");
    expect(error?.message).toContain("add");
  }
});

test("wrong arguments are refused before the plugin is entered", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  await plugins.loadComponent("types-rust");
  const wrong: [string, unknown[], RegExp][] = [
    ["echoU8", [256], /u8/], ["echoU8", [1.5], /u8/], ["echoU8", ["1"], /u8/], ["echoU8", [], /found 0 arguments/], ["echoU8", [1, 2], /found 2/],
    ["echoU64", [-1n], /u64/], ["echoU64", [2n ** 64n], /u64/], ["echoS64", [2n ** 63n], /s64/],
    ["echoChar", ["ab"], /char/], ["echoChar", ["\ud800"], /char/], ["echoString", ["\udc00 lone"], /string|surrogate/],
    ["echoColor", ["purple"], /red/], ["echoShape", [{ tag: "hexagon" }], /hexagon|shape/], ["echoPoint", [{ x: 1 }], /y/],
    ["echoListU8", [[1, 2, 300]], /\[2\]/], ["echoTuple", [[1, "a"]], /3/], ["echoPermissions", [{ read: "yes" }], /read/],
  ];
  for (const [name, values, pattern] of wrong) {
    const { error } = await plugins.call("types-rust", name, values);
    expect(error?.code, `${name} ${String(values)}`).toBe("argument-invalid");
    expect(error?.message, name).toMatch(pattern);
  }
  expect((await plugins.call("types-rust", "echoU8", [7])).value).toBe(7);
  expect((await plugins.events()).filter((event) => event["kind"] === "instance-ended")).toEqual([]);
});

test("arguments above the message limit are refused before they are copied", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  await plugins.loadComponent("types-rust", { host: { limits: { messageBytes: 10_000 } } });
  const { error } = await plugins.call("types-rust", "echoListU8", [new Uint8Array(20_000)]);
  expect(error?.code).toBe("argument-invalid");
  expect(error?.message).toContain("messageBytes");
  expect((await plugins.call("types-rust", "echoListU8", [new Uint8Array(5_000)])).value).toHaveLength(5_000);
});

test("the caller's buffer stays usable, unless it is given away", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  await plugins.loadComponent("types-rust");
  const lengths = await plugins.run(async ({ plugins: modules }) => {
    const handle = modules.handle("types-rust");
    const kept = new Uint8Array(100_000).fill(7);
    const given = new Uint8Array(100_000).fill(9);
    const first = await handle.call("echoListU8", [kept]);
    const second = await handle.call("echoListU8", [given], { transfer: [given.buffer] });
    const isOfThisPage = first instanceof Uint8Array && first.buffer instanceof ArrayBuffer && Object.getPrototypeOf(second) === Uint8Array.prototype;
    return [kept.length, given.length, first.length, second[99_999], isOfThisPage];
  }, undefined);
  expect(lengths).toEqual([100_000, 0, 100_000, 9, true]);
});

test("resources live in the plugin: methods, borrow, own, drop, and use after any end", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  await plugins.loadComponent("types-rust");
  const result = await plugins.run(async ({ plugins: modules }) => {
    const handle = modules.handle("types-rust");
    const code = (promise: Promise<unknown>) => promise.then((value) => value, (error) => error.code);
    const before = await handle.call("live", []);
    const first = await handle.call("new Counter", [5]);
    const second = await handle.call("new Counter", [10]);
    const steps: unknown[] = [await first.call("increment", [2]), await first.call("value", []), await handle.call("peek", [second])];
    const merged = await handle.call("Counter.merge", [first, second]);
    steps.push(await merged.call("value", []), await code(first.call("value", [])), await code(handle.call("peek", [second])));
    steps.push(await code(handle.call("peek", [{}])), await code(handle.call("peek", [7])), await code(merged.call("constructor", [])));
    steps.push(await code(handle.call("Counter.merge", [merged, merged])), await merged.call("value", []));
    const many = await handle.call("createMany", [3]);
    steps.push(many.length, await handle.call("sum", [many]));
    for (const counter of [...many, merged]) await counter.dispose();
    await merged.dispose();
    steps.push(await code(merged.call("value", [])), (await handle.call("live", [])) - before);
    const orphan = await handle.call("new Counter", [1]);
    await handle.dispose();
    steps.push(await code(orphan.call("value", [])));
    return steps;
  }, undefined);
  expect(result.slice(0, 6)).toEqual([7, 7, 10, 17, "resource-invalid", "resource-invalid"]);
  expect(result.slice(6, 9)).toEqual(["resource-invalid", "resource-invalid", "function-unknown"]);
  expect(result.slice(9, 12)).toEqual(["resource-invalid", 17, 3]);
  expect(result.slice(13)).toEqual(["resource-invalid", 0, "closed"]);
});

test("a resource ends with its instance", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  await plugins.loadComponent("types-rust");
  const result = await plugins.run(async ({ plugins: modules }) => {
    const handle = modules.handle("types-rust");
    const counter = await handle.call("new Counter", [5]);
    const controller = new AbortController();
    const pending = handle.call("echoListU8", [new Uint8Array(30_000_000)], { signal: controller.signal }).catch((error: { code: string }) => error.code);
    await new Promise((resolve) => setTimeout(resolve));
    controller.abort();
    return [await pending, await counter.call("value", []).catch((error: { code: string }) => error.code), await handle.call("echoU8", [1])];
  }, undefined);
  expect(result[0]).toBe("aborted");
  expect(result[1]).toBe("resource-invalid");
  expect(result[2]).toBe(1);
});

test("memory beyond the limit cannot be grown, and the plugin goes on", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  expect((await plugins.loadComponent("memory", { host: { limits: { memoryBytes: 10 * 65_536 } } })).error).toBeUndefined();
  expect(await plugins.call("memory", "grow", [5])).toEqual({ value: 1 });
  expect(await plugins.call("memory", "grow", [5])).toEqual({ value: -1 });
  expect(await plugins.call("memory", "fill")).toEqual({ value: 10 });
  expect(await plugins.call("memory", "pages")).toEqual({ value: 10 });
});

test("a memory that starts beyond the limit is refused before anything runs", async ({ page, server }) => {
  const plugins = new PluginPage(page, server);
  const { error } = await plugins.loadComponent("memory-initial");
  expect(error).toMatchObject({ code: "component-unsupported", stage: "compile" });
  expect(error?.message).toContain("memoryBytes");
});
