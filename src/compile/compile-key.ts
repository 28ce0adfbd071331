/** How the glue calls: `browser-jspi` lets a call suspend and needs JavaScript Promise Integration. */
export type CompileTarget = "browser-sync" | "browser-jspi";

/** Every target, in the order in which a host prefers them. */
export const COMPILE_TARGETS: readonly CompileTarget[] = ["browser-sync", "browser-jspi"];

/** The version of the contract between glue and sandbox (see {@link CompiledComponent.glue}). */
export const GLUE_ABI = 2;

/**
 * The four-tuple under which transpiled output is valid, equal at pack time and in the browser.
 * Anything that could change the output is in one of the fields; grants and limits are not.
 */
export interface CompileKey {
  /** SHA-256 of the component. */
  readonly wasmSha256: string;
  /** jco's version, the digests of its bindgen modules and our post-processor's version. */
  readonly transpilerVersion: string;
  /** The {@link CompileTarget} with our glue ABI's number, such as `browser-sync/2`. */
  readonly target: string;
  /** SHA-256 of the canonical JSON of every effective transpiler option, defaults written out. */
  readonly engineConfigHash: string;
}

/** A core module that the glue asks for by name. */
export interface CoreModule {
  /** The name that the glue passes to `getCoreModule`, such as `plugin.core2.wasm`. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Transpiled output, ready for a sandbox. */
export interface CompiledComponent {
  readonly key: CompileKey;
  /**
   * Glue ABI 2: a script fragment, without import or export, that declares
   * `function instantiate(getCoreModule, imports, instantiateCore, liftBounds)`. All four must be given.
   * `liftBounds.take(count, bytes)` is called before so many elements of at most so many bytes are allocated,
   * `liftBounds.renew()` when the arguments of a host call are complete, and `liftBounds.handles(length)` before a guest makes
   * a handle in a table of that length; `take` and `handles` throw to refuse.
   * `imports` has one member per imported interface, under its full name with version; a function that
   * the world imports directly is the `default` of a member under the function's name.
   */
  readonly glue: string;
  readonly coreModules: readonly CoreModule[];
}
