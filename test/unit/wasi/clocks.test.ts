import { expect, it } from "vitest";
import { clockImplementations } from "../../../src/wasi/clocks.js";
import type { ImportImplementation } from "../../../src/wasi/guest-context.js";
import { testGuest } from "./denied-guest.js";

function clock(interfaceName: string, coarse: number): ReadonlyMap<string, (...values: never[]) => unknown> {
  const { context } = testGuest({ grants: ["clocks"], clockResolutionMilliseconds: coarse });
  const found = new Map<string, ImportImplementation>(clockImplementations(context)).get(interfaceName);
  if (found === undefined) throw new Error(`there is no ${interfaceName}`);
  return found.functions;
}

it("gives times as precise as the platform's, unless the app wants them coarser", () => {
  const fine = clock("wasi:clocks/monotonic-clock", 0);
  const seen = new Set(Array.from({ length: 2_000 }, () => fine.get("now")?.()));
  expect(seen.size).toBeGreaterThan(1);
  expect(fine.get("resolution")?.()).toBe(100_000n);
});

it("rounds both clocks down to the app's resolution, and says so", () => {
  const monotonic = clock("wasi:clocks/monotonic-clock", 50);
  for (let times = 0; times < 100; times += 1) expect((monotonic.get("now")?.() as bigint) % 50_000_000n).toBe(0n);
  expect(monotonic.get("resolution")?.()).toBe(50_000_000n);
  const wall = clock("wasi:clocks/wall-clock", 50);
  for (let times = 0; times < 100; times += 1) expect(wall.get("now")?.()).toMatchObject({ nanoseconds: expect.toSatisfy((value: number) => value % 50_000_000 === 0) as number });
  expect(wall.get("resolution")?.()).toEqual({ seconds: 0n, nanoseconds: 50_000_000 });
});
