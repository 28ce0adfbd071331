import { BincodeProblem } from "../../bincode/bincode-type.js";
import { JsonProblem } from "../../bytes/json-parser.js";
import { type Capability, parseCapability } from "../../capability/capability.js";
import { intersectCapabilities } from "../../capability/include-capability.js";
import { resultSides } from "../../component/result-sides.js";
import { definitionAt } from "../../component/type-words.js";
import type { World } from "../../component/world.js";
import type { PluginErrorCode } from "../../errors/error-codes.js";
import { PluginError } from "../../errors/plugin-error.js";
import { checkConfigValue } from "../../package/config-value.js";
import type { BridgeCode, Manifest } from "../../package/manifest.js";
import { parseConfigSchema } from "../../package/parse-config-schema.js";
import { type BridgeFunction, bridgeFunctions } from "../../runtime/bridge/bridge-functions.js";
import type { InstanceOrder } from "./executor.js";
import type { RunnablePlugin } from "./plugin-catalogue.js";
import type { StartMessage } from "./process-frames.js";

/** What one instance may do and have, settled from the manifest and the order before a process is given anything. */
export interface InstanceTerms {
  /** What was granted of what the manifest asks for. */
  readonly grants: readonly Capability[];
  /** What may be called, by target. */
  readonly exports: ReadonlyMap<string, BridgeFunction>;
  /** What it may call of the app, by target. */
  readonly imports: ReadonlyMap<string, BridgeFunction>;
  /** What it is configured with; `undefined` for nothing. */
  readonly config: unknown;
  /** Of a native plugin: the path of the library for this system. */
  readonly library: string | undefined;
}

/**
 * @throws {PluginError} `component-unsupported` for types that cannot cross, `runtime-unsupported` without a library for this
 *   system, `config-invalid`, `capability-unknown`, `capability-invalid`.
 */
export function instanceTerms({ manifest, bridge }: RunnablePlugin, order: InstanceOrder): InstanceTerms {
  const { id, capabilities } = manifest;
  const read = (texts: readonly string[]): readonly Capability[] => texts.map((text) => parseCapability(text, { pluginId: id, stage: "instantiate", doing: `Cannot start ${id}` }));
  const grants = intersectCapabilities(read(capabilities.map(({ capability }) => capability)), read(order.grants));
  refuseResources(manifest);
  return {
    grants,
    exports: functionsOf(manifest, "exports"),
    imports: new Map([...functionsOf(manifest, "imports")].filter(([target]) => grants.some((grant) => permits(grant, target)))),
    config: readConfig(manifest, order.config),
    library: manifest.runtime === "rust" ? libraryFor(id, bridge) : undefined,
  };
}

/** What a process is told. */
export function startMessage({ manifest, bridge }: RunnablePlugin, terms: InstanceTerms, bounds: Pick<StartMessage, "directory" | "messageBytes" | "memoryBytes">): StartMessage {
  const [offered] = manifest.world.exports.interfaces;
  return {
    pluginId: manifest.id,
    interfaceHash: bridge.interfaceHash,
    interfaceName: offered?.name ?? "",
    ...(bridge.entryModule === undefined ? {} : { entryModule: bridge.entryModule }),
    ...(terms.library === undefined ? {} : { library: terms.library }),
    methods: bridge.methods.map((method) => ({ ...method, ...produced(manifest.world, method.function) })),
    exports: [...terms.exports.values()],
    imports: [...terms.imports.values()],
    ...(terms.config === undefined ? {} : { config: terms.config }),
    ...bounds,
  };
}

/** The resource that a method answers with, alone or as the success of a `result`. Streams are all that there are. */
function produced(world: World, name: string): { readonly produces?: string } {
  const method = world.exports.interfaces[0]?.functions.find((named) => named.name === name);
  const ok = method === undefined ? null : resultSides(world, method.type.result).ok;
  const answer = typeof ok === "number" ? definitionAt(world, ok) : undefined;
  const resource = answer?.kind === "own" ? definitionAt(world, answer.resource) : undefined;
  return resource?.kind === "resource" ? { produces: resource.name } : {};
}

/** Objects of the app would cross as numbers that any plugin can make up. */
function refuseResources({ id, world }: Manifest): void {
  const found = world.imports.interfaces.find(({ resources }) => resources.length > 0);
  if (found === undefined) return;
  throw refusal(id, "component-unsupported", `it imports ${found.name}, which has resources, and a process can call functions of the app only. Use functions with values`);
}

function functionsOf({ id, world }: Manifest, side: "imports" | "exports"): ReadonlyMap<string, BridgeFunction> {
  try {
    return bridgeFunctions(world, world[side], "wit");
  } catch (error) {
    if (!(error instanceof BincodeProblem)) throw error;
    throw refusal(id, "component-unsupported", `one of its ${side} cannot cross to a process: ${error.message}`);
  }
}

function permits(grant: Capability, target: string): boolean {
  const [interfaceName, name = ""] = target.split("#");
  return grant.kind === "host" && grant.interfaceName === interfaceName && (grant.functions === undefined || grant.functions.includes(name));
}

function readConfig({ id, config: schema }: Manifest, text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return schema === undefined ? value : checkConfigValue(parseConfigSchema(schema, { stage: "instantiate", pluginId: id }), value, "config");
  } catch (error) {
    if (error instanceof JsonProblem || error instanceof SyntaxError) throw refusal(id, "config-invalid", `its configuration is not what it takes: ${error.message}`);
    throw error;
  }
}

function libraryFor(id: string, { libraries = [] }: BridgeCode): string {
  const platform = `${process.platform}-${process.arch}`;
  const found = libraries.find((library) => library.platform === platform);
  if (found !== undefined) return found.path;
  const others = libraries.map((library) => library.platform).join(", ");
  throw refusal(id, "runtime-unsupported", `it has no library for ${platform}, which this system is, but for ${others || "none"}. Ask its publisher for one, or run it on an executor of another system`);
}

function refusal(pluginId: string, code: PluginErrorCode, reason: string): PluginError {
  return new PluginError({ code, stage: "instantiate", pluginId, message: `Cannot start ${pluginId}: ${reason}` });
}
