import { isComponent } from "../component/component-preamble.js";
import type { World } from "../component/world.js";
import { PluginError } from "../errors/plugin-error.js";
import type { CompileTarget, CoreModule } from "./compile-key.js";
import { postProcessGlue } from "./post-process-glue.js";
import { transpileOptions, type TranspileOptions } from "./transpile-options.js";

/** The transpiler, as `createTranspiler` in the package's `transpiler/transpiler.js` answers it. */
export type Transpiler = (component: Uint8Array, options: TranspileOptions) => {
  /** File names with contents: core modules and `plugin.js`. */
  readonly files: readonly (readonly [string, Uint8Array])[];
};

/** What transpiling answers: the parts of a compiled component without its key. */
export interface TranspiledComponent {
  /** See `CompiledComponent.glue`. */
  readonly glue: string;
  readonly coreModules: readonly CoreModule[];
}

/**
 * Transpiles `component` for `target`. Equal input gives equal bytes, in every engine.
 *
 * `transpiler` is not usable after a failure that is its own (a trap inside it): make a new one for each
 * component, or throw the realm away.
 *
 * @param world what the component imports and exports, as the component reader decoded it from `component`.
 * @throws {PluginError} `component-invalid` if the bytes are not a component, `target-unsupported` if the
 * component needs another target, `transpile-failed` for anything else.
 */
export function transpileComponent(
  transpiler: Transpiler,
  component: Uint8Array,
  world: World,
  target: CompileTarget,
): TranspiledComponent {
  // The transpiler would take the text format as well: other bytes, other limits, a parser never meant for this.
  if (!isComponent(component)) {
    throw failure("component-invalid", "the bytes do not begin as a WebAssembly component (version 13, layer 1)");
  }
  const files = runTranspiler(transpiler, component, transpileOptions(world, target));
  const glue = postProcessGlue(glueText(files));
  if (target === "browser-sync" && suspendsAlways(glue)) {
    throw failure(
      "target-unsupported",
      "it uses WASI 0.3's asynchronous calling convention, which needs the target browser-jspi",
    );
  }
  const coreModules = files
    .filter(([name]) => name.endsWith(".wasm"))
    // Copies, because the transpiler's own arrays may share one large buffer.
    .map(([name, bytes]) => ({ name, bytes: bytes.slice() }));
  return { glue, coreModules };
}

function runTranspiler(transpiler: Transpiler, component: Uint8Array, options: TranspileOptions) {
  try {
    return transpiler(component, options).files;
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    throw failure("transpile-failed", `the transpiler refused it: ${found.slice(0, 1_000)}`, error);
  }
}

function glueText(files: readonly (readonly [string, Uint8Array])[]): string {
  const scripts = files.filter(([name]) => name.endsWith(".js"));
  const script = scripts[0];
  if (script === undefined || scripts.length > 1) {
    throw failure("transpile-failed", `the transpiler wrote ${scripts.length} JavaScript files instead of one`);
  }
  return new TextDecoder("utf-8", { fatal: true }).decode(script[1]);
}

/** Whether the glue makes a suspending function for its own use, which fails where the engine has no JSPI. */
function suspendsAlways(glue: string): boolean {
  return /\btrampoline\d+=(?:new WebAssembly\.Suspending|_conditionalSuspending\w*)\(/.test(glue);
}

function failure(
  code: "component-invalid" | "target-unsupported" | "transpile-failed",
  found: string,
  cause?: unknown,
): PluginError {
  return new PluginError({ code, stage: "transpile", message: `Cannot transpile the component: ${found}`, cause });
}
