/** What a library did that no plugin may, in words that begin with where. */
export class LibraryFault extends Error {}

/** Long texts of a library are cut: they go into logs and error messages. */
const TEXT_LENGTH = 4096;

export function shorten(text: string): string {
  return text.length <= TEXT_LENGTH ? text : `${text.slice(0, TEXT_LENGTH)}…`;
}

export function hexadecimal(address: bigint): string {
  return `0x${address.toString(16)}`;
}
