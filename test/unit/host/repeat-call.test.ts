import { expect, test } from "vitest";
import type { PluginErrorCode } from "../../../src/errors/error-codes.js";
import { PluginError } from "../../../src/errors/plugin-error.js";
import type { CallOptions } from "../../../src/host/call-options.js";
import { repeatWhenDisconnected } from "../../../src/host/repeat-call.js";

const failing = (code: PluginErrorCode) => new PluginError({ code, stage: "call", message: code });

/** A call that fails with each of `codes`, and then answers with the number of times it was made. */
function scripted(codes: readonly PluginErrorCode[]) {
  const made: CallOptions[] = [];
  return {
    made,
    call: async (options: CallOptions) => {
      made.push(options);
      const code = codes[made.length - 1];
      if (code !== undefined) throw failing(code);
      return made.length;
    },
  };
}

test("repeats a call for as long as its bridge is lost, within what is left of its time", async () => {
  const { call, made } = scripted(["bridge-disconnected", "bridge-unreachable", "bridge-disconnected"]);
  expect(await repeatWhenDisconnected(call, { idempotent: true, timeoutMs: 60_000 }, 5)).toBe(4);
  const times = made.map(({ timeoutMs = 0 }) => timeoutMs);
  expect(times).toEqual([...times].sort((a, b) => b - a));
  expect(times[0]).toBeLessThanOrEqual(60_000);
});

test("never repeats after any other failure", async () => {
  const { call, made } = scripted(["bridge-disconnected", "trap"]);
  await expect(repeatWhenDisconnected(call, {}, 60_000)).rejects.toMatchObject({ code: "trap" });
  expect(made.length).toBe(2);
});

test("gives up when its time is over", async () => {
  const { call } = scripted(Array.from({ length: 10_000 }, () => "bridge-disconnected"));
  const slow = async (options: CallOptions) => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    return call(options);
  };
  await expect(repeatWhenDisconnected(slow, { timeoutMs: 30 }, 60_000)).rejects.toMatchObject({ code: "bridge-disconnected" });
});
