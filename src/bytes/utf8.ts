const encoder = new TextEncoder();
// `fatal` refuses malformed sequences instead of replacing them; `ignoreBOM` keeps a byte order mark
// in the text, so that decoding and encoding again always gives the same bytes.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** UTF-8 of `text`. */
export function toUtf8(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(encoder.encode(text));
}

/** The text that `bytes` spell in well-formed UTF-8, or `undefined` if they do not. */
export function fromUtf8(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}
