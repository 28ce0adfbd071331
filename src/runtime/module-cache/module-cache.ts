/** Why the engine was given a module's bytes and not the service worker's answer. None of these is an error. */
export type EngineCacheMiss =
  /** This realm has no service workers, no Cache Storage or no `compileStreaming`: a worker, a page without TLS. */
  | "unsupported"
  /** No service worker controls this page (yet): a first visit, or one that was reloaded past it. */
  | "uncontrolled"
  /** The service worker that controls this page does not serve modules. */
  | "not-served"
  /** Smaller than what pays, or larger than all that may be kept. */
  | "too-small"
  | "too-large"
  /** It could not be kept: Cache Storage failed, or its quota is used up. */
  | "not-kept"
  /** What was kept was not these bytes any more. It has been replaced. */
  | "altered"
  /** The service worker gave no answer, or one that could not be used, although what is kept is right. */
  | "unanswered"
  /** It took too long. */
  | "timeout"
  /** The sandbox compiles by itself, in a process of its own. */
  | "sandbox";

/** Where a compiled module came from. */
export interface ModuleOrigin {
  /** `service-worker`: the engine may have had its code from an earlier page. `page`: it was compiled in this page before. */
  readonly from: "service-worker" | "page" | "bytes";
  /** Why it was compiled from its bytes. */
  readonly miss?: EngineCacheMiss;
}

/** Keeps modules where the engine keeps what it compiled of them, across page loads. See `moduleCache`. */
export interface ModuleCache {
  /** Compiles exactly `bytes` by way of the cache, or says why not. Rejects never. */
  compile(bytes: Uint8Array): Promise<{ readonly module: WebAssembly.Module } | { readonly miss: EngineCacheMiss }>;
  /** Removes everything that is kept. */
  clear(): Promise<void>;
}
