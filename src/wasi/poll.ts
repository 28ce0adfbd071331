import { after, type Awaitable } from "./awaitable.js";
import type { GuestContext, ImportImplementation } from "./guest-context.js";
import { monotonicNow } from "./platform.js";

/*
 * wasi:io/poll. preview2-shim's is not used: in a browser its `block` and `poll` return promises, which
 * synchronous glue takes for a finished wait (a 30 ms sleep returned after 1.4 ms). Here a wait really waits: for a
 * time alone the worker's thread blocks; for something of the page, the host call for it does what its transport does.
 */

/** `wasi:io/poll` `pollable`: ready at a time, at once, or when something on the page is. */
export class Pollable {
  readonly #context: GuestContext;
  /** In milliseconds of `performance.now()`. */
  readonly readyAt: number;
  /** The number of the page's handle that it waits for, if it does. */
  readonly handle: number | undefined;

  constructor(context: GuestContext, readyAt: number, handle: number | undefined) {
    this.#context = context;
    this.readyAt = readyAt;
    this.handle = handle;
  }

  static at(context: GuestContext, time: number): Pollable {
    return new Pollable(context, time, undefined);
  }
  static now(context: GuestContext): Pollable {
    return new Pollable(context, 0, undefined);
  }
  static ofHandle(context: GuestContext, handle: number): Pollable {
    return new Pollable(context, Number.POSITIVE_INFINITY, handle);
  }

  /** Whether `value` was made here. For a handle that a guest has dropped, jco's glue makes an empty object of this class. */
  static isWhole(value: object): boolean {
    return #context in value;
  }

  ready(): Awaitable<boolean> {
    if (this.handle === undefined) return monotonicNow() >= this.readyAt;
    return after(this.#context.channel.call("handle.wait", [[this.handle], 0]), (ready) => positions(ready).length > 0);
  }

  block(): Awaitable<void> {
    return after(pollAll(this.#context, [this]), () => undefined);
  }
}

/** The positions of all that are ready, as soon as one is. */
function pollAll(context: GuestContext, pollables: readonly Pollable[]): Awaitable<Uint32Array> {
  // The canonical ABI traps for a handle that stands for nothing (CanonicalABI.md, "lift_borrow"); glue lets it through.
  if (!pollables.every((pollable) => Pollable.isWhole(pollable))) throw context.end({ kind: "trap", message: "it polled a pollable that it had dropped" });
  if (pollables.length === 0) throw context.end({ kind: "trap", message: "poll of an empty list (wasi:io/poll requires one entry)" });
  const first = Math.min(...pollables.map(({ readyAt }) => readyAt));
  const handles = pollables.flatMap(({ handle }, position) => (handle === undefined ? [] : [{ handle, position }]));
  const timely = () => pollables.flatMap(({ readyAt }, position) => (readyAt <= monotonicNow() ? [position] : []));
  if (handles.length === 0) {
    waitUntil(first);
    return Uint32Array.from(timely());
  }
  const milliseconds = first === Number.POSITIVE_INFINITY ? undefined : Math.max(0, first - monotonicNow());
  return after(context.channel.call("handle.wait", [handles.map(({ handle }) => handle), milliseconds]), (ready) => {
    const found = positions(ready).flatMap((index) => handles[index]?.position ?? []);
    const all = [...timely(), ...found].sort((left, right) => left - right);
    // A timer of the page drops fractions of a millisecond, so it may answer a moment early; the interface wants one at least.
    return all.length > 0 ? Uint32Array.from(all) : pollAll(context, pollables);
  });
}

function positions(answer: unknown): readonly number[] {
  return Array.isArray(answer) ? (answer as readonly number[]) : [];
}

let sleepCell: Int32Array | undefined;

/** Blocks the worker's thread. The host's deadline still holds: terminating the worker ends the wait. */
function waitUntil(time: number): void {
  for (let left = time - monotonicNow(); left > 0; left = time - monotonicNow()) {
    // A shared WebAssembly memory is the only shared buffer that a page without cross-origin isolation has.
    sleepCell ??= new Int32Array(new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer);
    Atomics.wait(sleepCell, 0, 0, left);
  }
}

/** wasi:io/poll. It carries no authority: only granted interfaces hand out what it waits for. */
export function pollImplementations(context: GuestContext): readonly (readonly [string, ImportImplementation])[] {
  const poll = (pollables: readonly Pollable[]) => pollAll(context, pollables);
  return [["wasi:io/poll", { functions: new Map([["poll", poll]]), resources: new Map([["pollable", Pollable]]) }]];
}
