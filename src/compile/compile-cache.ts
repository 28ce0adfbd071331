import type { CompiledComponent, CompileKey, CoreModule } from "./compile-key.js";
import type { StalenessReason } from "./live-compile-key.js";

export type { StalenessReason } from "./live-compile-key.js";

/** A compiled component with the digests of its parts: what a cache keeps. */
export interface CachedComponent extends CompiledComponent {
  readonly coreModules: readonly (CoreModule & { readonly sha256: string })[];
  /** SHA-256 of the glue's UTF-8. */
  readonly glueSha256: string;
  /** Digest of the component's imports and exports, as they were found in the component itself. */
  readonly worldDigest: string;
}

/** What a cache answers: the component, or why it has none that can be used. */
export type CacheRead = { readonly hit: CachedComponent } | { readonly miss: StalenessReason };

/**
 * Keeps compiled components. A cache never fails a load: `read` always answers, and a bad entry is only
 * a reason to compile again.
 */
export interface CompileCache {
  /**
   * The component under `key`, every part checked against its digest.
   *
   * @param provenance where the code came from: entries of different provenance are kept apart.
   */
  read(key: CompileKey, provenance: string): Promise<CacheRead>;
  /** Keeps `component`. Rejects with the reason if it cannot; nothing is half written then. */
  write(component: CachedComponent, provenance: string): Promise<void>;
  /** Forgets what was compiled of one component, wherever the code came from. Left out where that cannot be told apart. */
  forget?(wasmSha256: string): Promise<void>;
  /** Forgets everything. Rejects with the reason if it cannot. */
  clear(): Promise<void>;
}
