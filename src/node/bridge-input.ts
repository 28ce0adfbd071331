import { realpath } from "node:fs/promises";
import { basename } from "node:path";
import { BRIDGE_BOUNDS, isEnforcedByBridge } from "../capability/bridge-capabilities.js";
import { parseCapability } from "../capability/capability.js";
import type { World } from "../component/world.js";
import { PluginError } from "../errors/plugin-error.js";
import type { PluginLimits } from "../limits/plugin-limits.js";
import { bridgeMethods, STREAM_PULL_INTERFACE } from "../package/check-bridge-world.js";
import type { BridgeCode, BridgeLibrary, BridgeMethod, CapabilityRequest } from "../package/manifest.js";
import { checkPackagePath } from "../package/package-path.js";
import { quotedText } from "../package/quoted-text.js";
import type { BridgeDescription } from "./bridge-description.js";
import { FIDIUS_CARRIERS, withCarriers } from "./fidius/fidius-carriers.js";
import { libraryProblem } from "./library-platform.js";
import { readPythonFiles } from "./python-files.js";
import { checkRequirements } from "./python-requirements.js";
import { confinedPath, readBoundedFile } from "./read-bounded-file.js";
import { worldFromWit } from "./types/wit.js";

/** What packing native or Python code starts from. */
export interface BridgeInput {
  readonly runtime: "rust" | "python";
  readonly world: World;
  readonly code: BridgeCode;
  /** By path in the package. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** What the author asks for, and what the code needs for the streams that it is given. */
  readonly capabilities: readonly CapabilityRequest[];
}

/**
 * Reads the code of a plugin that runs on a bridge, and the WIT of what it exports. Nothing of it is run.
 *
 * @throws {PluginError} `manifest-invalid`, `capability-unknown`, `package-invalid`, `package-too-large`, `source-unreachable`,
 *   `usage-invalid` for WIT that cannot be read
 */
export async function readBridgeInput(directory: string, description: BridgeDescription, requests: readonly CapabilityRequest[], limits: PluginLimits): Promise<BridgeInput> {
  const { runtime, interfaceHash, entryModule } = description;
  const capabilities = completeCapabilities(description, requests);
  const wit = await confinedPath(directory, description.wit, "fidius writes the WIT when the plugin is built; or write it");
  const world = withCarriers(await worldFromWit({ path: wit }, description.world), appInterfaces(capabilities));
  const methods = describeMethods(world, description);
  if (runtime === "rust") {
    const { libraries, files } = await readLibraries(directory, description.libraries, limits);
    return { runtime, world, code: { interfaceHash, methods, libraries }, files, capabilities };
  }
  await checkRequirements(directory, description.requirements);
  const files = await readPythonFiles({ root: await realpath(directory), leftOut: new Set([wit]), limits });
  return { runtime, world, code: { interfaceHash, methods, ...(entryModule === undefined ? {} : { entryModule }) }, files, capabilities };
}

function completeCapabilities({ takesStream }: BridgeDescription, requests: readonly CapabilityRequest[]): readonly CapabilityRequest[] {
  for (const { capability } of requests) {
    if (isEnforcedByBridge(parseCapability(capability, { stage: "pack" }))) continue;
    const message = `Cannot pack the plugin: it asks for the capability ${quotedText(capability)}, and ${BRIDGE_BOUNDS}. Take the request out, and say in the plugin's description what it needs`;
    throw new PluginError({ code: "capability-unknown", stage: "pack", message });
  }
  if (takesStream.size === 0 || appInterfaces(requests).includes(STREAM_PULL_INTERFACE)) return requests;
  return [...requests, { capability: `host:${STREAM_PULL_INTERFACE}`, reason: FIDIUS_CARRIERS.get(STREAM_PULL_INTERFACE) ?? "", optional: true }];
}

/** The app's interfaces that are asked for. */
function appInterfaces(requests: readonly CapabilityRequest[]): readonly string[] {
  const capabilities = requests.map(({ capability }) => parseCapability(capability, { stage: "pack" }));
  return capabilities.flatMap((capability) => (capability.kind === "host" ? [capability.interfaceName] : []));
}

function describeMethods(world: World, { runtime, raw, takesStream, optional }: BridgeDescription): readonly BridgeMethod[] {
  const [offered] = world.exports.interfaces;
  const names = offered === undefined ? [] : bridgeMethods(offered).map(({ name }) => name);
  for (const [member, listed] of [["raw", raw.keys()], ["takes_stream", takesStream.keys()], ["optional", optional.keys()]] as const) {
    const unknown = [...listed].find((name) => !names.includes(name));
    if (unknown === undefined) continue;
    const message = `Cannot read package.toml: ${runtime}.${member} names the function ${quotedText(unknown)}, which the WIT does not have. It has ${names.map((name) => quotedText(name)).join(", ") || "none"}`;
    throw new PluginError({ code: "manifest-invalid", stage: "pack", message });
  }
  return names.map((name) => {
    const [item, optionalBit] = [takesStream.get(name), optional.get(name)];
    return { function: name, raw: raw.has(name), takesStream: takesStream.has(name), ...(item === undefined ? {} : { item }), ...(optionalBit === undefined ? {} : { optionalBit }) };
  });
}

async function readLibraries(directory: string, written: ReadonlyMap<string, string>, limits: PluginLimits): Promise<{ libraries: BridgeLibrary[]; files: Map<string, Uint8Array> }> {
  const libraries: BridgeLibrary[] = [];
  const files = new Map<string, Uint8Array>();
  let total = 0;
  for (const [platform, place] of [...written].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const path = `native/${platform}/${basename(place)}`;
    const refused = checkPackagePath(path);
    if (refused !== undefined) throw invalid(`package.toml names the library ${quotedText(place)}, whose name no file of a package can have: ${refused}. Rename it`);
    const bytes = await readBoundedFile(await confinedPath(directory, place, "Build the library first"), limits.packageBytes - total, "pack");
    total += bytes.length;
    const problem = libraryProblem(bytes, platform);
    if (problem !== undefined) throw invalid(`package.toml names ${quotedText(place)} as the library for ${platform}, and ${problem}`);
    files.set(path, bytes);
    libraries.push({ platform, path });
  }
  return { libraries, files };
}

function invalid(reason: string): PluginError {
  return new PluginError({ code: "package-invalid", stage: "pack", message: `Cannot pack the plugin: ${reason}` });
}
