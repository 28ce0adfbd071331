/** A JavaScript token. White space and comments are not tokens; what separated two tokens is kept. */
export interface GlueToken {
  readonly kind: "word" | "number" | "string" | "template" | "punctuator";
  readonly text: string;
  /** What stood before it. A line's end is told apart, since automatic semicolon insertion depends on it. */
  gap: "" | " " | "\n";
}

// One alternative per lexical class, in the order in which they must be tried (ECMAScript, clause 12).
// Template literals and regular expressions are not regular and are handled in code.
const LEXEME =
  /(?<space>[ \t\r\n]+|\/\/[^\r\n]*|\/\*[^]*?\*\/)|(?<word>#?[A-Za-z_$][\w$]*)|(?<number>(?:0[xob][\da-f_]+|\d[\d_]*(?:\.[\d_]*)?(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?)n?)|(?<string>"(?:[^"\\\r\n]|\\[^])*"|'(?:[^'\\\r\n]|\\[^])*')|(?<punctuator>[{}()[\];,<>=!+\-*%&|^~?:.@/])/iy;

/**
 * Splits the transpiler's output into tokens. It is written for that output and refuses what it does not
 * know for certain: regular expression literals (told from a division by the token before), characters
 * outside ASCII except in strings, comments and templates, and anything unterminated.
 *
 * @throws {SyntaxError} naming the position of what it cannot read.
 */
export function glueTokens(text: string): GlueToken[] {
  const tokens: GlueToken[] = [];
  let position = 0;
  let gap: GlueToken["gap"] = "";
  while (position < text.length) {
    const read = text[position] === "`" ? template(text, position) : lexeme(text, position);
    if (read.kind === "space") {
      if (gap !== "\n") gap = /[\r\n]/.test(read.text) ? "\n" : " ";
    } else {
      if (read.text === "/") refuseRegularExpression(tokens.at(-1), position);
      tokens.push({ kind: read.kind, text: read.text, gap });
      gap = "";
    }
    position += read.text.length;
  }
  return tokens;
}

interface Lexeme {
  readonly kind: GlueToken["kind"] | "space";
  readonly text: string;
}

const KINDS = ["space", "word", "number", "string", "punctuator"] as const;

function lexeme(text: string, position: number): Lexeme {
  LEXEME.lastIndex = position;
  const match = LEXEME.exec(text);
  const kind = KINDS.find((name) => match?.groups?.[name] !== undefined);
  if (match === null || kind === undefined) throw unreadable(position);
  return { kind, text: match[0] };
}

/** A whole template literal, with the expressions inside it, as one token. */
function template(text: string, start: number): Lexeme {
  let position = start + 1;
  while (position < text.length) {
    const character = text[position];
    if (character === "`") return { kind: "template", text: text.slice(start, position + 1) };
    if (character === "\\") position += 2;
    else if (character === "$" && text[position + 1] === "{") position = endOfSubstitution(text, position + 2);
    else position += 1;
  }
  throw unreadable(start);
}

/** The position after the `}` that ends a template's `${`. */
function endOfSubstitution(text: string, start: number): number {
  let depth = 1;
  let position = start;
  while (position < text.length) {
    const read = text[position] === "`" ? template(text, position) : lexeme(text, position);
    position += read.text.length;
    if (read.text === "{") depth += 1;
    else if (read.text === "}") depth -= 1;
    if (depth === 0) return position;
  }
  throw unreadable(start);
}

/** A `/` divides only after a value. After anything else it would start a regular expression. */
function refuseRegularExpression(before: GlueToken | undefined, position: number): void {
  const afterValue =
    before !== undefined &&
    (before.kind === "number" ||
      (before.kind === "word" && !/^(?:return|typeof|case|in|of|void|delete|throw|new|else|do|await|yield)$/.test(before.text)) ||
      before.text === ")" ||
      before.text === "]");
  if (!afterValue) throw unreadable(position);
}

function unreadable(position: number): SyntaxError {
  return new SyntaxError(`unreadable text at character ${position}`);
}

/** The position of the bracket that closes the one at `open`, or -1. */
export function closingBracket(tokens: readonly GlueToken[], open: number): number {
  let depth = 0;
  for (let index = open; index < tokens.length; index += 1) {
    const token = tokens[index];
    if (token?.kind !== "punctuator") continue;
    if ("{([".includes(token.text)) depth += 1;
    else if ("})]".includes(token.text)) depth -= 1;
    if (depth === 0) return index;
  }
  return -1;
}

/** Whether `texts` stand at `start`. */
export function matchesAt(tokens: readonly GlueToken[], start: number, texts: readonly string[]): boolean {
  return texts.every((text, offset) => tokens[start + offset]?.text === text);
}

/** Tokens to be inserted, written with a space between any two. */
export function glueWords(...texts: readonly string[]): GlueToken[] {
  return texts
    .flatMap((text) => text.split(" "))
    .map((text) => ({ kind: /^\d/.test(text) ? "number" : /^\w/.test(text) ? "word" : "punctuator", text, gap: "" }));
}
