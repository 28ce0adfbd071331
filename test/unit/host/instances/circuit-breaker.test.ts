import { afterEach, describe, expect, it, vi } from "vitest";
import { PluginError, PluginResultError } from "../../../../src/errors/plugin-error.js";
import { checkInstancePolicy, checkRestartPolicy } from "../../../../src/host/instances/instance-policy.js";
import { codeOf, testPool, trap } from "./test-pool.js";

afterEach(() => void vi.useRealTimers());

describe("after failures", () => {
  it("the first costs no waiting, and an answer forgets them", async () => {
    const { pool, call, fail, health } = testPool();
    for (let times = 0; times < 30; times += 1) {
      await fail();
      expect(pool.breaker.backOff).toBe(0);
      await call();
    }
    expect(health.map(({ state }) => state)).toEqual(Array.from({ length: 60 }, (_, index) => (index % 2 === 0 ? "failing" : "healthy")));
  });

  it("instances are started ever later, up to five seconds", async () => {
    const { pool } = testPool({ restart: { failures: 100 } });
    const waits = Array.from({ length: 12 }, () => {
      pool.breaker.failed(trap());
      return pool.breaker.backOff;
    });
    expect(waits).toEqual([0, 50, 100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000, 5_000]);
  });

  it("in a row, the plugin is stopped: calls fail at once, and those that wait too", async () => {
    const { pool, call, fail, health } = testPool({ restart: { failures: 2 } });
    await fail();
    await fail();
    const error = (await call().catch((caught: unknown) => caught)) as PluginError;
    expect(error).toMatchObject({ code: "plugin-stopped", cause: { code: "trap" } });
    expect(error.message).toMatch(/2 failures in a row \(trap\)\. It is tried again in \d+ s/);
    expect(health.at(-1)).toMatchObject({ state: "stopped", failures: 2 });
    expect(pool.load.waiting).toBe(0);
  });

  it("a stopped plugin is tried with one call after a while, twice as long after each try that fails", async () => {
    vi.useFakeTimers();
    const { call, fail, pool } = testPool({ restart: { failures: 1, coolDownMs: 1_000 } });
    await fail();
    for (const coolDown of [1_000, 2_000, 4_000]) {
      vi.advanceTimersByTime(coolDown - 1);
      expect(await codeOf(call())).toBe("plugin-stopped");
      vi.advanceTimersByTime(1);
      const failing = fail();
      expect(await codeOf(call())).toBe("plugin-stopped");
      await vi.advanceTimersByTimeAsync(5_000);
      expect(await failing).toMatchObject({ code: "trap" });
      vi.setSystemTime((pool.breaker.health.retryAt ?? 0) - coolDown * 2);
    }
    vi.advanceTimersByTime(10_000);
    const trying = call();
    await vi.advanceTimersByTimeAsync(10_000);
    await trying;
    expect(pool.breaker.health.state).toBe("healthy");
  });

  it("a try that never ran leaves room for another", async () => {
    const { call, fail } = testPool({ restart: { failures: 1, coolDownMs: 1 } });
    await fail();
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(await codeOf(call(() => undefined, { signal: AbortSignal.abort() }))).toBe("aborted");
    expect(await codeOf(call())).toBe("answered");
  });

  it("of a plugin that may not be started again, only the app starts it", async () => {
    const { pool, call, fail } = testPool({ restart: { automatic: false } });
    await fail();
    expect(((await call().catch((caught: unknown) => caught)) as PluginError).message).toContain("Call restart() of its handle");
    pool.breaker.close();
    expect(await call()).toBe(2);
  });

  it("what is no failure of the plugin is not counted", async () => {
    const { call, fail, health } = testPool({ restart: { failures: 1 } });
    for (const code of ["aborted", "capability-revoked", "capability-denied", "exited", "host-function-failed"] as const) {
      await fail(new PluginError({ code, stage: "call", message: code }));
    }
    const typed = new PluginResultError({ message: "no", payload: 1 });
    expect(await call(() => Promise.reject(typed)).catch((error: unknown) => error)).toBe(typed);
    expect(health).toEqual([]);
  });
});

it.each([
  ["mode", () => checkInstancePolicy({ mode: "sometimes" as never }, "acme.test")],
  ["count", () => checkInstancePolicy({ count: 0 }, "acme.test")],
  ["count", () => checkInstancePolicy({ count: 1.5 }, "acme.test")],
  ["count", () => checkInstancePolicy({ count: 65 }, "acme.test")],
  ["failures", () => checkRestartPolicy({ failures: 0 }, "acme.test")],
  ["coolDownMs", () => checkRestartPolicy({ coolDownMs: Number.NaN }, "acme.test")],
])("a policy with a wrong %s is refused", (name, check) => {
  expect(check).toThrow(expect.objectContaining({ code: "usage-invalid", message: expect.stringContaining(name) as string }) as Error);
});
