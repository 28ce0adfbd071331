import type { LentObjects } from "../broker/lent-object.js";
import type { PluginError } from "../errors/plugin-error.js";
import type { GivenSource } from "../rpc/given-source.js";
import type { CallRequest, Outcome } from "../rpc/messages.js";

/** A running instance, wherever it runs. */
export interface PluginInstance {
  /** @param milliseconds - the call's time. Who makes it keeps to it; an instance that runs elsewhere is bounded there as well. */
  call(request: CallRequest, transfer: Transferable[], milliseconds: number): Promise<Outcome>;
  drop(resource: number): Promise<Outcome>;
  /** The next step of a stream or future that a call answered with. Left out where there are none. */
  pull?(carrier: number): Promise<Outcome>;
  leave?(carrier: number): Promise<Outcome>;
  /** Where the app's streams and futures are put before they are given to it. */
  readonly sources?: { give(source: number, given: GivenSource): void };
  /** The way of the app's objects into it; left out where it can use none. */
  readonly objects?: LentObjects | undefined;
  terminate(reason: PluginError): void;
}
