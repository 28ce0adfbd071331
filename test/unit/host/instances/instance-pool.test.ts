import { describe, expect, it } from "vitest";
import { PluginError } from "../../../../src/errors/plugin-error.js";
import { codeOf, gate, never, testPool, trap, turn } from "./test-pool.js";

describe("a pool of one persistent instance", () => {
  it("runs one call at a time, in order, in the same instance", async () => {
    const { call, started } = testPool();
    const steps: string[] = [];
    const work = (name: string) => async () => {
      steps.push(`${name} begins`);
      await turn();
      steps.push(`${name} ends`);
    };
    expect(await Promise.all([call(work("a")), call(work("b"))])).toEqual([1, 1]);
    expect(steps).toEqual(["a begins", "a ends", "b begins", "b ends"]);
    expect(started()).toBe(1);
  });

  it("ends the instance of a call that runs out of time, fails what waited for it, and starts afresh", async () => {
    const { call, terminated, ended } = testPool();
    const slow = codeOf(call(never, { milliseconds: 20 }));
    const waiting = codeOf(call());
    expect([await slow, await waiting]).toEqual(["timeout", "timeout"]);
    expect([...terminated]).toEqual([[1, "timeout"]]);
    expect(ended.length).toBe(1);
    expect(await call()).toBe(2);
  });

  it("takes a waiting call out without stopping the running one", async () => {
    const { call, ended } = testPool();
    const { opened, open } = gate();
    const running = call(() => opened);
    expect(await codeOf(call(never, { milliseconds: 5 }))).toBe("timeout");
    const controller = new AbortController();
    const aborted = codeOf(call(never, { signal: controller.signal }));
    controller.abort();
    expect(await aborted).toBe("aborted");
    open();
    expect(await running).toBe(1);
    expect(ended).toEqual([]);
  });

  it("refuses what does not fit, what is aborted already, and everything once it is closed", async () => {
    const { pool, call, alive } = testPool({ capacity: 1 });
    const running = codeOf(call(never));
    const waiting = codeOf(call(never));
    expect(await codeOf(call())).toBe("busy");
    pool.close(new PluginError({ code: "closed", stage: "close", message: "closed" }));
    expect(await waiting).toBe("closed");
    expect(await codeOf(call())).toBe("closed");
    expect(await codeOf(testPool().call(never, { signal: AbortSignal.abort() }))).toBe("aborted");
    await turn();
    expect(alive.size).toBe(0);
    void running;
  });

  it("tries again after a start that failed", async () => {
    const { call } = testPool({ onStart: (number) => { if (number === 1) throw trap(); } });
    expect(await codeOf(call())).toBe("trap");
    expect(await call()).toBe(2);
  });
});

describe("a pool of several instances", () => {
  it("starts no more than it needs, and as many as it may", async () => {
    const { call, started, pool } = testPool({ count: 3 });
    for (let times = 0; times < 5; times += 1) expect(await call()).toBe(1);
    const { opened, open } = gate();
    const calls = Array.from({ length: 5 }, () => call(() => opened));
    await turn();
    expect(pool.load).toEqual({ running: 3, waiting: 2, instances: 3 });
    open();
    expect(new Set(await Promise.all(calls)).size).toBe(3);
    expect(started()).toBe(3);
  });

  it("loses only the calls of the instance that failed", async () => {
    const { call, fail } = testPool({ count: 2 });
    const { opened, open } = gate();
    const [first, second] = [call(() => opened), fail()];
    const waiting = call();
    expect(await second).toMatchObject({ code: "trap" });
    expect(await waiting).toBe(3);
    open();
    expect(await first).toBe(1);
  });

  it("takes a call with resources to the instance in which they live, and fails it when that has ended", async () => {
    const { call, pool, fail } = testPool({ count: 2 });
    let home: object = {};
    await call((slot) => { home = slot.keeper.generation; });
    const { opened, open } = gate();
    const [first, other] = [call(() => opened), call()];
    const bound = call(() => undefined, { home });
    expect(await other).toBe(2);
    expect(pool.load.waiting).toBe(1);
    open();
    expect([await first, await bound]).toEqual([1, 1]);
    await fail();
    expect(await codeOf(call(() => undefined, { home }))).toBe("resource-invalid");
  });
});

describe("a pool of instances for one call each", () => {
  it("gives each call an instance that answered no other, the first included", async () => {
    const { pool, call, alive } = testPool({ mode: "per-call" });
    await pool.startFirst();
    expect([await call(), await call(), await call()]).toEqual([1, 2, 3]);
    await turn();
    expect(alive.size).toBe(0);
  });

  it("keeps an instance for its resources alone, until the last is dropped", async () => {
    const { pool, call, alive } = testPool({ mode: "per-call", count: 2 });
    let home: object = {};
    expect(await call((slot) => { home = slot.keeper.generation; slot.hold(slot.keeper.generation); slot.hold(slot.keeper.generation); })).toBe(1);
    expect([await call(), await call()]).toEqual([2, 3]);
    expect(await call(() => undefined, { home })).toBe(1);
    pool.release(home);
    expect(await call(() => undefined, { home })).toBe(1);
    pool.release(home);
    await turn();
    expect(alive.size).toBe(0);
    expect(await codeOf(call(() => undefined, { home }))).toBe("resource-invalid");
  });
});

it("holds no place for a resource whose instance ended before the answer was read", async () => {
  const { call } = testPool({ mode: "per-call" });
  const home: object[] = [];
  await call((slot) => {
    home.push(slot.keeper.generation);
    slot.keeper.end(trap());
    slot.hold(home[0] ?? {});
  });
  expect(await call()).toBe(2);
});

it("is idle when no call runs or waits and no resource is in use", async () => {
  const { pool, call } = testPool();
  const { opened, open } = gate();
  let home: object = {};
  const calls = [call((slot) => { home = slot.keeper.generation; slot.hold(slot.keeper.generation); return opened; }), call()];
  let isIdle = false;
  const idle = pool.idle().then(() => (isIdle = true));
  await turn();
  expect(isIdle).toBe(false);
  open();
  await Promise.all(calls);
  await turn();
  expect(isIdle).toBe(false);
  pool.release(home);
  await idle;
});
