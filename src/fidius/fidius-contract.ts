import { BincodeProblem, type BincodeType } from "../bincode/bincode-type.js";
import { encodeBincode } from "../bincode/encode-bincode.js";
import { serdeJson } from "../bincode/serde-json.js";
import { PluginError } from "../errors/plugin-error.js";
import type { Manifest } from "../package/manifest.js";
import type { ContractInstance, PluginContract } from "../host/plugin-contract.js";
import { type FidiusHostInterface, hostCallCarrier } from "./host-call.js";
import { type FidiusSignature, fidiusInterfaceHash } from "./interface-hash.js";
import { STREAM_PULL, StreamPullCarrier } from "./stream-pull.js";

/** What an app knows of a component that was built for fidius. */
export interface FidiusOptions {
  /** The hash that the app's own build of the interface has, or the signatures that it is made from. It cannot be found from WIT. */
  readonly interfaceHash: bigint | readonly FidiusSignature[];
  /** The Rust type of the plugin's configuration. Without it, a configuration must be given as the bytes of its bincode. */
  readonly configType?: BincodeType;
  /** What the app offers through `fidius:host-call`. The plugin gets it only if that interface is granted to it. */
  readonly hostInterfaces?: readonly FidiusHostInterface[];
  /**
   * Whether methods that take a stream can be called: `false` lets a plugin that has some load where a browser has no way to wait
   * for the app. Default: `true`.
   */
  readonly inputStreams?: boolean;
  /** How long one item of an input may take, in milliseconds. Default: the limit `hostCallMilliseconds`. */
  readonly inputTimeoutMs?: number;
  /** Told what the app's own functions did wrong. */
  readonly onHostFailure?: (functionName: string, error: unknown) => void;
}

/** The contract of one load: see {@link PluginContract}. */
export interface FidiusContract extends PluginContract {
  /** @internal */
  readonly pull: StreamPullCarrier;
}

/**
 * What fidius does for its components before their first call: their interface hash is compared, and they are configured. Gives
 * them fidius's two interfaces of the host as well. Make one for each load.
 *
 * @throws {PluginError} `usage-invalid`
 */
export function fidiusContract(options: FidiusOptions): FidiusContract {
  const { interfaceHash, configType, hostInterfaces = [], inputStreams = true, inputTimeoutMs, onHostFailure = () => undefined } = options;
  const expected = typeof interfaceHash === "bigint" ? interfaceHash : fidiusInterfaceHash(interfaceHash);
  const pull = new StreamPullCarrier(inputTimeoutMs);
  // Each load reads its manifest anew, and all instances of it have that one.
  let owner: Manifest | undefined;
  return {
    pull,
    imports: [pull.hostInterface, hostCallCarrier(hostInterfaces, onHostFailure)],
    grantedByUse: new Set(inputStreams ? [STREAM_PULL] : []),
    takesConfig: true,
    configText: (config, pluginId) => (configType === undefined ? undefined : checkedConfig(pluginId, () => serdeJson(configType, config, "config"))),
    async start(instance, config) {
      owner ??= instance.manifest;
      // Two plugins would pull from one input.
      if (owner !== instance.manifest) throw new PluginError({ code: "usage-invalid", stage: "configure", pluginId: instance.manifest.id, message: `Cannot load ${instance.manifest.id}: its fidius contract is another load's. Make one for each load` });
      const interfaceName = fidiusInterface(instance.manifest);
      await checkHash(instance, interfaceName, expected);
      if (config !== undefined) await configureInstance(instance, interfaceName, encodedConfig(config, configType, instance.manifest.id));
    },
  };
}

/** The one interface of the plugin that is fidius's. */
function fidiusInterface({ id, world }: Manifest): string {
  const found = world.exports.interfaces.filter(({ functions }) => functions.some(({ name, type }) => name === "fidius-interface-hash" && type.parameters.length === 0 && type.result === "u64"));
  const [first, second] = found;
  if (first !== undefined && second === undefined) return first.name;
  const reason = first === undefined ? "it exports no fidius-interface-hash, so it was not built for fidius" : "several of its interfaces export a fidius-interface-hash, so it is unclear which is meant";
  throw mismatch(id, reason);
}

async function checkHash(instance: ContractInstance, interfaceName: string, expected: bigint): Promise<void> {
  const { kind, value } = await instance.call(interfaceName, "fidius-interface-hash", []);
  if (kind === "ok" && value === expected) return;
  const found = typeof value === "bigint" ? hexadecimal(value) : "no hash";
  throw mismatch(instance.manifest.id, `its fidius interface hash is ${found}, and the app was built for ${hexadecimal(expected)}. Use a build of the plugin against the same version of the interface`);
}

async function configureInstance(instance: ContractInstance, interfaceName: string, bytes: Uint8Array): Promise<void> {
  const { id, world } = instance.manifest;
  const shape = world.exports.interfaces.find(({ name }) => name === interfaceName);
  if (shape?.functions.some(({ name }) => name === "fidius-configure") !== true) {
    throw configInvalid(id, "it exports no fidius-configure, so it takes no configuration. Load it without");
  }
  await instance.call(interfaceName, "fidius-configure", [bytes]);
}

function encodedConfig(config: unknown, type: BincodeType | undefined, id: string): Uint8Array {
  if (type === undefined) {
    if (config instanceof Uint8Array) return config;
    throw configInvalid(id, "the type of its configuration was not given. Give `configType`, or the configuration as the bytes of its bincode");
  }
  return checkedConfig(id, () => encodeBincode(type, config, "config"));
}

function checkedConfig<Form>(id: string, write: () => Form): Form {
  try {
    return write();
  } catch (error) {
    throw error instanceof BincodeProblem ? configInvalid(id, error.message) : error;
  }
}

function configInvalid(pluginId: string, reason: string): PluginError {
  return new PluginError({ code: "config-invalid", stage: "configure", pluginId, message: `Cannot configure ${pluginId}: ${reason}` });
}

function mismatch(pluginId: string, reason: string): PluginError {
  return new PluginError({ code: "interface-mismatch", stage: "instantiate", pluginId, message: `Cannot load ${pluginId}: ${reason}` });
}

function hexadecimal(hash: bigint): string {
  return `0x${hash.toString(16).padStart(16, "0")}`;
}
