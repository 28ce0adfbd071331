/** Tells whether `bytes` are a header's value: without control characters, which could end the header early. */
export function isFieldValue(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0x09 || (byte >= 0x20 && byte !== 0x7f));
}
