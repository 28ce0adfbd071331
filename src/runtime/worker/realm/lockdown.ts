import type { LiftBudget } from "./lift-budget.js";
import { PERMITTED_GLOBALS } from "./permitted-globals.js";

/**
 * Takes away what the worker's globals offer and freezes the intrinsics that the runtime relies on.
 * Must run before any glue, and after the runtime has captured what it needs itself.
 *
 * @param budget - counts the strings and lists of numbers that glue lifts, before they are made.
 */
export function lockDown(budget: LiftBudget): void {
  removeGlobals();
  replaceConsole();
  replaceTextDecoder(budget);
  boundSlices(budget);
  for (const intrinsic of [Object, Array, Map, Set, WeakMap, Promise, Reflect, ArrayBuffer, Uint8Array]) freezeIntrinsic(intrinsic);
  Object.freeze(Object.getPrototypeOf(Uint8Array.prototype));
}

function removeGlobals(): void {
  // Most names are own members of the global object; `postMessage`, `fetch` and the event functions come
  // from the interfaces that it inherits from.
  for (let target: object | null = globalThis; target !== null && target !== Object.prototype; target = Reflect.getPrototypeOf(target)) {
    for (const name of Reflect.ownKeys(target)) {
      // A few cannot be deleted: the test of what remains has their names.
      if (typeof name !== "string" || !PERMITTED_GLOBALS.has(name)) Reflect.deleteProperty(target, name);
    }
  }
}

/** Glue reports link errors on the console before it throws them. Writing there is a capability like any other. */
function replaceConsole(): void {
  const silent = () => undefined;
  const methods = ["assert", "debug", "error", "info", "log", "trace", "warn"];
  const value = Object.freeze(Object.fromEntries(methods.map((name) => [name, silent])));
  Object.defineProperty(globalThis, "console", { value, configurable: false, writable: false });
}

/**
 * Glue decodes strings with a plain `TextDecoder`, which replaces malformed text and drops a byte order mark.
 * The canonical ABI wants a trap for the first and the mark kept (CanonicalABI.md, "load_string").
 * A text counts as the page counts it, two bytes for each unit of UTF-16: at least two thirds of its bytes in UTF-8 before it is
 * decoded, which bounds it, and the rest when its length is known.
 */
function replaceTextDecoder(budget: LiftBudget): void {
  const Platform = TextDecoder;
  const value = class extends Platform {
    constructor(label?: string) {
      super(label, { fatal: true, ignoreBOM: true });
    }

    override decode(bytes?: AllowSharedBufferSource, options?: TextDecodeOptions): string {
      const least = Math.floor(((bytes?.byteLength ?? 0) * 2) / 3);
      budget.take(least);
      const text = super.decode(bytes, options);
      budget.take(text.length * 2 - least);
      return text;
    }
  };
  Object.defineProperty(globalThis, "TextDecoder", { value, configurable: false, writable: false });
}

/**
 * Glue lifts a list of numbers with `buffer.slice`, which clamps what lies outside the memory to its end.
 * The canonical ABI wants a trap ("load_list_from_range"); a shorter list would look like a right answer.
 */
function boundSlices(budget: LiftBudget): void {
  const slice = ArrayBuffer.prototype.slice;
  const value = function (this: ArrayBuffer, start = 0, end = this.byteLength): ArrayBuffer {
    if (start < 0 || end < start || end > this.byteLength) throw new RangeError("a list ends outside the plugin's memory");
    budget.takeNumbers(end - start);
    return Reflect.apply(slice, this, [start, end]);
  };
  Object.defineProperty(ArrayBuffer.prototype, "slice", { value });
}

function freezeIntrinsic(intrinsic: object): void {
  Object.freeze(intrinsic);
  const prototype = (intrinsic as { prototype?: object }).prototype;
  if (prototype !== undefined) Object.freeze(prototype);
}
