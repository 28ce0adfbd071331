import type { CapabilityKind } from "./capability-types.js";

/** Authorities that are known by name and that no capability can give: they only say what was denied. */
export type UngrantedCapability = "exit" | "terminal" | "sockets" | "blobstore";

/** What an import stands for; `null` for types and functions without any authority of their own. */
export type ImportAuthority = CapabilityKind | UngrantedCapability | null;

/** How one known interface is treated when a plugin imports it. */
export interface ImportRule {
  /** The kind of capability that makes it real. Single functions may need another: see {@link importAuthority}. */
  readonly capability: ImportAuthority;
}

const WASI_0_2: ReadonlyMap<string, ImportAuthority> = new Map<string, ImportAuthority>([
  ["wasi:io/error", null],
  ["wasi:io/poll", null],
  ["wasi:io/streams", null],
  ["wasi:clocks/monotonic-clock", "clocks"],
  ["wasi:clocks/wall-clock", "clocks"],
  ["wasi:clocks/timezone", "clocks"],
  ["wasi:random/random", "random"],
  ["wasi:random/insecure", "random"],
  ["wasi:random/insecure-seed", "random"],
  ["wasi:cli/stdout", "stdout"],
  ["wasi:cli/stderr", "stderr"],
  ["wasi:cli/stdin", "stdin"],
  ["wasi:cli/environment", "env"],
  ["wasi:cli/exit", "exit"],
  ["wasi:cli/terminal-input", "terminal"],
  ["wasi:cli/terminal-output", "terminal"],
  ["wasi:cli/terminal-stdin", "terminal"],
  ["wasi:cli/terminal-stdout", "terminal"],
  ["wasi:cli/terminal-stderr", "terminal"],
  ["wasi:filesystem/types", "fs"],
  ["wasi:filesystem/preopens", "fs"],
  ["wasi:sockets/network", "sockets"],
  ["wasi:sockets/instance-network", "sockets"],
  ["wasi:sockets/tcp", "sockets"],
  ["wasi:sockets/tcp-create-socket", "sockets"],
  ["wasi:sockets/udp", "sockets"],
  ["wasi:sockets/udp-create-socket", "sockets"],
  ["wasi:sockets/ip-name-lookup", "sockets"],
  // The two sides of requests that a plugin sends. `incoming-handler` is for exporting: importing it would
  // mean to call another plugin, which nobody here offers.
  ["wasi:http/types", "http"],
  ["wasi:http/outgoing-handler", "http"],
]);

// Drafts have no semantic versions to compare: they are matched by the exact strings found in use.
const DRAFTS: ReadonlyMap<string, ImportAuthority> = new Map<string, ImportAuthority>([
  ["wasi:logging/logging@0.1.0-draft", "log"],
  ["wasi:logging/logging", "log"],
  ["wasi:config/store@0.2.0-draft", "config"],
  ["wasi:config/store@0.2.0-draft-2024-09-27", "config"],
  ["wasi:config/store@0.2.0-rc.1", "config"],
  ["wasi:config/runtime@0.2.0-draft", "config"],
  ["wasi:keyvalue/store@0.2.0-draft", "keyvalue"],
  ["wasi:keyvalue/atomics@0.2.0-draft", "keyvalue"],
  ["wasi:keyvalue/batch@0.2.0-draft", "keyvalue"],
  // The second draft's cursors of `list-keys` are texts instead of numbers, and `atomics` has compare-and-swap.
  ["wasi:keyvalue/store@0.2.0-draft2", "keyvalue"],
  ["wasi:keyvalue/atomics@0.2.0-draft2", "keyvalue"],
  ["wasi:keyvalue/batch@0.2.0-draft2", "keyvalue"],
  ["wasi:blobstore/blobstore@0.2.0-draft", "blobstore"],
  ["wasi:blobstore/container@0.2.0-draft", "blobstore"],
  ["wasi:blobstore/types@0.2.0-draft", "blobstore"],
]);

const WASI_0_2_VERSION = /^(wasi:[a-z0-9-]+\/[a-z0-9-]+)@0\.2\.(?:0|[1-9][0-9]*)$/;

/**
 * The rule for an imported interface, by its full name, or `undefined` when nobody offers it.
 * Every released WASI 0.2 version counts as one, since 0.2.x only ever adds functions; an added function
 * that this version does not know is denied by itself.
 */
export function importRule(interfaceName: string): ImportRule | undefined {
  const draft = DRAFTS.get(interfaceName);
  if (draft !== undefined) return { capability: draft };
  const released = releasedName(interfaceName);
  const capability = released === undefined ? undefined : WASI_0_2.get(released);
  return capability === undefined ? undefined : { capability };
}

// Interfaces that hold functions of more than one authority.
const FUNCTIONS: ReadonlyMap<string, ImportAuthority> = new Map<string, ImportAuthority>([
  ["wasi:cli/environment#get-arguments", "args"],
  ["wasi:cli/environment#initial-cwd", "fs"],
]);

/**
 * What one imported function stands for, by its component-level name; `undefined` for an interface that is
 * not in the catalogue, which only the app itself can offer, with the capability `host:<interface>`.
 */
export function importAuthority(interfaceName: string, functionName: string): ImportAuthority | undefined {
  const released = releasedName(interfaceName);
  const own = released === undefined ? undefined : FUNCTIONS.get(`${released}#${functionName}`);
  return own ?? importRule(interfaceName)?.capability;
}

function releasedName(interfaceName: string): string | undefined {
  return WASI_0_2_VERSION.exec(interfaceName)?.[1];
}
