import { fromHex } from "../bytes/hex.js";
import { parseInterfaceJson, parseMembers, parseString, refuseJson } from "./parse-json.js";
import { parseWorld } from "./parse-world.js";
import type { World } from "./world.js";

declare const FUNCTIONS: unique symbol;

/**
 * What an app wants a plugin to export, as `portcullis types` writes it. `Functions` are the functions'
 * TypeScript types by the key that `call` takes; they exist at compile time only.
 */
export interface InterfaceDescriptor<Functions> {
  /** For messages. */
  readonly name: string;
  /** Interface hash of the world's exports. */
  readonly hash: string;
  /** The wanted exports, with the imports that the app offers. */
  readonly world: World;
  /** @internal Never there: carries the type. */
  readonly [FUNCTIONS]?: Functions;
}

/** What a descriptor is made from. */
export interface InterfaceDescriptorData {
  readonly name: string;
  readonly hash: string;
  readonly world: World;
}

/** Gives descriptor data the types of its functions. Generated code calls this; nothing is checked here. */
export function defineInterface<Functions>(data: InterfaceDescriptorData): InterfaceDescriptor<Functions> {
  return data;
}

/**
 * Reads a descriptor from a value that anyone may have written. The hash is only checked for its form.
 *
 * @throws {PluginError} `manifest-invalid`, with the path of what is wrong.
 */
export function parseDescriptor(value: unknown): InterfaceDescriptor<unknown> {
  return parseInterfaceJson(parseParts, value, "descriptor");
}

function parseParts(value: unknown, path: string): InterfaceDescriptor<unknown> {
  const members = parseMembers(value, path, ["name", "hash", "world"]);
  const hash = parseString(members.get("hash"), `${path}.hash`);
  if (hash.length !== 64 || fromHex(hash) === undefined) refuseJson(`${path}.hash`, "is not a SHA-256 in lower-case hexadecimal digits");
  return { name: parseString(members.get("name"), `${path}.name`), hash, world: parseWorld(members.get("world"), `${path}.world`) };
}
