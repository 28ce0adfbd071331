import { PluginError } from "../../errors/plugin-error.js";
import type { StartedMessage } from "../executor/process-frames.js";
import { checkLibraryFile } from "./check-library-file.js";
import { ConsumedStreams } from "./consumed-streams.js";
import { ABI_VERSION, SIGNATURES } from "./fidius-abi.js";
import type { ForeignFunctions, ForeignLibrary } from "./foreign-functions.js";
import { ForeignMemory } from "./foreign-memory.js";
import type { FrameChannel } from "./frame-channel.js";
import { HostCalls } from "./host-calls.js";
import { HOST_CALL, HostTables } from "./host-tables.js";
import { LibraryCaller } from "./library-caller.js";
import { LibraryFault } from "./library-fault.js";
import { matchMethods } from "./match-methods.js";
import { MemoryMap } from "./memory-map.js";
import { NativePlugin } from "./native-plugin.js";
import { CallbackFailure } from "./outcome.js";
import { boundProcess } from "./process-bounds.js";
import { ProducedStreams } from "./produced-streams.js";
import { type HostImport, readHostImports } from "./read-host-imports.js";
import { readMetadata } from "./read-metadata.js";
import { type NativeDescriptor, readPlugin } from "./read-plugin.js";
import type { NativeStart } from "./start-message.js";

export interface LoadedPlugin {
  readonly plugin: NativePlugin;
  readonly started: StartedMessage;
  /** Its threads may call back at any time, so that this process must be able to listen at any time. */
  readonly callsBack: boolean;
}

/**
 * Loads a library and finds the plugin in it. The library's code runs from here on, with all that this process may do.
 *
 * @throws {PluginError} `runtime-unsupported`, `interface-mismatch`, `instantiate-failed`
 */
export function loadPlugin(functions: ForeignFunctions, channel: FrameChannel, start: NativeStart): LoadedPlugin {
  const path = checkLibraryFile(start.directory, start.library);
  boundProcess(functions, channel.descriptor, start.memoryBytes);
  const library = openLibrary(functions, path, start.library);
  const memory = new ForeignMemory(MemoryMap.open(), functions.copy);
  try {
    const descriptor = readPlugin(memory, registryOf(functions, library, "fidius_get_registry"), start.interfaceHash);
    return assemble(functions, channel, start, memory, descriptor, hostImports(functions, library, memory));
  } catch (error) {
    if (error instanceof LibraryFault) throw malformed(start.library, error.message);
    throw error;
  }
}

function openLibrary(functions: ForeignFunctions, path: string, name: string): ForeignLibrary {
  try {
    return functions.load(path);
  } catch (cause) {
    throw malformed(name, `the system does not load it: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}

function registryOf(functions: ForeignFunctions, library: ForeignLibrary, symbol: string): bigint {
  const get = functions.named(library, symbol, SIGNATURES.registry);
  if (get === undefined) throw new LibraryFault(`it has no function ${symbol}, so that it is no plugin of fidius: its crate calls fidius_plugin_registry!() once`);
  return BigInt(get() ?? 0);
}

/** Libraries that were built before there were host interfaces have no registry of them. */
function hostImports(functions: ForeignFunctions, library: ForeignLibrary, memory: ForeignMemory): readonly HostImport[] {
  const get = functions.named(library, "fidius_get_host_imports", SIGNATURES.registry);
  return get === undefined ? [] : readHostImports(memory, BigInt(get() ?? 0));
}

function assemble(functions: ForeignFunctions, channel: FrameChannel, start: NativeStart, memory: ForeignMemory, descriptor: NativeDescriptor, imports: readonly HostImport[]): LoadedPlugin {
  const { messageBytes } = start;
  const { isArena, freeBuffer } = descriptor;
  const methods = matchMethods(start, descriptor);
  const failure = new CallbackFailure();
  const hostCalls = new HostCalls(channel, start.imports, messageBytes);
  const host = imports.length > 0 && hostCalls.isGranted(HOST_CALL) ? new HostTables(imports, { functions, memory, host: hostCalls, failure, messageBytes }) : undefined;
  const callsBack = host !== undefined || [...methods.values()].some(({ takesStream }) => takesStream);
  const caller = new LibraryCaller({
    functions, memory, isArena, messageBytes, inThread: callsBack, freeBuffer: freeBuffer === undefined ? undefined : functions.at(freeBuffer, SIGNATURES.freeBuffer),
  });
  const produced = new ProducedStreams(functions, memory, caller);
  const consumed = new ConsumedStreams(functions, memory, hostCalls, failure);
  const names = start.methods.map((method) => method.function);
  return {
    plugin: new NativePlugin({ start, functions, descriptor, methods, caller, produced, consumed, host, failure }),
    started: { runtime: `fidius ABI ${ABI_VERSION}`, metadata: readMetadata(memory, descriptor, names) },
    callsBack,
  };
}

function malformed(library: string, reason: string): PluginError {
  return new PluginError({ code: "instantiate-failed", stage: "instantiate", message: `Cannot run the plugin's library ${library}: ${reason}` });
}
