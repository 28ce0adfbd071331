import type { TypeDefinition, TypeReference, World } from "./world.js";

/** The types of a {@link World}, which references point into. */
export type TypeTable = Pick<World, "types">;

/**
 * The definition that `index` refers to. A {@link World} from the decoder or `parseWorld` has no
 * reference out of range.
 */
export function definitionAt(world: TypeTable, index: number): TypeDefinition {
  const definition = world.types[index];
  if (definition === undefined) throw new RangeError(`The world has no type ${index}`);
  return definition;
}

/** A type in WIT's words, for messages: `list<u8>`, `record point`. Named types are not spelled out. */
export function typeWords(world: TypeTable, type: TypeReference | null, depth = 0): string {
  if (type === null) return "_";
  if (typeof type === "string") return type;
  const definition = definitionAt(world, type);
  if (definition.kind === "resource") return `resource ${definition.name}`;
  const inner = (item: TypeReference | null) => (depth > 3 ? "…" : typeWords(world, item, depth + 1));
  switch (definition.kind) {
    case "list": return `list<${inner(definition.element)}${definition.length === undefined ? "" : `, ${definition.length}`}>`;
    case "option": return `option<${inner(definition.value)}>`;
    case "result": return `result<${inner(definition.ok)}, ${inner(definition.err)}>`;
    case "tuple": return `tuple<${definition.items.map(inner).join(", ")}>`;
    case "own": return inner(definition.resource).replace("resource ", "");
    case "borrow": return `borrow<${inner(definition.resource).replace("resource ", "")}>`;
    case "stream": return `stream<${inner(definition.element)}>`;
    case "future": return `future<${inner(definition.value)}>`;
    default: return definition.name === undefined ? definition.kind : `${definition.kind} ${definition.name}`;
  }
}
