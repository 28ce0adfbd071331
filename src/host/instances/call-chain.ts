import type { HostActivity } from "../../broker/broker.js";

/** What a call was made from: a function of the app that a plugin is waiting for. */
export interface CallOrigin {
  /** The plugins and functions on the way here, the outermost first. */
  readonly names: readonly string[];
  /** The places in which plugins wait for this call to end. */
  readonly waiting: readonly object[];
}

/*
 * Browsers do not tell from which asynchronous function a call comes. What is known for sure is used: a call that is made before
 * the app's function first waits, and one that is given the signal of that function's caller. What escapes both ends at its
 * deadline, and says what it waited for.
 */
let present: CallOrigin | undefined;
const adopted = new WeakMap<AbortSignal, CallOrigin>();

/** From where a call comes that is made now, as far as that can be known. */
export function originOf(signal: AbortSignal | undefined): CallOrigin | undefined {
  return present ?? (signal === undefined ? undefined : adopted.get(signal));
}

/** Follows one function of the app while a plugin waits for it. */
export function followActivity(origin: CallOrigin, onEnd: () => void): HostActivity {
  return {
    run(call) {
      const before = present;
      present = origin;
      try {
        return call();
      } finally {
        present = before;
      }
    },
    adopt: (signal) => void adopted.set(signal, origin),
    end: onEnd,
  };
}
