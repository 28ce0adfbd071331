import type { Awaitable } from "./awaitable.js";

/** The way from an import's implementation to the page. Only there if something was granted that lives on the page. */
export interface HostChannel {
  /**
   * Makes a host call. Its error result comes as {@link ImportError}, thrown or rejected. A call that the page
   * denies without an error case, or fails to do, ends the instance and never answers.
   *
   * @param operation - a name in the page's table of operations.
   * @param values - anything that can be posted.
   */
  call(operation: string, values: readonly unknown[]): Awaitable<unknown>;
  /** Tells the page something that has no answer, such as that a handle was dropped. */
  send(operation: string, values: readonly unknown[]): void;
}
