import type { CapabilityKind } from "../capability/capability.js";
import type { World } from "../component/world.js";

/** Everything a fresh worker needs to instantiate a plugin. Sent once, by the host. */
export interface StartRequest {
  readonly world: World;
  /** Per imported interface: the authority it stands for, named in denials. */
  readonly authorities: readonly (readonly [interfaceName: string, authority: string | null])[];
  readonly authority: GuestAuthority;
  /** How imports that live on the page are called; `null` if nothing that was granted lives there. */
  readonly transport: HostCallTransport | null;
  /** Compiled where the realm takes modules, bytes where it does not. One with storage, memories or tables of its own, is instantiated once. */
  readonly coreModules: readonly (readonly [name: string, module: WebAssembly.Module | Uint8Array, hasStorage: boolean])[];
  /** What one message of the guest may take: its result, or the arguments of one host call, in bytes. */
  readonly messageBytes: number;
  /** Bytes of output and log that the worker may send in one instance's life. */
  readonly outputBytes: number;
}

/** What an instance was given, as far as its worker must know. What lives on the page is checked there again, at every call. */
export interface GuestAuthority {
  readonly grants: readonly CapabilityKind[];
  /** The granted variables, and no others. */
  readonly environment: readonly (readonly [name: string, value: string])[];
  readonly arguments: readonly string[];
  readonly config: readonly (readonly [key: string, value: string])[];
  /** The granted directories: where the guest sees each, and its descriptor. */
  readonly directories: readonly { readonly path: string; readonly descriptor: OpenedDescriptor }[];
  /** Full names of the interfaces that the app implements and has granted. */
  readonly hostInterfaces: readonly string[];
  /** The number of standard input's stream on the page. */
  readonly standardInput: number | undefined;
  /** Clocks are rounded down to multiples of this. 0 leaves them as they are. */
  readonly clockResolutionMilliseconds: number;
}

/**
 * An open file or directory of the page. What it is goes with its number, so that asking for it needs no host call:
 * C's and Go's libraries ask while they are instantiated, when a plugin cannot be suspended.
 */
export interface OpenedDescriptor {
  readonly handle: number;
  /** `descriptor-type`. */
  readonly type: string;
  /** `descriptor-flags`. */
  readonly flags: Readonly<Record<string, boolean>>;
}

/** By promises that suspend the guest, or by a buffer that both sides share while the worker's thread waits. */
export type HostCallTransport = { readonly kind: "suspension" } | { readonly kind: "shared-memory"; readonly buffer: SharedArrayBuffer };

/** A worker's call of something that lives on the page. Nothing answers one with the number 0. */
export interface HostCallRequest {
  readonly id: number;
  readonly operation: string;
  readonly arguments: readonly unknown[];
}

/** What the page answers. `denied` and `failed` end the instance. */
export type HostAnswer =
  | { readonly kind: "ok"; readonly value: unknown }
  | { readonly kind: "err"; readonly value: unknown }
  | { readonly kind: "denied"; readonly authority: string; readonly import: string }
  | { readonly kind: "failed"; readonly message: string };

/** One call of an exported function, method, static function or constructor. */
export interface CallRequest {
  /** `interface#function`, or `#function` for one that stands in the world itself. */
  readonly target: string;
  readonly arguments: readonly unknown[];
}

/** How instantiation or a call ended. Anything but `ok` and `err` leaves the instance unusable. */
export type Outcome =
  | { readonly kind: "ok"; readonly value: unknown }
  | { readonly kind: "err"; readonly value: unknown }
  | { readonly kind: "denied"; readonly authority: string; readonly import: string }
  | { readonly kind: "exited"; readonly success: boolean }
  | { readonly kind: "resource-invalid"; readonly message: string }
  /** An import that lives on the page could not do what it must: the app's function broke, or took too long. */
  | { readonly kind: "host-failed"; readonly message: string }
  /** The engine has no linear memory left for this instance. */
  | { readonly kind: "memory-exhausted"; readonly message: string }
  /** What the guest returned, or passed to a host call, does not fit into a message. It was not lifted. */
  | { readonly kind: "too-large"; readonly messageBytes: number }
  | { readonly kind: "trap"; readonly message: string };

/** What the worker offers to the host, through Comlink. No function of it ever rejects. */
export interface PluginWorkerService {
  start(request: StartRequest): Promise<Outcome>;
  call(request: CallRequest): Promise<Outcome>;
  /** Drops the host's reference to an exported resource. */
  drop(resource: number): Promise<Outcome>;
  /** The next item of a stream that a call answered with, or the value of a future: a {@link CarrierStep}. */
  pull(carrier: number): Promise<Outcome>;
  /** Leaves a stream or future, wherever it stands. */
  leave(carrier: number): Promise<Outcome>;
}

/** One step of a stream or future. `failed` is for those of the app only: the plugin's own end with their instance. */
export type CarrierStep =
  | { readonly kind: "item"; readonly value: unknown }
  | { readonly kind: "end" }
  | { readonly kind: "failed"; readonly message: string };

/** A worker's wish for the next item of a stream or future that the app gave, or its leaving of it. */
export interface SourceRequest {
  readonly source: number;
  readonly wish: "next" | "leave";
}

/** What a plugin says of its own accord. */
export type GuestEvent =
  | { readonly kind: "output"; readonly stream: "stdout" | "stderr"; readonly text: string }
  | { readonly kind: "log"; readonly level: string; readonly context: string; readonly message: string }
  | { readonly kind: "denied"; readonly authority: string; readonly import: string }
  | { readonly kind: "output-truncated" };

/** What the worker sends before anything else: the verdict of its own check of the walls around it. */
export type SelfTest = { readonly sealed: true } | { readonly sealed: false; readonly open: string };
