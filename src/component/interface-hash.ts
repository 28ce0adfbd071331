import { canonicalJson, type JsonValue } from "../bytes/canonical-json.js";
import { sha256Hex } from "../bytes/sha256.js";
import { toUtf8 } from "../bytes/utf8.js";
import { PluginError } from "../errors/plugin-error.js";
import { mapFunction, type ReferenceMap } from "./map-references.js";
import { StructureTable } from "./structure-table.js";
import { definitionAt } from "./type-words.js";
import type { InterfaceShape, NamedFunction, World } from "./world.js";

/** Part of what is hashed, so that another way of hashing can never give an equal hash. */
const FORMAT = "portcullis-interface/1";

/**
 * SHA-256 over the exports of `world`: 64 lower-case hexadecimal digits.
 *
 * It covers the interfaces' names and versions, and of each function the name, the parameters' names and
 * order, `async`, and the whole structure of all types. It does not cover the order of interfaces and
 * functions, names of types (resources excepted, which are nominal), or comments.
 *
 * @param names - Takes only these exports: full interface names, or functions directly in the world.
 * @throws {PluginError} `usage-invalid` if one of `names` is not exported.
 */
export async function hashExports(world: World, names?: readonly string[]): Promise<string> {
  const { interfaces, functions } = world.exports;
  if (names === undefined) return hash(world, interfaces, functions);
  const wanted = new Set(names);
  const chosenInterfaces = interfaces.filter((shape) => wanted.has(shape.name));
  const chosenFunctions = functions.filter((named) => wanted.has(named.name));
  for (const { name } of [...chosenInterfaces, ...chosenFunctions]) wanted.delete(name);
  if (wanted.size > 0) throw notThere([...wanted].join(", "), "exported");
  return hash(world, chosenInterfaces, chosenFunctions);
}

/**
 * The same for a single interface, of either side.
 *
 * @throws {PluginError} `usage-invalid` if there is no such interface.
 */
export async function hashInterface(world: World, side: "imports" | "exports", name: string): Promise<string> {
  const shape = world[side].interfaces.find((candidate) => candidate.name === name);
  if (shape === undefined) throw notThere(name, side === "imports" ? "imported" : "exported");
  return hash(world, [shape], []);
}

async function hash(world: World, interfaces: readonly InterfaceShape[], functions: readonly NamedFunction[]): Promise<string> {
  const table = new StructureTable();
  const references = table.references(world);
  const content = {
    format: FORMAT,
    interfaces: sortedByName(interfaces).map((shape) => ({
      name: shape.name,
      resources: resourcesByName(world, shape).map(references.resource),
      functions: describeFunctions(shape.functions, references),
    })),
    functions: describeFunctions(functions, references),
    types: table.structures.map(toJson),
  };
  return sha256Hex(toUtf8(canonicalJson(content)));
}

function resourcesByName(world: World, shape: InterfaceShape): number[] {
  return sortedByName(shape.resources.map((index) => ({ index, name: definitionAt(world, index).name ?? "" }))).map(({ index }) => index);
}

function describeFunctions(functions: readonly NamedFunction[], references: ReferenceMap): JsonValue {
  return sortedByName(functions).map(({ name, type }) => ({ name, ...toJson(mapFunction(type, references)) }));
}

function sortedByName<T extends { readonly name: string }>(items: readonly T[]): T[] {
  return [...items].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Interfaces without index signature are JSON all the same; this only tells the compiler so. */
function toJson(value: object): { readonly [name: string]: JsonValue } {
  return value as { readonly [name: string]: JsonValue };
}

function notThere(name: string, how: string): PluginError {
  return new PluginError({ code: "usage-invalid", stage: "configure", message: `Cannot hash ${name}: it is not ${how} by this world` });
}
