/**
 * Every bound that Portcullis puts on a plugin, in one object. A legitimate plugin meets none of the
 * defaults. An app may lower or raise them (`new PluginHost({ limits })`); a manifest may only lower.
 * All are checked before memory is taken.
 */
export interface PluginLimits {
  /** Whole load, from `load()` to a ready handle, in milliseconds. */
  readonly loadMilliseconds: number;
  /** One instantiation, start functions included, in milliseconds. */
  readonly instantiateMilliseconds: number;
  /** One call, from the moment it is made, in milliseconds. */
  readonly callMilliseconds: number;
  /** Linear memory of one instance, in bytes. */
  readonly memoryBytes: number;
  /** Arguments or result of one call, in bytes, strings counted as UTF-16. */
  readonly messageBytes: number;
  /** Calls that wait for one instance. */
  readonly pendingCalls: number;
  /** Output and log text of one instance that is kept for errors, in bytes. */
  readonly logBytes: number;
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
  instantiateMilliseconds: 5_000,
  callMilliseconds: 10_000,
  memoryBytes: 256 * MEBIBYTE,
  messageBytes: 64 * MEBIBYTE,
  pendingCalls: 1_000,
  logBytes: MEBIBYTE,
  packageBytes: 64 * MEBIBYTE,
  packageFiles: 4_096,
  manifestBytes: 4 * MEBIBYTE,
  indexBytes: 16 * MEBIBYTE,
};
