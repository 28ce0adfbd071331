/** What an app may say about one call. */
export interface CallOptions {
  /** From the call until its answer, waiting included. Default: the limit `callMilliseconds`. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /**
   * Making the call twice does no harm. If the connection to the plugin's bridge is lost before its answer, it is made again, within
   * its time, as often as that happens. Default: `false`, and it fails with `bridge-disconnected`: whether it was done is not known.
   */
  readonly idempotent?: boolean;
  /**
   * Buffers whose views are moved to the plugin instead of copied; they are unusable afterwards. A view must
   * span its whole buffer. Without this, the caller's data is copied once and stays usable.
   */
  readonly transfer?: readonly ArrayBuffer[];
}
