/**
 * Every bound that Portcullis puts on a plugin, in one object. A legitimate plugin meets none of the
 * defaults. An app may lower or raise them (`new PluginHost({ limits })`); a manifest may only lower.
 * All are checked before memory is taken.
 */
export interface PluginLimits {
  /** Whole load, from `load()` to a ready handle, in milliseconds. */
  readonly loadMilliseconds: number;
  /** One question to the app or a person whether something is granted, in milliseconds. The load's own clock stands meanwhile. */
  readonly grantMilliseconds: number;
  /** One instantiation, start functions included, in milliseconds. */
  readonly instantiateMilliseconds: number;
  /** One call, from the moment it is made, in milliseconds. */
  readonly callMilliseconds: number;
  /** One call of a function that the app implements, or of its storage, in milliseconds. The plugin's own call goes on meanwhile, within its bound. */
  readonly hostCallMilliseconds: number;
  /**
   * Linear memory of one instance, in bytes: all memories of all its core modules together. Where there are several, each has what it
   * starts with, and the rest is shared out evenly before any of them is made. Growing beyond fails inside the plugin.
   */
  readonly memoryBytes: number;
  /** Tables of one instance, in elements: all tables of all its core modules together, shared out like `memoryBytes`. */
  readonly tableElements: number;
  /**
   * Arguments or result of one call, or of one host call, in bytes: strings counted as UTF-16, any other value as 8. What a plugin
   * gives is counted in its worker before it is read, where each list of numbers counts for 128 bytes more, a list for 16 more, and
   * flags for 4 each: what they take of a JavaScript heap, which ends the whole page when it runs full.
   */
  readonly messageBytes: number;
  /**
   * Linear memories of all instances of the page, together. An engine has about 124 for a process, of any size; what is above
   * this is left to the app and to other pages of the process.
   */
  readonly linearMemories: number;
  /** Calls that wait for one plugin. */
  readonly pendingCalls: number;
  /**
   * What one plugin may store through wasi:keyvalue, in bytes, over all its buckets: the names of buckets and keys count, in
   * UTF-8, for each entry, and the values. A granted `keyvalue:BYTES` lowers it.
   */
  readonly keyValueBytes: number;
  /** Output and log text of one instance that is kept for errors, in bytes. */
  readonly logBytes: number;
  /** One HTTP exchange, from sending the request to the last byte of the answer, in milliseconds. */
  readonly httpMilliseconds: number;
  /** Bodies of requests that one instance is making at a time, together, in bytes: they are held until they are sent. */
  readonly httpRequestBytes: number;
  /** The body of one HTTP response, decoded, in bytes. It is streamed, never held. */
  readonly httpResponseBytes: number;
  /** HTTP exchanges that one instance has under way at a time. */
  readonly httpConcurrent: number;
  /** A whole package, unpacked, in bytes. */
  readonly packageBytes: number;
  /** Files in one package. */
  readonly packageFiles: number;
  /** `manifest.json`, in bytes. */
  readonly manifestBytes: number;
  /** A registry's `index.json`, in bytes. */
  readonly indexBytes: number;
}

const MEBIBYTE = 1024 * 1024;

/** The defaults of {@link PluginLimits}. */
export const DEFAULT_LIMITS: PluginLimits = {
  loadMilliseconds: 30_000,
  grantMilliseconds: 5 * 60_000,
  instantiateMilliseconds: 5_000,
  callMilliseconds: 10_000,
  hostCallMilliseconds: 10_000,
  memoryBytes: 256 * MEBIBYTE,
  tableElements: 1_000_000,
  messageBytes: 64 * MEBIBYTE,
  linearMemories: 96,
  pendingCalls: 1_000,
  keyValueBytes: 10 * MEBIBYTE,
  logBytes: MEBIBYTE,
  httpMilliseconds: 30_000,
  httpRequestBytes: 16 * MEBIBYTE,
  httpResponseBytes: 64 * MEBIBYTE,
  httpConcurrent: 16,
  packageBytes: 64 * MEBIBYTE,
  packageFiles: 4_096,
  manifestBytes: 4 * MEBIBYTE,
  indexBytes: 16 * MEBIBYTE,
};
