import { PluginError } from "../errors/plugin-error.js";
import type { PluginLimits } from "../limits/plugin-limits.js";
import type { Manifest } from "../package/manifest.js";
import { Deadline } from "../runtime/deadline.js";
import { outcomeError } from "../runtime/outcome-error.js";
import type { PluginContract } from "./plugin-contract.js";
import type { PluginInstance } from "../runtime/plugin-instance.js";

/** What a fresh instance is started under. */
export interface ContractStart {
  readonly contract: PluginContract;
  readonly config: unknown;
  readonly manifest: Manifest;
  readonly limits: PluginLimits;
  readonly signal: AbortSignal;
}

/**
 * Lets the contract of a load call a fresh instance before anybody else, within the bound on instantiation. If it fails, the
 * instance is ended.
 *
 * @throws {PluginError} what the contract throws, `timeout`, `aborted`
 */
export async function startUnderContract(instance: PluginInstance, { contract, config, manifest, limits, signal }: ContractStart): Promise<PluginInstance> {
  const { id } = manifest;
  const deadline = new Deadline({ milliseconds: limits.instantiateMilliseconds, signal, pluginId: id, stage: "instantiate", doing: `Starting ${id}` });
  try {
    await deadline.race(contract.start({
      manifest,
      async call(interfaceName, functionName, values) {
        const outcome = await instance.call({ target: `${interfaceName}#${functionName}`, arguments: [...values] }, [], limits.instantiateMilliseconds);
        if (outcome.kind === "ok" || outcome.kind === "err") return outcome;
        throw outcomeError(outcome, { pluginId: id, stage: "instantiate", doing: `Calling ${functionName} of ${id} failed, before its first call` });
      },
    }, config));
    return instance;
  } catch (cause) {
    const message = `Cannot start ${id}: ${cause instanceof Error ? cause.message : String(cause)}`;
    const error = cause instanceof PluginError ? cause : new PluginError({ code: "instantiate-failed", stage: "instantiate", pluginId: id, message, cause });
    instance.terminate(error);
    throw error;
  } finally {
    deadline.dispose();
  }
}
