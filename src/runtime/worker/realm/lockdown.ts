import { PERMITTED_GLOBALS } from "./permitted-globals.js";

/**
 * Takes away what the worker's globals offer and freezes the intrinsics that the runtime relies on.
 * Must run before any glue, and after the runtime has captured what it needs itself.
 *
 * @returns the names that could not be removed.
 */
export function lockDown(): string[] {
  const remaining = removeGlobals();
  replaceConsole();
  for (const intrinsic of [Object, Array, Map, Set, WeakMap, Promise, Reflect, ArrayBuffer, Uint8Array]) freezeIntrinsic(intrinsic);
  Object.freeze(Object.getPrototypeOf(Uint8Array.prototype));
  return remaining;
}

function removeGlobals(): string[] {
  const remaining: string[] = [];
  // Most names are own members of the global object; `postMessage`, `fetch` and the event functions come
  // from the interfaces that it inherits from.
  for (let target: object | null = globalThis; target !== null && target !== Object.prototype; target = Object.getPrototypeOf(target)) {
    for (const name of Reflect.ownKeys(target)) {
      if (typeof name === "string" && PERMITTED_GLOBALS.has(name)) continue;
      if (!Reflect.deleteProperty(target, name)) remaining.push(String(name));
    }
  }
  return remaining;
}

/** Glue reports link errors on the console before it throws them. Writing there is a capability like any other. */
function replaceConsole(): void {
  const silent = () => undefined;
  const methods = ["assert", "debug", "error", "info", "log", "trace", "warn"];
  const value = Object.freeze(Object.fromEntries(methods.map((name) => [name, silent])));
  Object.defineProperty(globalThis, "console", { value, configurable: false, writable: false });
}

function freezeIntrinsic(intrinsic: object): void {
  Object.freeze(intrinsic);
  const prototype = (intrinsic as { prototype?: object }).prototype;
  if (prototype !== undefined) Object.freeze(prototype);
}
