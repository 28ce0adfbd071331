import { closingBracket, type GlueToken, glueWords, matchesAt } from "./glue-tokens.js";

/**
 * Binds the variables of each resource's disposer to the resource that it was made for.
 *
 * jco gives every exported resource a `Symbol.dispose` function that closes over two `var`s. In a loop, over a
 * list of resources, all of these functions share the last iteration's values, so that disposing the first
 * resource drops the last, and the second disposal traps on a handle that is gone (jco-transpile 0.15.0).
 * `function () {…}` becomes `((a, b) => function () {…})(a, b)`.
 */
export function bindDisposers(tokens: readonly GlueToken[]): GlueToken[] {
  const result: GlueToken[] = [];
  for (let index = 0; index < tokens.length; index += 1) {
    const disposer = disposerAt(tokens, index);
    if (disposer === undefined) {
      const token = tokens[index];
      if (token !== undefined) result.push(token);
      continue;
    }
    const { resource, handle, end } = disposer;
    result.push(...glueWords("( (", resource, ",", handle, ") =>"), ...tokens.slice(index, end + 1), ...glueWords(") (", resource, ",", handle, ")"));
    index = end;
  }
  return result;
}

interface Disposer {
  readonly resource: string;
  readonly handle: string;
  /** Position of the function's last brace. */
  readonly end: number;
}

const BEFORE = ["symbolDispose", ",", "{", "writable", ":", "true", ",", "value", ":"];
const FUNCTION = ["function", "(", ")", "{"];

function disposerAt(tokens: readonly GlueToken[], index: number): Disposer | undefined {
  if (!matchesAt(tokens, index, FUNCTION) || !matchesAt(tokens, index - BEFORE.length, BEFORE)) return undefined;
  const resource = tokens[index - BEFORE.length - 2]?.text ?? "";
  const end = closingBracket(tokens, index + FUNCTION.length - 1);
  if (!/^rsc\d+$/.test(resource) || end === -1) return undefined;
  const handle = tokens.slice(index, end).find(({ text }) => /^handle\d+$/.test(text))?.text;
  return handle === undefined ? undefined : { resource, handle, end };
}
