import { describe, expect, it } from "vitest";
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
});
