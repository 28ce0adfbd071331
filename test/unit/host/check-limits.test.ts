import { describe, expect, it } from "vitest";
import { isPluginError } from "../../../src/errors/plugin-error.js";
import { checkLimits } from "../../../src/host/check-limits.js";
import { DEFAULT_LIMITS } from "../../../src/limits/plugin-limits.js";

describe("checkLimits", () => {
  it("accepts the defaults and freezes what it gives", () => {
    expect(checkLimits(DEFAULT_LIMITS)).toEqual(DEFAULT_LIMITS);
    expect(Object.isFrozen(checkLimits(DEFAULT_LIMITS))).toBe(true);
  });

  it.each([
    ["a negative one", { callMilliseconds: -1 }], ["zero", { messageBytes: 0 }], ["no number", { logBytes: "1" }],
    ["not a number at all", { loadMilliseconds: Number.NaN }], ["a misspelt one", { callMillisecond: 5 }],
    ["one that no timer can hold", { callMilliseconds: 2 ** 40 }], ["an absent one", { pendingCalls: undefined }],
  ])("refuses %s", (_what, changed) => {
    let found: unknown;
    try {
      checkLimits({ ...DEFAULT_LIMITS, ...(changed as object) });
    } catch (error) {
      found = error;
    }
    expect(isPluginError(found, "usage-invalid")).toBe(true);
  });
});
