import { checkComponent } from "../admission/check-component.js";
import { toUtf8 } from "../bytes/utf8.js";
import { hashExports } from "../component/interface-hash.js";
import { COMPILE_TARGETS, type CompileTarget } from "../compile/compile-key.js";
import { compareKeys, liveCompileKey } from "../compile/live-compile-key.js";
import { PluginError } from "../errors/plugin-error.js";
import { DEFAULT_LIMITS, type PluginLimits } from "../limits/plugin-limits.js";
import type { Manifest, TranspiledOutput } from "../package/manifest.js";
import type { PluginPackage } from "../package/plugin-package.js";
import type { TrustPolicy } from "../trust/trust-policy.js";
import { verifyPackage } from "../trust/verify-package.js";
import type { Trust } from "../trust/verify-signatures.js";
import { checkBridgeContent } from "./check-bridge-content.js";
import { openPackage } from "./open-package.js";
import { transpileInNode } from "./transpiler-node.js";

export interface VerifyOptions {
  /** The package: a directory, a `.tar.gz`, or a bare component. */
  readonly path: string;
  /** Whose packages are accepted. */
  readonly trust: TrustPolicy;
  /**
   * Transpile the component again and compare every byte: shows that the JavaScript in the package is what
   * this version's transpiler makes of the component, and nothing else. Of native and Python code there is none.
   * @defaultValue false
   */
  readonly retranspile?: boolean;
  readonly limits?: PluginLimits;
}

/** A package that holds what it promises. */
export interface Verification {
  readonly manifest: Manifest;
  /** Why it is trusted. */
  readonly trust: Trust;
  /** Targets whose output was made again and is equal. */
  readonly retranspiled: readonly CompileTarget[];
}

/**
 * Checks a package as a host does before it loads it, and more: every file's digest, the signatures, that
 * the manifest says about imports, exports and interface what the component says, and about libraries what they say.
 *
 * @throws {PluginError} `digest-mismatch`, `signature-missing`, `signature-invalid`, `key-untrusted`,
 * `manifest-mismatch` (for `retranspile` too, naming the file that differs), or what opening it throws
 */
export async function verifyPluginPackage({ path, trust, retranspile = false, limits = DEFAULT_LIMITS }: VerifyOptions): Promise<Verification> {
  const { package: opened } = await openPackage(path, limits);
  const verified = await verifyPackage(opened, trust);
  await checkContent(opened);
  const retranspiled: CompileTarget[] = [];
  if (retranspile) {
    for (const output of opened.manifest.transpiled) retranspiled.push(await compareOutput(opened, output));
  }
  return { manifest: opened.manifest, trust: verified.trust, retranspiled };
}

/**
 * Checks that the manifest of `opened` says what its component says, or what can be known of its native or Python code.
 *
 * @throws {PluginError} `manifest-mismatch`; for code that runs on a bridge `manifest-invalid`, `capability-unknown` and
 * `capability-invalid` too
 */
export async function checkContent(opened: PluginPackage): Promise<void> {
  const { manifest } = opened;
  if (manifest.bridge === undefined) await checkComponent(await opened.readComponent(), manifest.world, manifest.id);
  else await checkBridgeContent(opened);
  const hash = await hashExports(manifest.world);
  if (hash === manifest.interface.hash) return;
  throw mismatch(manifest, `its interface hash is ${hash}, and its manifest says ${manifest.interface.hash}`);
}

async function compareOutput(opened: PluginPackage, output: TranspiledOutput): Promise<CompileTarget> {
  const { manifest } = opened;
  const target = COMPILE_TARGETS.find((candidate) => output.key.target.split("/")[0] === candidate);
  if (target === undefined) throw mismatch(manifest, `its output for ${output.key.target} cannot be made again: this version has no such target`);
  const live = await liveCompileKey(output.key.wasmSha256, manifest.world, target);
  if (compareKeys(output.key, live) !== undefined) {
    const [found, own] = [output.key, live].map(({ transpilerVersion, target: name, engineConfigHash }) => `${transpilerVersion} for ${name}, options ${engineConfigHash.slice(0, 12)}`);
    throw mismatch(manifest, `its output was made by ${found}, and this is ${own}, so the two cannot be compared. Verify it with the version that packed it, or pack it again`);
  }
  const shipped = await opened.readTranspiled(output);
  const made = await transpileInNode(await opened.readComponent(), manifest.world, target);
  if (shipped.glue !== made.glue) throw differs(manifest, output.glue, target, toUtf8(shipped.glue), toUtf8(made.glue));
  const expected = new Map(made.coreModules.map(({ name, bytes }) => [name, bytes]));
  for (const { name, bytes } of shipped.coreModules) {
    const wanted = expected.get(name);
    if (wanted === undefined || Buffer.compare(bytes, wanted) !== 0) throw differs(manifest, `core module ${name}`, target, bytes, wanted);
    expected.delete(name);
  }
  const [missing] = expected.keys();
  if (missing !== undefined) throw mismatch(manifest, `its output for ${target} lacks the core module ${missing}`);
  return target;
}

function differs(manifest: Manifest, what: string, target: CompileTarget, shipped: Uint8Array, made: Uint8Array | undefined): PluginError {
  const at = made === undefined ? "there is none in the transpiler's output" : `at byte ${firstDifference(shipped, made)} (it has ${shipped.length} bytes, transpiling gives ${made.length})`;
  return mismatch(manifest, `${what} is not what transpiling its component for ${target} gives: ${at}. It was changed after it was transpiled: do not run it`);
}

function firstDifference(a: Uint8Array, b: Uint8Array): number {
  const position = a.findIndex((byte, index) => byte !== b[index]);
  return position === -1 ? a.length : position;
}

function mismatch({ id }: Manifest, reason: string): PluginError {
  return new PluginError({ code: "manifest-mismatch", stage: "verify", pluginId: id, message: `Cannot accept ${id}: ${reason}` });
}
