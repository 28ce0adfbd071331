/** The names that glue finds in each sandbox. Whatever an engine adds to them is a decision to be taken, not an accident. */
import type { SandboxKind } from "../../../src/index.js";

const NAMES: readonly string[] = [
  "AggregateError", "Array", "ArrayBuffer", "AsyncDisposableStack", "Atomics", "BigInt", "BigInt64Array", "BigUint64Array", "Boolean",
  "DataView", "Date", "DisposableStack", "Error", "EvalError", "FinalizationRegistry", "Float16Array", "Float32Array", "Float64Array",
  "Function", "Infinity", "Int16Array", "Int32Array", "Int8Array", "Intl", "Iterator", "JSON", "Map", "Math", "NaN", "Number", "Object",
  "Promise", "Proxy", "RangeError", "ReferenceError", "Reflect", "RegExp", "Set", "String", "SuppressedError", "Symbol", "SyntaxError",
  "Temporal", "TextDecoder", "TextEncoder", "TypeError", "URIError", "Uint16Array", "Uint32Array", "Uint8Array", "Uint8ClampedArray",
  "WeakMap", "WeakRef", "WeakSet", "WebAssembly", "console", "decodeURI", "decodeURIComponent", "encodeURI", "encodeURIComponent",
  "escape", "eval", "globalThis", "isFinite", "isNaN", "parseFloat", "parseInt", "undefined", "unescape",
];

const ON_OBJECTS: readonly string[] = [
  "__defineGetter__", "__defineSetter__", "__lookupGetter__", "__lookupSetter__", "__proto__", "constructor", "hasOwnProperty",
  "isPrototypeOf", "propertyIsEnumerable", "toLocaleString", "toString", "valueOf",
];

// WebIDL's constants cannot be deleted. The three functions are permitted; they are inherited, not own.
const PROTOTYPES: readonly (readonly string[])[] = [["PERSISTENT", "TEMPORARY"], ["clearInterval", "clearTimeout", "queueMicrotask", "setInterval", "setTimeout"], [], ON_OBJECTS];

/** Own names of the global object. */
export const LEFT_IN_THE_WORKER: Readonly<Record<SandboxKind, readonly string[]>> = {
  "policy-frame": NAMES,
  "sandboxed-frame": NAMES,
  "policy-worker": NAMES,
};

/** Names on its prototypes, from the nearest to `Object.prototype`. */
export const LEFT_ON_ITS_PROTOTYPES: Readonly<Record<SandboxKind, readonly (readonly string[])[]>> = {
  "policy-frame": PROTOTYPES,
  "sandboxed-frame": PROTOTYPES,
  "policy-worker": PROTOTYPES,
};
