import { closingBracket, type GlueToken } from "./glue-tokens.js";

const STATEMENT_BOUNDARIES = new Set(["{", "}", ";"]);

/**
 * Drops `_debugLog(…);` statements: tracing of the transpiler itself, off unless an environment variable
 * is set, whose arguments only read state. Only whole statements after `{`, `}` or `;` are dropped, so
 * that none is the body of an `if` or an operand.
 */
export function dropDebugLog(tokens: readonly GlueToken[]): GlueToken[] {
  const kept: GlueToken[] = [];
  for (let index = 0; index < tokens.length; index += 1) {
    const token = tokens[index];
    if (token === undefined) break;
    const end = token.text === "_debugLog" && tokens[index + 1]?.text === "(" ? closingBracket(tokens, index + 1) : -1;
    if (end === -1 || tokens[end + 1]?.text !== ";" || !STATEMENT_BOUNDARIES.has(kept.at(-1)?.text ?? "")) {
      kept.push(token);
      continue;
    }
    const next = tokens[end + 2];
    // What follows must not join the line before the dropped statement.
    if (next !== undefined && token.gap === "\n") next.gap = "\n";
    index = end + 1;
  }
  return kept;
}

/**
 * Resolves `f.manuallyAsync ? new WebAssembly.Suspending(…) : sync` to `sync` for every local function
 * `f` of which nothing sets `manuallyAsync`: the suspending half repeats the whole description of the
 * import, a quarter of the glue of a component with many imports.
 */
export function dropUnusedSuspending(tokens: readonly GlueToken[]): GlueToken[] {
  const suspending = new Set<string>();
  tokens.forEach((token, index) => {
    if (isManuallyAsync(tokens, index) && tokens[index + 3]?.text === "=") suspending.add(token.text);
  });
  const kept: GlueToken[] = [];
  for (let index = 0; index < tokens.length; index += 1) {
    const token = tokens[index];
    if (token === undefined) break;
    const end = suspending.has(token.text) ? -1 : endOfSuspendingBranch(tokens, index);
    if (end === -1) kept.push(token);
    else index = end;
  }
  return kept;
}

function isManuallyAsync(tokens: readonly GlueToken[], index: number): boolean {
  return (
    /^_trampoline\d+$/.test(tokens[index]?.text ?? "") &&
    tokens[index + 1]?.text === "." &&
    tokens[index + 2]?.text === "manuallyAsync"
  );
}

const SUSPENDING_BRANCH = ["?", "new", "WebAssembly", ".", "Suspending", "("];

/** The position of the `:` that ends `… ? new WebAssembly.Suspending(…) :`, or -1. */
function endOfSuspendingBranch(tokens: readonly GlueToken[], index: number): number {
  const isInitializer = tokens[index - 1]?.text === "=" && tokens[index - 3]?.text === "let";
  if (!isInitializer || !isManuallyAsync(tokens, index)) return -1;
  if (SUSPENDING_BRANCH.some((text, offset) => tokens[index + 3 + offset]?.text !== text)) return -1;
  const close = closingBracket(tokens, index + 3 + SUSPENDING_BRANCH.length - 1);
  return close !== -1 && tokens[close + 1]?.text === ":" ? close + 1 : -1;
}
