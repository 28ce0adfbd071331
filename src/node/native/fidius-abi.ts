import type { BincodeType } from "../../bincode/bincode-type.js";
import type { Signature } from "./foreign-functions.js";

/** fidius's native interface, as its crates of 0.5 have it (`fidius-core`: `descriptor`, `status`, `stream_ffi`, `host_ffi`), on 64-bit processors. */
export const ABI_VERSION = 500;

/** Before 1.0 every minor version has an interface of its own: `MAJOR * 10000 + MINOR * 100`. */
export function releaseOf(version: number): string {
  return `${Math.floor(version / 10_000)}.${Math.floor((version % 10_000) / 100)}`;
}

/** Both kinds of registry begin with it, and are of this version and size. */
export const REGISTRY = { magic: "FIDIUS\0\0", version: 1, bytes: 24, versionAt: 8, countAt: 12, entriesAt: 16 } as const;

export const DESCRIPTOR = {
  bytes: 120, sizeAt: 0, abiAt: 4, interfaceNameAt: 8, interfaceHashAt: 16, capabilitiesAt: 32, bufferStrategyAt: 40, pluginNameAt: 48, vtableAt: 56,
  freeBufferAt: 64, methodCountAt: 72, methodMetadataAt: 80, traitMetadataAt: 88, traitMetadataCountAt: 96, constructAt: 104, destroyAt: 112,
} as const;

export const HOST_IMPORT = { bytes: 40, sizeAt: 0, abiAt: 4, nameAt: 8, hashAt: 16, versionAt: 24, bindAt: 32 } as const;

export const HOST_TABLE = { bytes: 56, sizeAt: 0, abiAt: 4, nameAt: 8, hashAt: 16, versionAt: 24, functionsAt: 28, contextAt: 32, dispatchAt: 40, freeAt: 48 } as const;

export const STREAM = { bytes: 24, nextAt: 0, dropAt: 8, stateAt: 16 } as const;

export const BUFFER_STRATEGY = { pluginAllocated: 1, arena: 2 } as const;

export const STATUS = { ok: 0, tooSmall: -1, serialization: -2, pluginError: -3, panic: -4, streamEnd: -5, invalidIndex: -6 } as const;

/** What a library says to a table of host functions. */
export const BIND = { ok: 0, functionCount: -6 } as const;

/** Instead of a function's place: asks only whether the interface is there. */
export const HOST_PROBE = 0xffff_ffff;

/** fidius's `PluginError`. */
export const PLUGIN_ERROR: BincodeType = {
  kind: "record",
  fields: [{ name: "code", type: "string" }, { name: "message", type: "string" }, { name: "details", type: { kind: "option", value: "string" } }],
};

const status = (...parameters: Signature["parameters"]): Signature => ({ result: "int32", parameters });

/** Of every function that the two sides call of each other. */
export const SIGNATURES = {
  registry: { result: "uint64", parameters: [] },
  construct: { result: "uint64", parameters: ["uint64", "uint32"] },
  destroy: { result: "void", parameters: ["uint64"] },
  freeBuffer: { result: "void", parameters: ["uint64", "uint64"] },
  /** instance, input, its length, where the output's address goes, where its length goes */
  pluginAllocated: status("uint64", "uint64", "uint32", "uint64", "uint64"),
  /** instance, input, its length, the arena, its length, where the output's offset in it goes, where its length goes */
  arena: status("uint64", "uint64", "uint32", "uint64", "uint32", "uint64", "uint64"),
  /** instance, stream, and as `pluginAllocated` */
  takesStream: status("uint64", "uint64", "uint64", "uint32", "uint64", "uint64"),
  /** stream, buffer, its length, where the item's length goes */
  next: status("uint64", "uint64", "uint32", "uint64"),
  drop: { result: "void", parameters: ["uint64"] },
  bind: status("uint64"),
  /** context, place of the function, input, its length, where the output's address goes, where its length goes */
  dispatch: status("uint64", "uint32", "uint64", "uint32", "uint64", "uint64"),
} as const satisfies Record<string, Signature>;
