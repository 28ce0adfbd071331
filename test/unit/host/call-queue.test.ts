import { describe, expect, it, vi } from "vitest";
import { PluginError } from "../../../src/errors/plugin-error.js";
import { CallQueue } from "../../../src/host/call-queue.js";

const bounds = (options: { milliseconds?: number; signal?: AbortSignal; onStopped?: (error: PluginError) => void } = {}) => ({
  name: "f of acme.test",
  milliseconds: options.milliseconds ?? 10_000,
  signal: options.signal,
  onStopped: options.onStopped ?? (() => undefined),
});
const code = (promise: Promise<unknown>) => promise.then(() => "answered", (error: PluginError) => error.code);
const never = () => new Promise<never>(() => undefined);

describe("CallQueue", () => {
  it("runs one call at a time, in order", async () => {
    const queue = new CallQueue("acme.test", 10);
    const steps: string[] = [];
    const work = (name: string) => async () => {
      steps.push(`${name} begins`);
      await new Promise((resolve) => setTimeout(resolve, 1));
      steps.push(`${name} ends`);
      return name;
    };
    expect(await Promise.all([queue.run(bounds(), work("a")), queue.run(bounds(), work("b"))])).toEqual(["a", "b"]);
    expect(steps).toEqual(["a begins", "a ends", "b begins", "b ends"]);
  });

  it("goes on after a call that fails", async () => {
    const queue = new CallQueue("acme.test", 10);
    const failing = queue.run(bounds(), () => Promise.reject(new Error("broken")));
    const following = queue.run(bounds(), async () => 2);
    await expect(failing).rejects.toThrow("broken");
    expect(await following).toBe(2);
  });

  it("stops the running call at its deadline and tells so once", async () => {
    const queue = new CallQueue("acme.test", 10);
    const onStopped = vi.fn();
    expect(await code(queue.run(bounds({ milliseconds: 5, onStopped }), never))).toBe("timeout");
    expect(onStopped).toHaveBeenCalledTimes(1);
    expect(await queue.run(bounds(), async () => "next")).toBe("next");
  });

  it("takes a waiting call out without stopping the running one", async () => {
    const queue = new CallQueue("acme.test", 10);
    const onStopped = vi.fn();
    let finish: (value: string) => void = () => undefined;
    const running = queue.run(bounds({ onStopped }), () => new Promise<string>((resolve) => (finish = resolve)));
    expect(await code(queue.run(bounds({ milliseconds: 5, onStopped }), never))).toBe("timeout");
    const controller = new AbortController();
    const aborted = code(queue.run(bounds({ signal: controller.signal, onStopped }), never));
    controller.abort();
    expect(await aborted).toBe("aborted");
    finish("done");
    expect(await running).toBe("done");
    expect(onStopped).not.toHaveBeenCalled();
  });

  it("refuses what does not fit, and what is aborted already", async () => {
    const queue = new CallQueue("acme.test", 1);
    const running = queue.run(bounds({ milliseconds: 50 }), never);
    const waiting = queue.run(bounds({ milliseconds: 50 }), never);
    expect(await code(queue.run(bounds(), never))).toBe("busy");
    queue.failWaiting(new PluginError({ code: "closed", stage: "close", message: "closed" }));
    expect(await code(waiting)).toBe("closed");
    expect(await code(queue.run(bounds({ signal: AbortSignal.abort() }), never))).toBe("aborted");
    expect(await code(running)).toBe("timeout");
  });
});
