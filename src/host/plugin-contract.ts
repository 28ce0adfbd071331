import type { HostInterface } from "../capability/host-interface.js";
import type { Manifest } from "../package/manifest.js";
import type { Outcome } from "../rpc/messages.js";

/** A fresh instance, before anybody else may call it. */
export interface ContractInstance {
  readonly manifest: Manifest;
  /**
   * Calls an exported function of an interface, by its names in the component, with wire values.
   *
   * @throws {PluginError} if the instance ends, the start's time is over, or it answers with anything but `ok` or `err`.
   */
  call(interfaceName: string, functionName: string, values: readonly unknown[]): Promise<Extract<Outcome, { kind: "ok" | "err" }>>;
}

/**
 * What plugins that were built for another framework need of their host. It can give them interfaces, under grants as any other,
 * and call each fresh instance before its first call. It cannot skip any step of admission.
 */
export interface PluginContract {
  /** Interfaces of the host for this one load, beside those in the host's options. */
  readonly imports: readonly HostInterface[];
  /** Names of those {@link imports} that give only what the app passes to this load's own calls: passing it grants them. */
  readonly grantedByUse: ReadonlySet<string>;
  /** Whether {@link start} delivers a configuration. */
  readonly takesConfig: boolean;
  /** JSON of the configuration, for plugins behind a bridge whose runtime is configured when it starts. Left out: there is none. */
  configText?(config: unknown, pluginId: string): string | undefined;
  /**
   * Called once for each fresh instance. What it throws ends that instance, and fails whoever waits for it.
   *
   * @param config - what the load was configured with; `undefined` for nothing.
   */
  start(instance: ContractInstance, config: unknown): Promise<void>;
}
