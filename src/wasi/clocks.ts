import type { GuestContext, ImportImplementation } from "./guest-context.js";
import { monotonicNow } from "./platform.js";
import { Pollable } from "./poll.js";

const NANOSECONDS = 1_000_000;

function toNanoseconds(milliseconds: number): bigint {
  return BigInt(Math.round(milliseconds * NANOSECONDS));
}

// One event further away than a thousand years is as good as never, and keeps the sum finite.
const LONGEST_WAIT = 3.2e13;
// What browsers give without cross-origin isolation. With it they give 5 µs.
const BROWSER_RESOLUTION = 0.1;

/**
 * wasi:clocks 0.2, given with the capability `clocks`. Resolution is the browser's (5 µs to 1 ms), or a coarser
 * one if the app wants that: a precise clock is what timing attacks are made of.
 */
export function clockImplementations(context: GuestContext): readonly (readonly [string, ImportImplementation])[] {
  const resources = new Map();
  const coarse = context.authority.clockResolutionMilliseconds;
  const rounded = (time: number) => (coarse > 0 ? Math.floor(time / coarse) * coarse : time);
  const monotonicResolution = Math.max(coarse, BROWSER_RESOLUTION);
  const after = (nanoseconds: bigint) => Pollable.at(context, monotonicNow() + Math.min(Number(nanoseconds) / NANOSECONDS, LONGEST_WAIT));
  return [
    [
      "wasi:clocks/monotonic-clock",
      {
        resources,
        functions: new Map<string, (...values: never[]) => unknown>([
          ["now", () => toNanoseconds(rounded(monotonicNow()))],
          ["resolution", () => toNanoseconds(monotonicResolution)],
          ["subscribe-instant", (when: bigint) => Pollable.at(context, Number(when) / NANOSECONDS)],
          ["subscribe-duration", after],
        ]),
      },
    ],
    [
      "wasi:clocks/wall-clock",
      {
        resources,
        functions: new Map<string, () => unknown>([
          ["now", () => dateTime(rounded(Date.now()))],
          ["resolution", () => dateTime(Math.max(coarse, 1))],
        ]),
      },
    ],
  ];
}

function dateTime(milliseconds: number): { seconds: bigint; nanoseconds: number } {
  const seconds = Math.floor(milliseconds / 1_000);
  return { seconds: BigInt(seconds), nanoseconds: Math.floor((milliseconds - seconds * 1_000) * NANOSECONDS) };
}
