import { describe, expect, it } from "vitest";
import { PluginError } from "../../../../src/errors/plugin-error.js";
import { RunningInstances } from "../../../../src/host/instances/running-instances.js";
import { codeOf, gate, testPool, turn } from "./test-pool.js";

const exhausted = (): PluginError => new PluginError({ code: "instances-exhausted", stage: "instantiate", message: "no memory" });

function plugins(count: number, most: number, parts: Parameters<typeof testPool>[0] = {}) {
  const running = new RunningInstances();
  return { running, all: Array.from({ length: count }, (_, index) => testPool({ ...parts, running, most, pluginId: `acme.p${index}` })) };
}

describe("a page with more plugins than memories", () => {
  it("puts the least recently used instances away, and starts them again when they are called", async () => {
    const { running, all } = plugins(10, 4, { mayPutAway: true });
    for (const { call } of all) await call();
    expect(running.memories).toBe(4);
    expect(all.map(({ alive }) => alive.size)).toEqual([0, 0, 0, 0, 0, 0, 1, 1, 1, 1]);
    expect(await all[0]?.call()).toBe(2);
    expect(all[6]?.alive.size).toBe(0);
    expect(all.flatMap(({ ended }) => ended)).toEqual([]);
  });

  it("never puts away what has a state: what was called, unless the app allows it", async () => {
    const { all } = plugins(3, 2);
    for (const { pool } of all) await pool.startFirst();
    expect(all.map(({ alive }) => alive.size)).toEqual([0, 1, 1]);
    expect([await codeOf(all[1]?.call() ?? Promise.resolve()), await codeOf(all[2]?.call() ?? Promise.resolve())]).toEqual(["answered", "answered"]);
    const error = (await all[0]?.call().catch((caught: unknown) => caught)) as PluginError;
    expect(error).toMatchObject({ code: "instances-exhausted", pluginId: "acme.p0" });
    expect(error.message).toContain("2 linear memories of the 2");
    expect([await all[1]?.call(), await all[2]?.call()]).toEqual([1, 1]);
  });

  it("never puts away what is in use: a call that runs, or a resource", async () => {
    const { all: [busy, held, third] } = plugins(3, 2, { mayPutAway: true });
    const { opened, open } = gate();
    let home: object = {};
    await held?.call((slot) => { home = slot.keeper.generation; slot.hold(slot.keeper.generation); });
    const running = busy?.call(() => opened);
    await turn();
    let isStarted = false;
    const waiting = third?.call().then(() => (isStarted = true));
    await turn();
    expect(isStarted).toBe(false);
    open();
    expect(await running).toBe(1);
    await waiting;
    expect([busy?.alive.size, held?.alive.size]).toEqual([0, 1]);
    held?.pool.release(home);
  });

  it("counts every memory of an instance, and forgets those of one that ended", async () => {
    const { running, all: [first, second] } = plugins(2, 5, { memories: 3, mayPutAway: true });
    await first?.call();
    expect(running.memories).toBe(3);
    await second?.call();
    expect(running.memories).toBe(3);
    second?.pool.close(exhausted());
    expect(running.memories).toBe(0);
  });

  it("lets no call wait longer than it may", async () => {
    const { all: [busy, other] } = plugins(2, 1, { mayPutAway: true });
    const { opened, open } = gate();
    const running = busy?.call(() => opened);
    await turn();
    expect(await codeOf(other?.call(() => undefined, { milliseconds: 20 }) ?? Promise.resolve())).toBe("timeout");
    expect(other?.health).toEqual([]);
    open();
    await running;
    expect(await other?.call()).toBe(1);
  });
});

describe("an engine that has no memory left", () => {
  it("gets some by putting instances away", async () => {
    const running = new RunningInstances();
    const idle = testPool({ running, mayPutAway: true });
    await idle.call();
    const other = testPool({ running, onStart: (number) => { if (number === 1) throw exhausted(); } });
    expect(await other.call()).toBe(2);
    expect(idle.alive.size).toBe(0);
    expect(other.health).toEqual([]);
  });

  it("is an error where nothing can be put away, and the next call tries again", async () => {
    const other = testPool({ onStart: (number) => { if (number === 1) throw exhausted(); } });
    expect(await codeOf(other.call())).toBe("instances-exhausted");
    expect(await other.call()).toBe(2);
  });
});
