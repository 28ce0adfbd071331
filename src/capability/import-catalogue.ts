import type { CapabilityKind } from "./capability.js";

/** How one known interface is treated when a plugin imports it. */
export interface ImportRule {
  /**
   * The capability that would make it real. A name outside {@link CapabilityKind} is one that this version
   * cannot grant: it only serves to say what was denied. `null` for interfaces that carry no authority of
   * their own, only the types that granted interfaces hand out.
   */
  readonly capability: CapabilityKind | UngrantedCapability | null;
}

/** Authorities that are known by name and always denied by this version. */
export type UngrantedCapability =
  | "env" | "args" | "stdin" | "exit" | "terminal" | "fs" | "http" | "sockets" | "config" | "keyvalue" | "blobstore";

const WASI_0_2: ReadonlyMap<string, ImportRule["capability"]> = new Map<string, ImportRule["capability"]>([
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
  ["wasi:http/types", "http"],
  ["wasi:http/outgoing-handler", "http"],
]);

// Drafts have no semantic versions to compare: they are matched by the exact strings found in use.
const DRAFTS: ReadonlyMap<string, ImportRule["capability"]> = new Map<string, ImportRule["capability"]>([
  ["wasi:logging/logging@0.1.0-draft", "log"],
  ["wasi:logging/logging", "log"],
  ["wasi:config/store@0.2.0-draft", "config"],
  ["wasi:config/store@0.2.0-rc.1", "config"],
  ["wasi:config/runtime@0.2.0-draft", "config"],
  ["wasi:keyvalue/store@0.2.0-draft", "keyvalue"],
  ["wasi:keyvalue/atomics@0.2.0-draft", "keyvalue"],
  ["wasi:keyvalue/batch@0.2.0-draft", "keyvalue"],
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
  const released = WASI_0_2_VERSION.exec(interfaceName)?.[1];
  if (released === undefined) return undefined;
  const capability = WASI_0_2.get(released);
  return capability === undefined ? undefined : { capability };
}
