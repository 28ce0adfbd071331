import type { StalenessReason } from "../compile/live-compile-key.js";

/**
 * Where a load stands. From a registry the phases are `resolve`, `verify` (the manifest), `cache`, and on a miss `download`,
 * `verify` (the component) and `transpile` if the package has no output that may be used; then `compile`, `instantiate`
 * and `ready`. A plugin behind a bridge has `connect` in place of what is between `verify` and `instantiate`. From a file, `download` comes first. `download` comes again with every part that arrives.
 */
export type LoadProgress =
  | { readonly phase: "resolve" }
  | { readonly phase: "download"; readonly file: string; readonly loadedBytes: number; readonly totalBytes: number | undefined }
  | { readonly phase: "verify" }
  | { readonly phase: "cache"; readonly result: CacheResult }
  | { readonly phase: "transpile" }
  | { readonly phase: "connect" }
  | { readonly phase: "compile" }
  | { readonly phase: "instantiate" }
  | { readonly phase: "ready" };

export type LoadPhase = LoadProgress["phase"];

/** A hit, or the reason for which the entry could not be used: `bridge` for plugins that are not compiled here. */
export type CacheResult = { readonly hit: true } | { readonly hit: false; readonly reason: StalenessReason | "bridge" };

/** Where the code that runs came from. */
export type CodeOrigin = "cache" | "package" | "transpiled" | "bridge";
