import { canonicalJson, type JsonValue } from "../bytes/canonical-json.js";
import { sha256Hex } from "../bytes/sha256.js";
import { toUtf8 } from "../bytes/utf8.js";
import type { World, WorldSide } from "../component/world.js";
import type { CompileTarget } from "./compile-key.js";
import { suspendingImports } from "./suspending-imports.js";

/**
 * Every option of the transpiler, all written out: its defaults differ between its own entry points and
 * may change with its version, and whatever is not in here is not in the compile key.
 */
export type TranspileOptions = {
  readonly name: string;
  readonly noTypescript: boolean;
  readonly instantiation: { readonly tag: "async" };
  readonly importBindings: { readonly tag: "js" };
  readonly map: readonly (readonly [string, string])[];
  readonly compat: boolean;
  readonly noNodejsCompat: boolean;
  readonly base64Cutoff: number;
  readonly tlaCompat: boolean;
  readonly validLiftingOptimization: boolean;
  readonly tracing: boolean;
  readonly noComponentErrorWrapping: boolean;
  readonly noNamespacedExports: boolean;
  readonly guest: boolean;
  readonly multiMemory: boolean;
  readonly bindgenEnableWasmExnref: boolean;
  readonly asyncMode: AsyncMode;
  readonly strict: boolean;
  readonly flagsAsBigint: boolean;
  readonly variantsInlineCases: boolean;
  readonly useNamespaceObjects: boolean;
  readonly enumValuesScreamingSnakeCase: boolean;
  readonly asmjs: boolean;
};

type AsyncMode =
  | { readonly tag: "sync" }
  | { readonly tag: "jspi"; readonly val: { readonly imports: readonly string[]; readonly exports: readonly string[] } };

/** The options under which the component with this `world` is transpiled for `target`, at pack time and in the browser. */
export function transpileOptions(world: World, target: CompileTarget): TranspileOptions {
  return {
    name: "plugin",
    noTypescript: true,
    instantiation: { tag: "async" },
    importBindings: { tag: "js" },
    map: identityMap(world.imports),
    compat: false,
    noNodejsCompat: true,
    base64Cutoff: 0,
    tlaCompat: false,
    validLiftingOptimization: false,
    tracing: false,
    noComponentErrorWrapping: false,
    noNamespacedExports: false,
    guest: false,
    multiMemory: false,
    bindgenEnableWasmExnref: false,
    asyncMode: target === "browser-jspi" ? jspiMode(world) : { tag: "sync" },
    // Without it the glue coerces numbers silently, so that an `u64` wraps.
    strict: true,
    flagsAsBigint: false,
    variantsInlineCases: false,
    useNamespaceObjects: false,
    enumValuesScreamingSnakeCase: false,
    asmjs: false,
  };
}

/** The hash of `options` in the compile key: SHA-256 of their canonical JSON, in hexadecimal. */
export async function engineConfigHash(options: TranspileOptions): Promise<string> {
  return sha256Hex(toUtf8(canonicalJson(options satisfies JsonValue)));
}

/**
 * Each imported interface mapped to itself. Without it the glue asks for imports without their version,
 * and two versions of one interface silently share one implementation.
 */
function identityMap(imports: WorldSide): readonly (readonly [string, string])[] {
  const names = imports.interfaces.map(({ name }) => name);
  return [...new Set(names)].sort().map((name) => [name, name] as const);
}

/**
 * Which exports may suspend: every function and method that is not `async` in WIT (those are promises
 * anyway), listed one by one. Constructors and static functions are left out, because the glue would
 * contain `await` in a constructor or a plain static method, which does not parse.
 */
function jspiMode(world: World): AsyncMode {
  const exports: string[] = [];
  for (const { name, type } of world.exports.functions) {
    if (!type.async) exports.push(name);
  }
  for (const { name: owner, functions } of world.exports.interfaces) {
    for (const { name, type } of functions) {
      if (!type.async && !/^\[(?:constructor|static)\]/.test(name)) exports.push(`${owner}#${name}`);
    }
  }
  return { tag: "jspi", val: { imports: suspendingImports(world), exports: exports.sort() } };
}
