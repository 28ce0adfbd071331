import type { CapabilityKind } from "../capability/capability.js";
import type { World } from "../component/world.js";

/** Everything a fresh worker needs to instantiate a plugin. Sent once, by the host. */
export interface StartRequest {
  readonly world: World;
  /** Per imported interface: the authority it stands for, named in denials. */
  readonly authorities: readonly (readonly [interfaceName: string, authority: string | null])[];
  readonly grants: readonly CapabilityKind[];
  /** Compiled where the realm takes modules, bytes where it does not. */
  readonly coreModules: readonly (readonly [name: string, module: WebAssembly.Module | Uint8Array])[];
  /** Bytes of output and log that the worker may send in one instance's life. */
  readonly outputBytes: number;
}

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
  | { readonly kind: "trap"; readonly message: string };

/** What the worker offers to the host, through Comlink. No function of it ever rejects. */
export interface PluginWorkerService {
  start(request: StartRequest): Promise<Outcome>;
  call(request: CallRequest): Promise<Outcome>;
  /** Drops the host's reference to an exported resource. */
  drop(resource: number): Promise<Outcome>;
}

/** What a plugin says of its own accord. */
export type GuestEvent =
  | { readonly kind: "output"; readonly stream: "stdout" | "stderr"; readonly text: string }
  | { readonly kind: "log"; readonly level: string; readonly context: string; readonly message: string }
  | { readonly kind: "denied"; readonly authority: string; readonly import: string }
  | { readonly kind: "output-truncated" };

/** What the worker sends before anything else: the verdict of its own check of the walls around it. */
export type SelfTest = { readonly sealed: true } | { readonly sealed: false; readonly open: string };
