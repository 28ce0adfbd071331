/** The rules of `src/`, each a function from files to what breaks it. */
import { builtinModules } from "node:module";
import { resolveImport, type SourceFile } from "./source-file.js";

/** A file imports from its own folder or from a lower level, never from a sibling of its level. */
export const LEVELS: ReadonlyMap<string, number> = new Map([
  ["errors", 0],
  ["bytes", 0],
  ["limits", 0],
  ["component", 1],
  ["package", 2],
  ["bincode", 2],
  ["trust", 3],
  ["capability", 3],
  ["compile", 3],
  ["admission", 4],
  ["rpc", 5],
  ["wasi", 6],
  ["broker", 6],
  ["runtime", 7],
  ["host", 8],
  ["prompt", 9],
  ["fidius", 9],
  ["node", 9],
  ["cli", 10],
]);

/** Files of `src/` itself: they wire everything together, and nothing imports them. */
export const COMPOSITION_ROOTS: readonly string[] = ["index.ts", "backends.ts", "bridge.ts", "fidius.ts", "install.ts", "module-cache.ts", "serve-modules.ts", "prompt.ts", "node.ts", "worker-script.ts"];

/** Which files may import which package. A package that is not here may be imported by none. */
const PACKAGE_IMPORTERS: ReadonlyMap<string, RegExp> = new Map([
  ["comlink", /^(?:rpc|runtime\/worker\/realm)\//],
  ["idb-keyval", /^(?:compile|broker|host)\//],
  ["tweetnacl", /^trust\/ed25519/],
  ["@noble/hashes", /^bytes\//],
  // The transpiler and its tools are files of their own in the package: these are their entries.
  ["@bytecodealliance/jco", /^(?:compile\/transpiler[^/]*\.ts$|build\/)/],
  ["@bytecodealliance/preview2-shim", /^compile\/wasm-tools-module\.ts$/],
  ["virtual:portcullis/transpiler", /^compile\/transpiler-(?:module|worker)\.ts$/],
  ["virtual:portcullis/wasm-tools", /^compile\/wasm-tools-module\.ts$/],
  ["virtual:portcullis/transpiler-identity", /^compile\/transpiler-identity\.ts$/],
  ["virtual:portcullis/worker-source", /^(?:runtime\/worker\/|worker-script\.ts$)/],
  ["virtual:portcullis/page-worker-source", /^runtime\/worker\//],
  ["valibot", /^(?!cli\/|build\/)[^/]+\//],
  ["smol-toml", /^node\//],
  ["ws", /^node\/bridge\//],
  ["@nats-io/transport-node", /^node\/executor\/nats-connection\.ts$/],
  ["koffi", /^node\/native\//],
  ["vite", /^build\//],
]);

const NODE_ONLY = /^(?:node|cli|build)\/|^node\.ts$/;
/** The worker's own side: what it exposes, the host wraps. The other direction is the one that gives the page away. */
const EXPOSING = /^runtime\/worker\/realm\//;
/** It tries to evaluate a constant text, to see that the realm's policy refuses. */
const EVALUATION_PROBE = "runtime/worker/realm/self-test.ts";
const BUILTINS: ReadonlySet<string> = new Set(builtinModules);

const FILE_LINES = 250;
const FUNCTION_LINES = 60;
export const FUNCTION_LINES_WANTED = 40;

export function importOrder(files: readonly SourceFile[]): readonly string[] {
  return relativeImports(files).flatMap(({ file, target, line }) => {
    const problem = orderProblem(file.path, target);
    return problem === undefined ? [] : [`${file.path}:${line} imports ${target}: ${problem}`];
  });
}

function orderProblem(from: string, to: string): string | undefined {
  if (to.startsWith("../")) return "it is outside src/";
  if (!to.includes("/")) return "composition roots are imported by nothing";
  if (!from.includes("/")) return COMPOSITION_ROOTS.includes(from) ? undefined : "only composition roots stand in src/ itself";
  const [fromFolder = "", toFolder = ""] = [from.split("/")[0], to.split("/")[0]];
  if (fromFolder === toFolder) return undefined;
  if (fromFolder === "build") return toFolder === "compile" ? undefined : "build/ imports only compile/";
  if (toFolder === "build") return "build/ is tooling";
  const [fromLevel, toLevel] = [LEVELS.get(fromFolder), LEVELS.get(toFolder)];
  if (fromLevel === undefined) return `${fromFolder}/ has no level`;
  if (toLevel === undefined) return `${toFolder}/ has no level`;
  return toLevel < fromLevel ? undefined : `${toFolder}/ (level ${toLevel}) is not below ${fromFolder}/ (level ${fromLevel})`;
}

export function knownFolders(files: readonly SourceFile[]): readonly string[] {
  return files.flatMap(({ path }) => {
    const [folder = "", ...rest] = path.split("/");
    const known = rest.length === 0 ? COMPOSITION_ROOTS.includes(path) : folder === "build" || LEVELS.has(folder);
    return known ? [] : [`${path}: neither a composition root nor in a folder with a level`];
  });
}

export function cycles(files: readonly SourceFile[]): readonly string[] {
  const targets = new Map<string, string[]>(files.map((file) => [file.path, []]));
  for (const { file, target } of relativeImports(files)) targets.get(file.path)?.push(target);
  const finished = new Set<string>();
  const found: string[] = [];
  const walk = (path: string, trail: readonly string[]): void => {
    if (finished.has(path)) return;
    const start = trail.indexOf(path);
    if (start !== -1) {
      found.push([...trail.slice(start), path].join(" -> "));
      return;
    }
    for (const target of targets.get(path) ?? []) walk(target, [...trail, path]);
    finished.add(path);
  };
  for (const { path } of files) walk(path, []);
  return found;
}

export function existingTargets(files: readonly SourceFile[], exists: (path: string) => boolean): readonly string[] {
  return relativeImports(files).flatMap(({ file, target, line, specifier }) => {
    const extension = /\.(?:js|json|wit|wasm)(?:\?.*)?$/.test(specifier) ? [] : [`${file.path}:${line} imports ${specifier}: relative imports end in .js`];
    return exists(target) ? extension : [...extension, `${file.path}:${line} imports ${specifier}: there is no ${target}`];
  });
}

export function packages(files: readonly SourceFile[]): readonly string[] {
  return outsideImports(files).flatMap(({ file, specifier, line }) => {
    if (isBuiltin(specifier)) return NODE_ONLY.test(file.path) ? [] : [`${file.path}:${line} imports ${specifier}: Node's own modules belong in node/, cli/ and build/`];
    const name = packageName(specifier);
    const importers = PACKAGE_IMPORTERS.get(name);
    if (importers === undefined) return [`${file.path}:${line} imports ${name}: it is no dependency that src/ may have`];
    return importers.test(file.path) ? [] : [`${file.path}:${line} imports ${name}: only ${importers.source} may`];
  });
}

export function comlinkExposure(files: readonly SourceFile[]): readonly string[] {
  return files
    .filter((file) => !EXPOSING.test(file.path))
    .flatMap((file) => file.exposures.map((line) => `${file.path}:${line} exposes an object: a worker walks from it to Function and runs code on the page`));
}

export function fileLength(files: readonly SourceFile[]): readonly string[] {
  return files.filter((file) => file.lines > FILE_LINES).map((file) => `${file.path} has ${file.lines} lines, ${FILE_LINES} are the most`);
}

export function functionLength(files: readonly SourceFile[], most = FUNCTION_LINES): readonly string[] {
  return files.flatMap((file) =>
    file.functions.flatMap(({ line, lines }) => (lines > most ? [`${file.path}:${line} is a function of ${lines} lines, ${most} are the most`] : [])),
  );
}

export function anyType(files: readonly SourceFile[]): readonly string[] {
  return files.flatMap((file) => file.anyTypes.map((line) => `${file.path}:${line} has the type any: unknown, and a check, is wanted`));
}

export function evaluation(files: readonly SourceFile[]): readonly string[] {
  return files.filter((file) => file.path !== EVALUATION_PROBE).flatMap((file) => file.evaluations.map((line) => `${file.path}:${line} turns text into code`));
}

/** Paths of the machine that something was written on have no place in the project's text. */
export function machinePaths(files: readonly Pick<SourceFile, "path" | "text">[]): readonly string[] {
  return files.flatMap(({ path, text }) =>
    text.split("\n").flatMap((line, index) => (/(?<![\w.*\]}-])\/(?:work|tmp)(?![\w-])/.test(line) ? [`${path}:${index + 1} names a path of one machine: ${line.trim()}`] : [])),
  );
}

interface ResolvedImport {
  readonly file: SourceFile;
  readonly specifier: string;
  readonly target: string;
  readonly line: number;
}

function relativeImports(files: readonly SourceFile[]): readonly ResolvedImport[] {
  return files.flatMap((file) =>
    file.imports.filter(({ specifier }) => isRelative(specifier)).map(({ specifier, line }) => ({ file, specifier, line, target: resolveImport(file.path, specifier) })),
  );
}

function outsideImports(files: readonly SourceFile[]): readonly { file: SourceFile; specifier: string; line: number }[] {
  return files.flatMap((file) => file.imports.filter(({ specifier }) => !isRelative(specifier)).map((found) => ({ file, ...found })));
}

function isRelative(specifier: string): boolean {
  return specifier.startsWith("./") || specifier.startsWith("../");
}

function isBuiltin(specifier: string): boolean {
  return specifier.startsWith("node:") || BUILTINS.has(specifier);
}

/** The package of an import, or the whole of a name that the build resolves itself. */
function packageName(specifier: string): string {
  if (specifier.startsWith("virtual:")) return specifier;
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}
