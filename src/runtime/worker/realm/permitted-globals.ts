/**
 * The global names that stay in a plugin's worker. Everything else that the engine offers there is taken
 * away before glue runs, so a name that a future engine adds is gone too.
 *
 * This is the second wall. The first is the content policy of the sandbox, which is the network boundary:
 * `import()` and nested workers are syntax or objects that no deletion can take away.
 */
export const PERMITTED_GLOBALS: ReadonlySet<string> = new Set([
  // ECMAScript values and functions.
  "globalThis", "Infinity", "NaN", "undefined", "isFinite", "isNaN", "parseFloat", "parseInt",
  "decodeURI", "decodeURIComponent", "encodeURI", "encodeURIComponent", "escape", "unescape", "eval",
  // ECMAScript constructors and namespaces.
  "Object", "Function", "Array", "String", "Number", "Boolean", "BigInt", "Symbol", "Date", "RegExp", "Promise", "Proxy",
  "Map", "Set", "WeakMap", "WeakSet", "WeakRef", "FinalizationRegistry", "Iterator", "Atomics", "Intl", "JSON", "Math", "Reflect",
  "ArrayBuffer", "SharedArrayBuffer", "DataView", "Int8Array", "Uint8Array", "Uint8ClampedArray", "Int16Array", "Uint16Array",
  "Int32Array", "Uint32Array", "BigInt64Array", "BigUint64Array", "Float16Array", "Float32Array", "Float64Array",
  "Error", "AggregateError", "EvalError", "RangeError", "ReferenceError", "SyntaxError", "TypeError", "URIError",
  "SuppressedError", "DisposableStack", "AsyncDisposableStack", "Temporal",
  // What jco's glue uses of the platform.
  "WebAssembly", "TextEncoder", "TextDecoder", "queueMicrotask", "setTimeout", "clearTimeout", "setInterval", "clearInterval", "console",
]);
