import { existsSync, readFileSync, readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import * as rules from "./rules.js";
import { parseSource, readSource, ROOT, type SourceFile } from "./source-file.js";

type Rule = (files: readonly SourceFile[]) => readonly string[];

const source = readSource();
const exists = (path: string): boolean => existsSync(new URL(`src/${path}`, ROOT));

/** Each rule with files that break it, and how many times they do. */
const CASES: readonly { name: string; rule: Rule; breaking: Record<string, string>; times: number }[] = [
  {
    name: "a file imports from its own folder or a lower level",
    rule: rules.importOrder,
    breaking: {
      "errors/plugin-error.ts": `import { a } from "../component/a.js"; export { b } from "./b.js";`,
      "trust/verify.ts": `const { c } = await import("../capability/c.js"); export const d = c;`,
      "rpc/link.ts": `export type E = import("../wasi/e.js").E;`,
      "host/host.ts": `export * from "../node/pack.js"; export * from "../rpc/link.js"; import "../index.js";`,
      "build/bundle.ts": `import "../host/host.js"; import "../compile/key.js";`,
      "compile/key.ts": `import "../build/bundle.js"; import "../../test/x.js";`,
      "helper.ts": `import "./errors/plugin-error.js";`,
    },
    times: 9,
  },
  {
    name: "every file is a composition root or in a folder with a level",
    rule: rules.knownFolders,
    breaking: { "helper.ts": "", "shared/a.ts": "", "index.ts": "", "rpc/a.ts": "", "build/a.ts": "" },
    times: 2,
  },
  {
    name: "imports form no cycle",
    rule: rules.cycles,
    breaking: {
      "rpc/a.ts": `import "./b.js"; import "./d.js";`,
      "rpc/b.ts": `import type { C } from "./c.js"; export type B = C;`,
      "rpc/c.ts": `export { a } from "./a.js";`,
      "rpc/d.ts": `import "./e.js";`,
      "rpc/e.ts": ``,
    },
    times: 1,
  },
  {
    name: "a relative import ends in .js and names a file",
    rule: (files) => rules.existingTargets(files, (path) => path === "rpc/b.ts"),
    breaking: { "rpc/a.ts": `import "./b"; import "./b.js"; import "./c.js";` },
    times: 3,
  },
  {
    name: "packages and Node's modules are imported only where they belong",
    rule: rules.packages,
    breaking: {
      "host/host.ts": `import * as Comlink from "comlink"; import { get } from "idb-keyval"; import * as v from "valibot";`,
      "rpc/link.ts": `import * as Comlink from "comlink"; import { get } from "idb-keyval"; import fs from "node:fs"; import "path";`,
      "trust/verify.ts": `import nacl from "tweetnacl"; import "left-pad";`,
      "trust/ed25519.ts": `const nacl = await import("tweetnacl");`,
      "node/pack.ts": `import "node:fs/promises"; import "smol-toml"; import "@bytecodealliance/jco/component";`,
      "compile/transpiler-entry.ts": `import "@bytecodealliance/jco/component"; import "smol-toml";`,
      "component/read.ts": `export type T = import("node:buffer").Buffer;`,
      "host/transpile.ts": `import "virtual:portcullis/transpiler"; import "virtual:portcullis/unheard-of"; import "@bytecodealliance/jco";`,
    },
    times: 12,
  },
  {
    name: "nothing is exposed towards a worker",
    rule: rules.comlinkExposure,
    breaking: {
      "rpc/worker-link.ts": `import * as Comlink from "comlink"; Comlink.expose({}); Comlink.wrap(self); const x = Comlink["wrap"];`,
      "rpc/link.ts": `import { proxy as share, wrap } from "comlink"; wrap(share({}));`,
      "runtime/worker/realm/worker-entry.ts": `import { expose } from "comlink"; expose({});`,
      "host/host.ts": `const proxy = 1; export const expose = proxy;`,
    },
    times: 3,
  },
  { name: "a file has at most 250 lines", rule: rules.fileLength, breaking: { "rpc/a.ts": "\n".repeat(251), "rpc/b.ts": "\n".repeat(250) }, times: 1 },
  {
    name: "a function has at most 60 lines",
    rule: rules.functionLength,
    breaking: {
      "rpc/a.ts": `export function long() {${"\n".repeat(60)}}`,
      "rpc/b.ts": `export const short = () => {${"\n".repeat(59)}};`,
      "rpc/c.ts": `export class C { m() {${"\n".repeat(60)}} n = () => {${"\n".repeat(60)}}; }`,
    },
    times: 3,
  },
  {
    name: "no value has the type any",
    rule: rules.anyType,
    breaking: { "rpc/a.ts": `let a: any; const b = a as any; type C = Map<string, any[]>; const any = "any";` },
    times: 3,
  },
  {
    name: "no text becomes code",
    rule: rules.evaluation,
    breaking: { "rpc/a.ts": `eval("1"); new Function("1"); globalThis.eval("1"); (0, eval)("1"); Function("1"); evaluate("1"); const f: Function = g;` },
    times: 5,
  },
];

/** Small enough files for a rule's case: what is not listed is empty. */
function parseAll(files: Record<string, string>): readonly SourceFile[] {
  return Object.entries(files).map(([path, text]) => parseSource(path, text));
}

describe.each(CASES)("$name", ({ name, rule, breaking, times }) => {
  test("in src/", () => {
    const checked: Rule = name.startsWith("a relative import") ? (files) => rules.existingTargets(files, exists) : rule;
    expect(checked(source)).toEqual([]);
  });
  test("and the rule finds what breaks it", () => {
    expect(rule(parseAll(breaking))).toHaveLength(times);
  });
});

describe("no text names a path of one machine", () => {
  test("in the repository", () => {
    expect(rules.machinePaths(repositoryText())).toEqual([]);
  });
  test("and the rule finds what breaks it", () => {
    const [work, temporary] = ["/wo" + "rk", "/t" + "mp"];
    const text = [`see ${work}/shared`, `"${temporary}/x"`, `cd ${work}`, "../work/a", "runtime/work", `${temporary}late`, "node/worker"].join("\n");
    expect(rules.machinePaths([{ path: "a.ts", text }])).toHaveLength(3);
  });
});

test("src/ has files to check, and the functions over 40 lines are listed", () => {
  expect(source.length).toBeGreaterThan(10);
  const long = rules.functionLength(source, rules.FUNCTION_LINES_WANTED);
  if (long.length > 0) console.warn(`Functions over ${rules.FUNCTION_LINES_WANTED} lines:\n${long.join("\n")}`);
});

const TEXT = /\.(?:ts|js|mjs|json|md|html|css|wit|toml|rs|c|py|sh|yml)$|(?:^|\/)run$/;

/** The text files that people write: what tools make or fetch is not among them. */
function repositoryText(): readonly { path: string; text: string }[] {
  const top = readdirSync(ROOT, { withFileTypes: true }).flatMap((entry) => (entry.isFile() ? [entry.name] : []));
  const below = ["src", "test", "demo", ".ci"].filter((folder) => existsSync(new URL(folder, ROOT))).flatMap((folder) =>
    readdirSync(new URL(folder, ROOT), { recursive: true, encoding: "utf8" }).map((path) => `${folder}/${path}`),
  );
  return [...top, ...below]
    .filter((path) => TEXT.test(path) && !/(?:^|\/)(?:node_modules|target|dist)\/|package-lock\.json$/.test(path))
    .map((path) => ({ path, text: readFileSync(new URL(path, ROOT), "utf8") }));
}
