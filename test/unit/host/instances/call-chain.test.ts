import { describe, expect, it } from "vitest";
import type { PluginError } from "../../../../src/errors/plugin-error.js";
import type { InstanceSlot } from "../../../../src/host/instances/instance-slot.js";
import { codeOf, testPool, turn } from "./test-pool.js";

/** Does `work` as the app's function does for the plugin in `slot`. */
async function within<Value>(slot: InstanceSlot, name: string, work: (signal: AbortSignal) => Promise<Value>): Promise<Value> {
  const activity = slot.follow(name);
  const { signal } = new AbortController();
  activity.adopt(signal);
  try {
    return await activity.run(() => work(signal));
  } finally {
    activity.end();
  }
}

describe("a function of the app that calls the plugin which waits for it", () => {
  it("is refused at once, with the cycle", async () => {
    const { call } = testPool();
    const error = await call((slot) => within(slot, "acme:notes/store#read", () => call())).catch((caught: unknown) => caught as PluginError);
    expect(error).toMatchObject({ code: "reentrant-call" });
    expect((error as PluginError).message).toContain("acme.test → acme:notes/store#read → acme.test");
    expect(await call()).toBe(1);
  });

  it("is refused later too, if it passes its caller's signal on", async () => {
    const { call } = testPool();
    const late = call((slot) => within(slot, "acme:notes/store#read", async (signal) => {
      await turn();
      return call(() => undefined, { signal });
    }));
    expect(await codeOf(late)).toBe("reentrant-call");
  });

  it("is refused over another plugin", async () => {
    const [first, second] = [testPool({ pluginId: "acme.a" }), testPool({ pluginId: "acme.b" })];
    const error = await first
      .call((slot) => within(slot, "app:x/f#one", () => second.call((other) => within(other, "app:x/f#two", () => first.call()))))
      .catch((caught: unknown) => caught as PluginError);
    expect((error as PluginError).message).toContain("acme.a → app:x/f#one → acme.b → app:x/f#two → acme.a");
  });

  it("may, where another instance can answer", async () => {
    const { call } = testPool({ count: 2 });
    let inner = 0;
    expect(await call(async (slot) => { inner = await within(slot, "app:x/f#one", () => call()); })).toBe(1);
    expect(inner).toBe(2);
  });

  it("may call other plugins, and others may call this one", async () => {
    const [first, second] = [testPool({ pluginId: "acme.a" }), testPool({ pluginId: "acme.b" })];
    const waiting: Promise<number>[] = [];
    expect(await first.call(async (slot) => {
      await within(slot, "app:x/f#one", async () => {
        await second.call();
        await turn();
        waiting.push(first.call());
      });
    })).toBe(1);
    expect(await waiting[0]).toBe(1);
  });

  it("is named at the deadline, if nothing else told", async () => {
    const { call } = testPool();
    const error = await call((slot) => within(slot, "acme:notes/store#read", async () => {
      await turn();
      return call(() => undefined, { milliseconds: 20 });
    })).catch((caught: unknown) => caught as PluginError);
    expect(error).toMatchObject({ code: "timeout" });
    expect((error as PluginError).message).toContain("acme:notes/store#read: if that function of the app calls acme.test, neither can end");
  });
});
