import { closingBracket, type GlueToken } from "./glue-tokens.js";

/** A reference in a list, an object or a tuple, with what an engine adds to it. As much as the page counts for a value. */
const REFERENCE_BYTES = 8;
const FLAG_BYTES = 4;
/** An object that stands for a resource, with its disposer and its entry in the finalization registry. */
const RESOURCE_BYTES = 256;

/**
 * How many bytes one element takes at most that the code from the brace at `open` to the one at `close` lifts: a reference in
 * the list, one for each field of a record, each item of a tuple, each part of a variant. What another list inside takes is
 * counted by that list's own loop.
 */
export function liftedBytes(tokens: readonly GlueToken[], open: number, close: number): number {
  return REFERENCE_BYTES + madeBytes(tokens, open + 1, close);
}

function madeBytes(tokens: readonly GlueToken[], start: number, end: number): number {
  let bytes = 0;
  for (let index = start; index < end; index += 1) {
    const text = tokens[index]?.text;
    if (text === "for" && tokens[index + 1]?.text === "(") {
      index = closingBracket(tokens, closingBracket(tokens, index + 1) + 1);
    } else if (text === "switch" && tokens[index + 1]?.text === "(") {
      const open = closingBracket(tokens, index + 1) + 1;
      index = closingBracket(tokens, open);
      bytes += largestCase(tokens, open, index);
    } else if (text === "Object" && tokens[index + 2]?.text === "create") {
      bytes += RESOURCE_BYTES;
    } else if (text === "[" && !isAfterValue(tokens[index - 1])) {
      bytes += itemBytes(tokens, index);
    } else if (isProperty(tokens, index)) {
      bytes += tokens[index + 2]?.text === "Boolean" ? FLAG_BYTES : REFERENCE_BYTES;
    }
  }
  return bytes;
}

/** Only one case of a variant is lifted. */
function largestCase(tokens: readonly GlueToken[], open: number, close: number): number {
  let largest = 0;
  let start = open + 1;
  for (let index = start; index <= close; index += 1) {
    const text = tokens[index]?.text;
    if (text === "case" || text === "default" || index === close) {
      largest = Math.max(largest, madeBytes(tokens, start, index));
      start = index + 1;
    } else if (text === "{" || text === "(" || text === "[") {
      index = closingBracket(tokens, index);
    }
  }
  return largest;
}

function itemBytes(tokens: readonly GlueToken[], open: number): number {
  const close = closingBracket(tokens, open);
  let bytes = close === open + 1 ? 0 : REFERENCE_BYTES;
  for (let index = open + 1; index < close; index += 1) {
    const text = tokens[index]?.text ?? "";
    if (text === ",") bytes += REFERENCE_BYTES;
    else if ("{([".includes(text) && text !== "") index = closingBracket(tokens, index);
  }
  return bytes;
}

/** A name before a colon, after the brace or comma of an object. */
function isProperty(tokens: readonly GlueToken[], index: number): boolean {
  const token = tokens[index];
  const before = tokens[index - 1]?.text;
  return (token?.kind === "word" || token?.kind === "string") && tokens[index + 1]?.text === ":" && (before === "{" || before === ",");
}

function isAfterValue(before: GlueToken | undefined): boolean {
  return before?.text === ")" || before?.text === "]" || (before?.kind === "word" && before.text !== "return");
}
