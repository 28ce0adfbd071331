/** Magic, version and layer. */
export const COMPONENT_PREAMBLE_SIZE = 8;

/** Whether `bytes` begin as a WebAssembly component (version 13, layer 1). Nothing after that is read. */
export function isComponent(bytes: Uint8Array): boolean {
  return beginsWith(bytes, [0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00]);
}

/** Whether `bytes` begin as a core WebAssembly module (version 1, layer 0). Nothing after that is read. */
export function isCoreModule(bytes: Uint8Array): boolean {
  return beginsWith(bytes, [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]);
}

function beginsWith(bytes: Uint8Array, preamble: readonly number[]): boolean {
  return preamble.every((byte, index) => bytes[index] === byte);
}
