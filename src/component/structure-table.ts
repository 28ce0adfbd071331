import { mapDefinition, type ReferenceMap } from "./map-references.js";
import { definitionAt } from "./type-words.js";
import type { TypeDefinition, World } from "./world.js";

/**
 * Types by structure: equal structures have one position, whatever they are called and whatever world they
 * come from. Each structure is stored once and refers to others by position, so types that share parts
 * (which written out would grow exponentially) stay small.
 */
export class StructureTable {
  /** In the order of first use, parts before what they are part of. Names of types are left out. */
  readonly structures: Structure[] = [];
  readonly #positions = new Map<string, number>();
  readonly #ownerKey: (owner: string) => string;

  /** `ownerKey` gives what two owners of a resource must agree on. */
  constructor(ownerKey: (owner: string) => string = (owner) => owner) {
    this.#ownerKey = ownerKey;
  }

  /** Maps the references of `world` to positions in this table. */
  references(world: World): ReferenceMap {
    const exported = new Set(world.exports.interfaces.flatMap((shape) => shape.resources));
    const known = new Map<number, number>();
    const position = (index: number): number => {
      const before = known.get(index);
      if (before !== undefined) return before;
      const definition = definitionAt(world, index);
      const structure: Structure = definition.kind === "resource"
        // The same interface imported and exported has two different resources of one name.
        ? { kind: "resource", name: definition.name, owner: this.#ownerKey(definition.owner), exported: exported.has(index) }
        : withoutName(mapDefinition(definition, map));
      const found = this.#intern(structure);
      known.set(index, found);
      return found;
    };
    const map: ReferenceMap = { type: position, resource: position };
    return map;
  }

  #intern(structure: Structure): number {
    const key = JSON.stringify(structure);
    let position = this.#positions.get(key);
    if (position === undefined) {
      position = this.structures.push(structure) - 1;
      this.#positions.set(key, position);
    }
    return position;
  }
}

export type Structure = TypeDefinition | (TypeDefinition & { readonly kind: "resource"; readonly exported: boolean });

function withoutName(definition: TypeDefinition): TypeDefinition {
  if (definition.kind === "resource") return definition;
  const { name: _name, owner: _owner, ...structure } = definition;
  return structure;
}
