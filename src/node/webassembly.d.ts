// The part of WebAssembly's JavaScript interface that is used here. Node has it, Node's types do not.

declare namespace WebAssembly {
  // Opaque. The same declaration as in the browsers' types, with which it merges where both are read.
  interface Module {}
  function compile(bytes: Uint8Array<ArrayBuffer>): Promise<Module>;
}
