/** What an app may say about one call. */
export interface CallOptions {
  /** From the call until its answer, waiting included. Default: the limit `callMilliseconds`. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /**
   * Buffers whose views are moved to the plugin instead of copied; they are unusable afterwards. A view must
   * span its whole buffer. Without this, the caller's data is copied once and stays usable.
   */
  readonly transfer?: readonly ArrayBuffer[];
}
