import type { World } from "../component/world.js";
import { GLUE_ABI, type CompileKey, type CompileTarget } from "./compile-key.js";
import { engineConfigHash, transpileOptions } from "./transpile-options.js";
import { TRANSPILER_VERSION } from "./transpiler-identity.js";

/** Why stored output cannot be used: a field of the key, or what is wrong with the entry. */
export const STALENESS_REASONS = [
  "missing",
  "schema",
  "wasm",
  "transpiler",
  "target",
  "config",
  "digest",
  "unreadable",
] as const;

/** One of {@link STALENESS_REASONS}. */
export type StalenessReason = (typeof STALENESS_REASONS)[number];

/** The key that transpiling the component with digest `wasmSha256` for `target` would have here and now. */
export async function liveCompileKey(wasmSha256: string, world: World, target: CompileTarget): Promise<CompileKey> {
  return {
    wasmSha256,
    transpilerVersion: TRANSPILER_VERSION,
    target: `${target}/${GLUE_ABI}`,
    engineConfigHash: await engineConfigHash(transpileOptions(world, target)),
  };
}

/** The first field in which `found` differs from `live`, or `undefined` if the stored output is current. */
export function compareKeys(found: CompileKey, live: CompileKey): StalenessReason | undefined {
  if (found.wasmSha256 !== live.wasmSha256) return "wasm";
  if (found.transpilerVersion !== live.transpilerVersion) return "transpiler";
  if (found.target !== live.target) return "target";
  if (found.engineConfigHash !== live.engineConfigHash) return "config";
  return undefined;
}
