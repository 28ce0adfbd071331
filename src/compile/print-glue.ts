import type { GlueToken } from "./glue-tokens.js";

/** The text of `tokens` without the separators that cannot matter. It reads as the same tokens. */
export function printGlue(tokens: readonly GlueToken[]): string {
  const parts: string[] = [];
  let before: GlueToken | undefined;
  for (const token of tokens) {
    if (before !== undefined && isNeeded(before, token)) parts.push(token.gap);
    parts.push(token.text);
    before = token;
  }
  return parts.join("");
}

// No statement ends after the first group or before the second without a semicolon of its own, so that
// a line's end there never stands for one.
const OPENING = new Set(["{", "(", "[", ",", ";"]);
const CLOSING = new Set(["}", ")", "]", ",", ";"]);

// Two characters that, side by side, would begin another operator, a comment, or the `<!--` and `-->`
// comments that scripts know and modules do not.
const FUSING = new Set(
  "++ -- ** << >> && || ?? == => != <= >= += -= *= /= %= &= |= ^= ?. .. // /* <! !- ->".split(" "),
);

function isNeeded(before: GlueToken, token: GlueToken): boolean {
  if (token.gap === "\n") return !OPENING.has(before.text) && !CLOSING.has(token.text);
  if (token.gap === "") return false;
  if (isNameLike(before) && (isNameLike(token) || token.text === ".")) return true;
  return FUSING.has(before.text + token.text);
}

function isNameLike(token: GlueToken): boolean {
  return token.kind === "word" || token.kind === "number";
}
