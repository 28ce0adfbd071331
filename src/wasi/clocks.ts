import type { ImportImplementation } from "./guest-context.js";
import { Pollable } from "./io.js";
import { monotonicNow } from "./platform.js";

const NANOSECONDS = 1_000_000;

function toNanoseconds(milliseconds: number): bigint {
  return BigInt(Math.round(milliseconds * NANOSECONDS));
}

// One event further away than a thousand years is as good as never, and keeps the sum finite.
const LONGEST_WAIT = 3.2e13;

function after(nanoseconds: bigint): Pollable {
  return new Pollable(monotonicNow() + Math.min(Number(nanoseconds) / NANOSECONDS, LONGEST_WAIT));
}

/** wasi:clocks 0.2, given with the capability `clocks`. Resolution is the browser's (5 µs to 1 ms). */
export function clockImplementations(): ReadonlyMap<string, ImportImplementation> {
  const resources = new Map();
  const resolution = toNanoseconds(0.1);
  return new Map<string, ImportImplementation>([
    [
      "wasi:clocks/monotonic-clock",
      {
        resources,
        functions: new Map<string, (...values: never[]) => unknown>([
          ["now", () => toNanoseconds(monotonicNow())],
          ["resolution", () => resolution],
          ["subscribe-instant", (when: bigint) => new Pollable(Number(when) / NANOSECONDS)],
          ["subscribe-duration", after],
        ]),
      },
    ],
    [
      "wasi:clocks/wall-clock",
      {
        resources,
        functions: new Map<string, () => unknown>([
          ["now", () => dateTime(Date.now())],
          ["resolution", () => dateTime(1)],
        ]),
      },
    ],
  ]);
}

function dateTime(milliseconds: number): { seconds: bigint; nanoseconds: number } {
  const seconds = Math.floor(milliseconds / 1_000);
  return { seconds: BigInt(seconds), nanoseconds: Math.round((milliseconds - seconds * 1_000) * NANOSECONDS) };
}
