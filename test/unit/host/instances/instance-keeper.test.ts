import { describe, expect, it, vi } from "vitest";
import { PluginError } from "../../../../src/errors/plugin-error.js";
import { InstanceKeeper } from "../../../../src/host/instances/instance-keeper.js";

const trap = new PluginError({ code: "trap", stage: "call", message: "trapped" });

function fakeInstances() {
  const terminated: number[] = [];
  const broken: ((error: PluginError) => void)[] = [];
  let started = 0;
  const start = async ({ onBroken }: { onBroken: (error: PluginError) => void }) => {
    const number = (started += 1);
    broken.push(onBroken);
    return { number, call: () => Promise.reject(trap), drop: () => Promise.reject(trap), terminate: () => void terminated.push(number) };
  };
  return { start, terminated, broken, count: () => started };
}

describe("InstanceKeeper", () => {
  it("starts once, and again only after the instance ended", async () => {
    const fake = fakeInstances();
    const onEnded = vi.fn();
    const keeper = new InstanceKeeper(fake.start, { onEnded });
    const [first, same] = await Promise.all([keeper.current(), keeper.current()]);
    expect(first).toBe(same);
    const generation = keeper.generation;
    keeper.end(trap);
    keeper.end(trap);
    expect(keeper.generation).not.toBe(generation);
    expect(await keeper.current()).not.toBe(first);
    expect(fake.terminated).toEqual([1]);
    expect(onEnded).toHaveBeenCalledTimes(1);
  });

  it("ignores the end of an instance that is not the present one", async () => {
    const fake = fakeInstances();
    const onEnded = vi.fn();
    const keeper = new InstanceKeeper(fake.start, { onEnded });
    await keeper.current();
    keeper.end(trap);
    const second = await keeper.current();
    fake.broken[0]?.(trap);
    expect(await keeper.current()).toBe(second);
    fake.broken[1]?.(trap);
    await keeper.current();
    expect(fake.count()).toBe(3);
  });

  it("tries again after a start that failed", async () => {
    let attempts = 0;
    const keeper = new InstanceKeeper(async () => {
      attempts += 1;
      throw trap;
    }, { onEnded: () => undefined });
    await expect(keeper.current()).rejects.toBe(trap);
    await expect(keeper.current()).rejects.toBe(trap);
    expect(attempts).toBe(2);
  });

  it("ends an instance that is still starting when it is closed", async () => {
    const fake = fakeInstances();
    const keeper = new InstanceKeeper(fake.start, { onEnded: () => undefined });
    const starting = keeper.current();
    keeper.close(trap);
    await starting;
    await new Promise((resolve) => setTimeout(resolve));
    expect(fake.terminated).toEqual([1]);
    await expect(keeper.current()).rejects.toBe(trap);
  });

  it("retires what nobody uses without a word, and starts afresh", async () => {
    const fake = fakeInstances();
    const [onEnded, onGone] = [vi.fn(), vi.fn()];
    const keeper = new InstanceKeeper(fake.start, { onEnded, onGone });
    keeper.retire(trap);
    expect(onGone).not.toHaveBeenCalled();
    await keeper.current();
    keeper.retire(trap);
    expect(keeper.isRunning).toBe(false);
    await keeper.current();
    expect([fake.count(), fake.terminated, onGone.mock.calls.length, onEnded.mock.calls.length]).toEqual([2, [1], 1, 0]);
  });
});
