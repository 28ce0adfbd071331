/** Reads source files into what the architecture rules ask about. */
import { readFileSync, readdirSync } from "node:fs";
import { posix, relative, sep } from "node:path";
import { parseSync, Visitor, type ESTree } from "vite";

export interface SourceImport {
  readonly specifier: string;
  readonly line: number;
}

export interface SourceFunction {
  readonly line: number;
  readonly lines: number;
}

export interface SourceFile {
  /** Below `src/`, with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly lines: number;
  /** Static, dynamic and type imports and re-exports, where the specifier is written out. */
  readonly imports: readonly SourceImport[];
  readonly functions: readonly SourceFunction[];
  /** Lines with the type `any`. */
  readonly anyTypes: readonly number[];
  /** Lines that turn text into code. */
  readonly evaluations: readonly number[];
  /** Lines that use Comlink's `expose` or `proxy`. */
  readonly exposures: readonly number[];
}

export const ROOT = new URL("../../../", import.meta.url);

/** Every TypeScript file below `src/`. */
export function readSource(): readonly SourceFile[] {
  const root = new URL("src/", ROOT);
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => {
      const path = relative(root.pathname, `${entry.parentPath}/${entry.name}`).split(sep).join("/");
      return parseSource(path, readFileSync(new URL(path, root), "utf8"));
    });
}

/** @throws {Error} if `text` is no TypeScript, so that no rule passes for want of a tree */
export function parseSource(path: string, text: string): SourceFile {
  const { program, errors } = parseSync(path, text);
  if (errors.length > 0) throw new Error(`Cannot parse src/${path}: ${errors[0]?.message}`);
  const lineOf = (offset: number): number => text.slice(0, offset).split("\n").length;
  const found = visit(program, lineOf);
  return { path, text, lines: text.replace(/\n$/, "").split("\n").length, ...found };
}

/** The path below `src/` that a relative import names, its `?query` removed. */
export function resolveImport(from: string, specifier: string): string {
  const path = posix.join(posix.dirname(from), specifier.replace(/\?.*$/, ""));
  return path.replace(/\.js$/, ".ts");
}

function visit(program: ESTree.Program, lineOf: (offset: number) => number) {
  const imports: SourceImport[] = [];
  const functions: SourceFunction[] = [];
  const anyTypes: number[] = [];
  const evaluations: number[] = [];
  const exposures: number[] = [];
  const addImport = (source: { readonly type: string; readonly value?: unknown; readonly start: number } | null): void => {
    if (source !== null && typeof source.value === "string") imports.push({ specifier: source.value, line: lineOf(source.start) });
  };
  const addFunction = (node: { readonly start: number; readonly end: number }): void => {
    const line = lineOf(node.start);
    functions.push({ line, lines: lineOf(node.end) - line + 1 });
  };
  const comlinkNames = namesFromComlink(program);
  new Visitor({
    ImportDeclaration: (node) => addImport(node.source),
    ExportNamedDeclaration: (node) => addImport(node.source),
    ExportAllDeclaration: (node) => addImport(node.source),
    ImportExpression: (node) => addImport(node.source),
    TSImportType: (node) => addImport(node.source),
    FunctionDeclaration: addFunction,
    FunctionExpression: addFunction,
    ArrowFunctionExpression: addFunction,
    TSAnyKeyword: (node) => void anyTypes.push(lineOf(node.start)),
    CallExpression: (node) => {
      if (isEvaluator(node.callee)) evaluations.push(lineOf(node.start));
    },
    NewExpression: (node) => {
      if (isEvaluator(node.callee)) evaluations.push(lineOf(node.start));
    },
    Identifier: (node) => {
      if (comlinkNames.has(node.name)) exposures.push(lineOf(node.start));
    },
    MemberExpression: (node) => {
      if (node.object.type === "Identifier" && comlinkNames.has(`${node.object.name}.*`) && isExposure(node.property)) exposures.push(lineOf(node.start));
    },
  }).visit(program);
  return { imports, functions, anyTypes, evaluations, exposures };
}

/** `eval`, `Function` and what reaches them through an object, such as `globalThis.eval`. */
function isEvaluator(callee: ESTree.Expression): boolean {
  if (callee.type === "ParenthesizedExpression") return isEvaluator(callee.expression);
  if (callee.type === "SequenceExpression") return callee.expressions.some(isEvaluator);
  if (callee.type === "Identifier") return callee.name === "eval" || callee.name === "Function";
  return callee.type === "MemberExpression" && callee.property.type === "Identifier" && (callee.property.name === "eval" || callee.property.name === "Function");
}

function isExposure(property: { readonly type: string; readonly name?: unknown }): boolean {
  return property.type === "Identifier" && (property.name === "expose" || property.name === "proxy");
}

/** Local names that mean `expose` or `proxy`, and `name.*` for a namespace that holds them. */
function namesFromComlink(program: ESTree.Program): ReadonlySet<string> {
  const names = new Set<string>();
  for (const statement of program.body) {
    if (statement.type !== "ImportDeclaration" || statement.source.value !== "comlink") continue;
    for (const specifier of statement.specifiers) {
      if (specifier.type !== "ImportSpecifier") names.add(`${specifier.local.name}.*`);
      else if (isExposure(specifier.imported)) names.add(specifier.local.name);
    }
  }
  return names;
}
