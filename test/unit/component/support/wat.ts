import { parse } from "@bytecodealliance/jco-transpile/wasm-tools";

/** The binary of a component in text form. The text is parsed, not validated. */
export function parseWat(text: string): Promise<Uint8Array> {
  return parse(text);
}
