import { PERMITTED_GLOBALS } from "./permitted-globals.js";

/**
 * Takes away what the worker's globals offer and freezes the intrinsics that the runtime relies on.
 * Must run before any glue, and after the runtime has captured what it needs itself.
 */
export function lockDown(): void {
  removeGlobals();
  replaceConsole();
  replaceTextDecoder();
  refuseSlicesOutside();
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
 */
function replaceTextDecoder(): void {
  const Platform = TextDecoder;
  const value = class extends Platform {
    constructor(label?: string) {
      super(label, { fatal: true, ignoreBOM: true });
    }
  };
  Object.defineProperty(globalThis, "TextDecoder", { value, configurable: false, writable: false });
}

/**
 * Glue lifts a list of numbers with `buffer.slice`, which clamps what lies outside the memory to its end.
 * The canonical ABI wants a trap ("load_list_from_range"); a shorter list would look like a right answer.
 */
function refuseSlicesOutside(): void {
  const slice = ArrayBuffer.prototype.slice;
  const value = function (this: ArrayBuffer, start = 0, end = this.byteLength): ArrayBuffer {
    if (start < 0 || end > this.byteLength) throw new RangeError("a list ends outside the plugin's memory");
    return Reflect.apply(slice, this, [start, end]);
  };
  Object.defineProperty(ArrayBuffer.prototype, "slice", { value });
}

function freezeIntrinsic(intrinsic: object): void {
  Object.freeze(intrinsic);
  const prototype = (intrinsic as { prototype?: object }).prototype;
  if (prototype !== undefined) Object.freeze(prototype);
}
