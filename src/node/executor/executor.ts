import type { PluginErrorCode, PluginStage } from "../../errors/error-codes.js";
import type { GuestEvent } from "../../rpc/messages.js";

/** Bounds of one instance. */
export interface InstanceLimits {
  /** From the order to a started instance, in milliseconds. */
  readonly instantiateMilliseconds: number;
  /** The most that one call may take, in milliseconds. A call may ask for less. */
  readonly callMilliseconds: number;
  /** Memory of the instance's process beyond what its runtime needs, in bytes. */
  readonly memoryBytes: number;
  /** One message between the process and the executor, in bytes. */
  readonly messageBytes: number;
  /** Output and log that the instance may write in its life, in bytes. */
  readonly logBytes: number;
}

/** One instance to be started. It crosses to executors on other machines, so that it is plain data. */
export interface InstanceOrder {
  readonly id: string;
  readonly version: string;
  /** SHA-256 of the manifest that was admitted where the order comes from. An executor that has another refuses. */
  readonly manifestSha256: string;
  /** What it was granted, as canonical capability texts. An executor intersects it with what the manifest asks for. */
  readonly grants: readonly string[];
  /** JSON of what the load was configured with. */
  readonly config: string | undefined;
  readonly limits: InstanceLimits;
}

/** How a call ended. `bytes` are bincode of the function's own types. */
export type ExecutorOutcome =
  | { readonly kind: "ok" | "err"; readonly bytes: Uint8Array }
  | { readonly kind: "trap" | "resource-invalid" | "host-failed"; readonly message: string };

/** The answer to a host call. */
export type ExecutorHostAnswer =
  | { readonly kind: "ok" | "err"; readonly bytes: Uint8Array }
  | { readonly kind: "denied"; readonly authority: string; readonly import: string }
  | { readonly kind: "failed"; readonly message: string };

/** Why an instance ended, or did not start. */
export interface InstanceEnd {
  readonly code: PluginErrorCode;
  readonly stage: PluginStage;
  readonly message: string;
}

export interface InstanceListeners {
  /** The plugin calls a function of the app. `target` is `interface#function`. It waits for {@link ExecutorInstance.answer}. */
  readonly onHostCall: (id: number, target: string, args: Uint8Array) => void;
  readonly onEvent: (event: GuestEvent) => void;
  /** The instance ended by itself, or was ended for breaking a bound. Called at most once, and not after {@link ExecutorInstance.end}. */
  readonly onEnded: (end: InstanceEnd) => void;
}

/** A started instance, wherever it runs. Calls of one instance are made one after another. */
export interface ExecutorInstance {
  /**
   * Calls an exported function. After anything but `ok` and `err`, or a deadline, the instance has ended.
   *
   * @param target - `interface#function`, by component-level names.
   * @throws {PluginError} `timeout`, or what the instance ended with.
   */
  call(target: string, args: Uint8Array, milliseconds: number): Promise<ExecutorOutcome>;
  /** Drops a resource that a call answered with. */
  drop(resource: number): Promise<ExecutorOutcome>;
  answer(id: number, answer: ExecutorHostAnswer): void;
  /** Takes nothing more from it until {@link resume}: who is told of it cannot keep up. Left out where that cannot be done. */
  pause?(): void;
  resume?(): void;
  /** Ends it at once, and everything that it started. Ending it again does nothing. */
  end(): Promise<void>;
}

/** What runs instances. */
export interface Executor {
  /** @throws {PluginError} why it cannot be started; `aborted` after `signal` did, when nothing of it is left. */
  start(order: InstanceOrder, listeners: InstanceListeners, signal: AbortSignal): Promise<ExecutorInstance>;
  /** Instances that run or are being started. */
  readonly running: number;
  /** What an operator may want to see, by name in lower case with `_` between words, such as `warm`: read at any time. */
  figures?(): ReadonlyMap<string, number>;
  /** Ends every instance, and what was kept ready. */
  close(): Promise<void>;
}
