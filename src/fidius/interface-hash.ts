import { fnv1a64 } from "../bytes/fnv1a.js";
import { toUtf8 } from "../bytes/utf8.js";

/** One method of a fidius interface, in the spelling of its Rust trait. */
export interface FidiusSignature {
  /** As in Rust, such as `read_rows`. */
  readonly name: string;
  /**
   * The types of its parameters without `self`, as the Rust compiler that built the interface prints their tokens: `Vec < u8 >`,
   * `Result < i64, PluginError >`. Spaces count, and older compilers have one before the comma too. For `Stream < T >`, write `T`.
   */
  readonly parameters?: readonly string[];
  /** The type of its result, in the same spelling; none for `()`. For `Stream < T >`, write `T`. */
  readonly result?: string;
  /** `#[wire(raw)]` */
  readonly raw?: boolean;
  /** It gives a stream. */
  readonly streams?: boolean;
  /** It takes a stream. */
  readonly takesStream?: boolean;
}

/**
 * fidius's hash of an interface: of its required methods, in any order. It cannot be found from WIT, which has no Rust spellings:
 * take it from the `*_INTERFACE_HASH` constant that fidius's macro makes, or from the trait's signatures.
 *
 * @example
 * ```ts
 * fidiusInterfaceHash([{ name: "greet", parameters: ["String"], result: "String" }]); // 0xd66a33343f4b2077n
 * ```
 */
export function fidiusInterfaceHash(signatures: readonly FidiusSignature[]): bigint {
  const texts = signatures.map(({ name, parameters = [], result = "", raw = false, streams = false, takesStream = false }) =>
    `${name}:${parameters.join(",")}->${result}${raw ? "!raw" : ""}${streams ? "!stream" : ""}${takesStream ? "<stream" : ""}`);
  // Rust sorts texts by their UTF-8, and JavaScript by UTF-16, which is another order beyond the basic plane.
  const sorted = texts.map((text) => ({ text, bytes: toUtf8(text) })).sort((left, right) => compareBytes(left.bytes, right.bytes));
  return fnv1a64(toUtf8(sorted.map(({ text }) => text).join("\n")));
}

function compareBytes(left: Uint8Array, right: Uint8Array): number {
  for (let index = 0; index < Math.min(left.length, right.length); index += 1) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}
