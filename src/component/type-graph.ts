import { NESTING_LIMIT, type ReadBudget } from "./binary-reader.js";
import { invalidComponent } from "./component-failures.js";
import { mapDefinition, type ReferenceMap } from "./map-references.js";
import type { TypeDefinition, TypeReference } from "./world.js";

/**
 * All types met while a component is evaluated. References are positions in the graph, and a definition
 * refers only to earlier ones, so there are no cycles. Resources are equal only to themselves.
 */
export class TypeGraph {
  readonly #budget: ReadBudget;
  readonly #definitions: TypeDefinition[] = [];
  readonly #depths: number[] = [];

  constructor(budget: ReadBudget) {
    this.#budget = budget;
  }

  at(index: number): TypeDefinition {
    const definition = this.#definitions[index];
    if (definition === undefined) throw new RangeError(`No type ${index}`);
    return definition;
  }

  /** Adds `definition` with its references resolved by `map`. */
  add(definition: TypeDefinition, map: ReferenceMap): number {
    let depth = 0;
    let references = 1;
    const resolved = mapDefinition(definition, {
      type: (index) => {
        references += 1;
        const type = map.type(index);
        if (typeof type === "number") depth = Math.max(depth, this.#depths[type] ?? 0);
        return type;
      },
      resource: map.resource,
    });
    if (depth >= NESTING_LIMIT) throw invalidComponent(`types are nested more than ${NESTING_LIMIT} deep`);
    this.#budget.spend(references);
    return this.#push(resolved, depth + 1);
  }

  addResource(name: string, owner: string): number {
    this.#budget.spend(1);
    return this.#push({ kind: "resource", name, owner }, 1);
  }

  /** The same type under a name, unless it has one: a type keeps the name it was defined with. */
  named(type: TypeReference, name: string, owner: string | undefined): TypeReference {
    if (typeof type !== "number") return type;
    const definition = this.at(type);
    if (definition.kind === "resource" || definition.name !== undefined) return type;
    this.#budget.spend(1);
    return this.#push({ ...definition, name, ...(owner !== undefined && { owner }) }, this.#depths[type] ?? 1);
  }

  /** Fills in what a type was not yet given of its name, when the interface that exports it is known. */
  adopt(index: number, name: string, owner: string): void {
    const definition = this.at(index);
    if (definition.kind === "resource") {
      this.#definitions[index] = { ...definition, name: definition.name || name, owner: definition.owner || owner };
    } else if (definition.owner === undefined) {
      this.#definitions[index] = { ...definition, name: definition.name ?? name, owner };
    }
  }

  #push(definition: TypeDefinition, depth: number): number {
    this.#depths.push(depth);
    return this.#definitions.push(definition) - 1;
  }
}
