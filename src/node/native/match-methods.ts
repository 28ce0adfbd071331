import type { BincodeType } from "../../bincode/bincode-type.js";
import type { BridgeFunction } from "../../runtime/bridge/bridge-functions.js";
import { LibraryFault } from "./library-fault.js";
import type { NativeDescriptor } from "./read-plugin.js";
import type { NativeStart } from "./start-message.js";

/** A method that the manifest describes, with the library's code for it. */
export interface NativeMethod {
  readonly type: BridgeFunction;
  /** Left out where the library does not have this optional method. */
  readonly entry?: bigint;
  readonly raw: boolean;
  readonly takesStream: boolean;
  /** The stream that it answers with. */
  readonly produces?: string;
}

/**
 * The methods that the manifest describes, each with its place in the library, by target.
 *
 * @throws {LibraryFault} if the library has others, or lacks one that is not optional
 */
export function matchMethods(start: NativeStart, descriptor: NativeDescriptor): ReadonlyMap<string, NativeMethod> {
  const { entries } = descriptor;
  if (entries.length > start.methods.length) throw new LibraryFault(`its method_count is ${entries.length}, and the manifest describes ${start.methods.length} methods`);
  return new Map(start.methods.map((described, place) => {
    const target = `${start.interfaceName}#${described.function}`;
    const type = start.exports.get(target);
    if (type === undefined) throw new LibraryFault(`the manifest describes the method ${described.function}, which the interface ${start.interfaceName} does not have`);
    checkForm(described, type, start, descriptor.isArena);
    const entry = entryOf(described, place, descriptor);
    const { raw, takesStream, produces } = described;
    return [target, { type, raw, takesStream, ...(entry === undefined ? {} : { entry }), ...(produces === undefined ? {} : { produces }) }];
  }));
}

type Described = NativeStart["methods"][number];

function entryOf({ function: name, optionalBit }: Described, place: number, { entries, capabilities }: NativeDescriptor): bigint | undefined {
  const entry = entries[place];
  // A library that was built for an earlier version of the interface ends before the methods that it does not know.
  const isThere = optionalBit === undefined || (capabilities & (1n << BigInt(optionalBit))) !== 0n;
  if (!isThere) return undefined;
  if (entry !== undefined) return entry;
  const says = optionalBit === undefined ? "is not optional" : "is there, by its capabilities";
  throw new LibraryFault(place < entries.length ? `entry ${place} of vtable is null, and its method ${name} ${says}` : `its method_count is ${entries.length}, and its method ${name} (place ${place}) ${says}`);
}

function checkForm({ function: name, raw, takesStream, produces }: Described, type: BridgeFunction, { exports, interfaceName }: NativeStart, isArena: boolean): void {
  if (raw && !(isBytes(type.arguments.items[0]) && type.arguments.items.length === 1 && isBytes(type.ok))) {
    throw new LibraryFault(`the manifest describes the method ${name} as raw, and it is no function of bytes to bytes`);
  }
  if (isArena && (takesStream || produces !== undefined)) throw new LibraryFault(`its buffer_strategy is 2 (Arena), which has no streams, and its method ${name} has one`);
  if (produces === undefined) return;
  const step = exports.get(`${interfaceName}#${stepOf(produces)}`);
  if (type.ok !== "u32" || !isKind(step?.ok, "option")) throw new LibraryFault(`the manifest describes the method ${name} as one that answers with the stream ${produces}, which it does not`);
}

/** The component-level name of what gives the next item of a stream. */
export function stepOf(resource: string): string {
  return `[method]${resource}.next`;
}

function isBytes(type: BincodeType | null | undefined): boolean {
  return isKind(type, "list") && type.element === "u8";
}

function isKind<Kind extends "list" | "option">(type: BincodeType | null | undefined, kind: Kind): type is Extract<BincodeType, { kind: Kind }> {
  return typeof type === "object" && type?.kind === kind;
}
