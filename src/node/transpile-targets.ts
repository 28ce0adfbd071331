import { sha256Hex } from "../bytes/sha256.js";
import { toUtf8 } from "../bytes/utf8.js";
import { locateCoreModules } from "../component/core-modules.js";
import type { World } from "../component/world.js";
import { COMPILE_TARGETS, type CompileTarget, type CoreModule } from "../compile/compile-key.js";
import { liveCompileKey } from "../compile/live-compile-key.js";
import { targetRefusal } from "../compile/supported-targets.js";
import type { TranspiledComponent } from "../compile/transpile-component.js";
import { isPluginError, type PluginError } from "../errors/plugin-error.js";
import type { CoreModuleReference, TranspiledOutput } from "../package/manifest.js";
import { transpileInNode } from "./transpiler-node.js";

/** What became of one target. */
export type TargetReport =
  | {
      readonly target: CompileTarget;
      readonly supported: true;
      /** Size of the glue in bytes. */
      readonly glueBytes: number;
      /** Core modules that are exact parts of the component, and so cost nothing. */
      readonly modulesInComponent: number;
      /** Core modules that are files of their own. */
      readonly modulesApart: number;
    }
  | { readonly target: CompileTarget; readonly supported: false; readonly reason: string };

/** The transpiled part of a package. */
export interface TranspiledTargets {
  readonly outputs: readonly TranspiledOutput[];
  /** By path in the package. A core module that two targets share is there once. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly targets: readonly TargetReport[];
}

/**
 * Transpiles a component for every target that it allows.
 *
 * @throws {PluginError} `transpile-failed`, `target-unsupported`: why, if no target is possible
 */
export async function transpileTargets(
  component: Uint8Array,
  world: World,
  onTarget: (target: CompileTarget) => void,
): Promise<TranspiledTargets> {
  const slices = new ComponentSlices(component);
  const outputs: TranspiledOutput[] = [];
  const files = new Map<string, Uint8Array>();
  const targets: TargetReport[] = [];
  let failure: PluginError | undefined;
  for (const target of COMPILE_TARGETS) {
    onTarget(target);
    try {
      const reason = targetRefusal(world, target);
      if (reason !== undefined) {
        targets.push({ target, supported: false, reason });
        continue;
      }
      const transpiled = await transpileInNode(component, world, target);
      const output = await describeOutput(transpiled, { target, world, slices, files });
      outputs.push(output);
      targets.push(describeTarget(target, transpiled, output));
    } catch (error) {
      if (!isPluginError(error)) throw error;
      failure = error;
      targets.push({ target, supported: false, reason: error.message });
    }
  }
  if (outputs.length === 0 && failure !== undefined) throw failure;
  return { outputs, files, targets };
}

interface OutputContext {
  readonly target: CompileTarget;
  readonly world: World;
  readonly slices: ComponentSlices;
  readonly files: Map<string, Uint8Array>;
}

async function describeOutput(transpiled: TranspiledComponent, { target, world, slices, files }: OutputContext): Promise<TranspiledOutput> {
  const glue = `transpiled/${target}/glue.js`;
  files.set(glue, toUtf8(transpiled.glue));
  const coreModules: CoreModuleReference[] = [];
  for (const module of transpiled.coreModules) coreModules.push(await referTo(module, slices, files));
  return { key: await liveCompileKey(await sha256Hex(slices.component), world, target), glue, coreModules };
}

async function referTo({ name, bytes }: CoreModule, slices: ComponentSlices, files: Map<string, Uint8Array>): Promise<CoreModuleReference> {
  const sha256 = await sha256Hex(bytes);
  const offset = slices.find(bytes);
  if (offset !== undefined) return { name, sha256, size: bytes.length, offset };
  const path = `core/${sha256}.wasm`;
  files.set(path, bytes);
  return { name, sha256, size: bytes.length, path };
}

function describeTarget(target: CompileTarget, { glue }: TranspiledComponent, { coreModules }: TranspiledOutput): TargetReport {
  const modulesApart = coreModules.filter((module) => "path" in module).length;
  return { target, supported: true, glueBytes: toUtf8(glue).length, modulesInComponent: coreModules.length - modulesApart, modulesApart };
}

/** The core modules of a component, to find transpiled ones again: most are copied out unchanged. */
class ComponentSlices {
  readonly component: Uint8Array;
  readonly #ranges: ReturnType<typeof locateCoreModules>;

  constructor(component: Uint8Array) {
    this.component = component;
    this.#ranges = locateCoreModules(component);
  }

  /** Where in the component exactly these bytes stand as a core module. */
  find(bytes: Uint8Array): number | undefined {
    return this.#ranges.find(({ offset, size }) => {
      return size === bytes.length && Buffer.compare(this.component.subarray(offset, offset + size), bytes) === 0;
    })?.offset;
  }
}
