import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { PluginError } from "../../../src/errors/plugin-error.js";
import { Deadline } from "../../../src/runtime/deadline.js";

const options = (milliseconds: number, signal?: AbortSignal) => ({ milliseconds, signal, pluginId: "acme.test", stage: "resolve" as const, doing: "Loading acme.test" });
const never = () => new Promise<never>(() => undefined);

describe("Deadline", () => {
  it("gives the work's own result or failure when that comes first", async () => {
    const deadline = new Deadline(options(10_000));
    expect(await deadline.race(Promise.resolve(5))).toBe(5);
    await expect(deadline.race(Promise.reject(new Error("own")))).rejects.toThrow("own");
    deadline.dispose();
    expect(deadline.signal.aborted).toBe(false);
  });

  it("ends all work with one error when time is over", async () => {
    const deadline = new Deadline(options(5));
    const errors = await Promise.all([never(), never()].map((work) => deadline.race(work).catch((error: unknown) => error)));
    expect(errors[0]).toBe(errors[1]);
    expect(errors[0]).toMatchObject({ code: "timeout", pluginId: "acme.test" });
    expect(deadline.signal.reason).toBe(errors[0]);
    await expect(deadline.race(Promise.resolve(1))).rejects.toMatchObject({ code: "timeout" });
  });

  it("ends with the app's abort, even one from before", async () => {
    const early = new Deadline(options(10_000, AbortSignal.abort("no")));
    await expect(early.race(never())).rejects.toMatchObject({ code: "aborted", cause: "no" });
    const controller = new AbortController();
    const later = new Deadline(options(10_000, controller.signal));
    const racing = later.race(never());
    controller.abort();
    await expect(racing).rejects.toBeInstanceOf(PluginError);
    early.dispose();
    later.dispose();
  });

  describe("pause", () => {
    beforeEach(() => void vi.useFakeTimers());
    afterEach(() => void vi.useRealTimers());

    it("stops the clock, and what was left of the time is left afterwards", () => {
      const deadline = new Deadline(options(100));
      vi.advanceTimersByTime(60);
      const resume = deadline.pause();
      vi.advanceTimersByTime(1_000_000);
      expect(deadline.expired).toBeUndefined();
      resume();
      vi.advanceTimersByTime(39);
      expect(deadline.expired).toBeUndefined();
      vi.advanceTimersByTime(1);
      expect(deadline.expired).toMatchObject({ code: "timeout", message: "Loading acme.test took longer than 100 ms. Allow more time, or ask the plugin for less work" });
    });

    it("lasts until everyone who paused has resumed, each once", () => {
      const deadline = new Deadline(options(100));
      const [first, second] = [deadline.pause(), deadline.pause()];
      first();
      first();
      vi.advanceTimersByTime(1_000);
      expect(deadline.expired).toBeUndefined();
      second();
      vi.advanceTimersByTime(100);
      expect(deadline.expired?.code).toBe("timeout");
    });

    it("does not hold up the app's own abort", () => {
      const controller = new AbortController();
      const deadline = new Deadline(options(100, controller.signal));
      deadline.pause();
      controller.abort();
      expect(deadline.expired?.code).toBe("aborted");
    });

    it("starts nothing any more after the deadline was disposed", () => {
      const deadline = new Deadline(options(100));
      const resume = deadline.pause();
      deadline.dispose();
      resume();
      expect(vi.getTimerCount()).toBe(0);
    });

    it("starts nothing any more after the work was aborted", () => {
      const controller = new AbortController();
      const expired = vi.fn<(error: PluginError) => void>();
      const deadline = new Deadline(options(100, controller.signal), expired);
      const resume = deadline.pause();
      controller.abort();
      resume();
      vi.advanceTimersByTime(1_000);
      expect(expired).toHaveBeenCalledOnce();
    });
  });
});
