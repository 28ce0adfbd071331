import { parseSync } from "vite";

type Node = { readonly type?: string; readonly [name: string]: unknown };

/**
 * The syntax tree of `script` without positions and without what the post-processor may drop: tracing
 * statements, the set of representations that nothing reads, and the suspending half of an import that never suspends; and
 * without the questions that it adds before something is lifted. A disposer that it bound to its
 * variables, `((a, b) => function () {…})(a, b)`, counts as the function alone.
 */
export function comparableSyntax(script: string): unknown {
  const suspending = new Set(Array.from(script.matchAll(/(_trampoline\d+)\.manuallyAsync\s*=\s*true/g), ([, name]) => name));
  const strip = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.filter((item) => !isTracing(item) && !isBounding(item)).map(strip);
    if (typeof value !== "object" || value === null) return typeof value === "bigint" ? `${value}n` : value;
    const node = value as Node;
    const test = node["test"] as Node | undefined;
    if (node.type === "ConditionalExpression" && isUnusedSuspension(test, suspending)) return strip(node["alternate"]);
    const bound = boundDisposer(node);
    if (bound !== undefined) return strip(bound);
    return Object.fromEntries(
      Object.entries(node)
        .filter(([name]) => name !== "start" && name !== "end" && name !== "range" && name !== "raw")
        .map(([name, member]) => [name, strip(member)]),
    );
  };
  const { program, errors } = parseSync("glue.js", script, { preserveParens: false });
  if (errors.length > 0) throw new SyntaxError(errors[0]?.message);
  return strip(program);
}

function isTracing(value: unknown): boolean {
  const { type, expression } = (value ?? {}) as Node;
  const callee = (expression as Node | undefined)?.["callee"] as Node | undefined;
  return type === "ExpressionStatement" && callee?.["name"] === "_debugLog";
}

/** `liftBounds.take(…);`, and `table._createdReps.add(rep);` in whose place one of them stands. */
function isBounding(value: unknown): boolean {
  const { type, expression } = (value ?? {}) as Node;
  const callee = (expression as Node | undefined)?.["callee"] as Node | undefined;
  const object = callee?.["object"] as Node | undefined;
  return type === "ExpressionStatement" && (object?.["name"] === "liftBounds" || (object?.["property"] as Node | undefined)?.["name"] === "_createdReps");
}

function boundDisposer({ type, callee, arguments: given }: Node): unknown {
  const { type: kind, params, body } = (callee ?? {}) as Node;
  if (type !== "CallExpression" || kind !== "ArrowFunctionExpression") return undefined;
  const names = (nodes: unknown) => (nodes as Node[]).map(({ name }) => name).join();
  return (body as Node).type === "FunctionExpression" && names(params) === names(given) ? body : undefined;
}

function isUnusedSuspension(test: Node | undefined, suspending: ReadonlySet<string | undefined>): boolean {
  const property = test?.["property"] as Node | undefined;
  const object = test?.["object"] as Node | undefined;
  return property?.["name"] === "manuallyAsync" && !suspending.has(object?.["name"] as string);
}

/** The module that jco emits, in the form in which its syntax should equal that of the glue. */
export function asScript(module: string): string {
  const standIn = module.includes("_PlatformReadableStream= ReadableStream") ? "const ReadableStream = class {};" : "";
  return module
    .replace('"use components";\nexport function instantiate(getCoreModule, imports, instantiateCore = WebAssembly.instantiate) {', 'function instantiate(getCoreModule, imports, instantiateCore, liftBounds) {"use strict";' + standIn)
    .replace(/^\s*if \(!getCoreModule\).*$/m, "")
    .replace(/;?\s*export const _util = \{[^]*\}\s*$/, "\n");
}
