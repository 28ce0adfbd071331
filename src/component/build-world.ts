import { invalidComponent, unsupportedComponent } from "./component-failures.js";
import { isInterfaceName } from "./component-names.js";
import type { Exports } from "./component-scope.js";
import { definitionProblem, functionProblem } from "./definition-rules.js";
import { mapDefinition, mapFunction, type ReferenceMap } from "./map-references.js";
import type { TypeGraph } from "./type-graph.js";
import type { FunctionType, InterfaceShape, NamedFunction, TypeDefinition, WorldSide } from "./world.js";

/** Lays out the types that a world uses, each once, every definition after those it refers to. */
export class WorldBuilder {
  readonly types: TypeDefinition[] = [];
  readonly #graph: TypeGraph;
  readonly #positions = new Map<number, number>();
  readonly #structures = new Map<string, number>();
  readonly #references: ReferenceMap;

  constructor(graph: TypeGraph) {
    this.#graph = graph;
    const position = (index: number) => this.#position(index);
    this.#references = { type: position, resource: position };
  }

  side(entities: Exports): WorldSide {
    const interfaces: InterfaceShape[] = [];
    const functions: NamedFunction[] = [];
    for (const [name, entity] of entities) {
      if (entity.sort === "instance") interfaces.push(this.#interface(name, entity.exports));
      else if (entity.sort === "function") functions.push(this.#function(name, entity.type, null));
      else if (entity.sort !== "type") {
        throw unsupportedComponent(`its world has the ${entity.sort === "core" ? "core module" : entity.sort} ${JSON.stringify(name)}; only functions and interfaces can be used`);
      }
    }
    return { interfaces, functions };
  }

  #interface(name: string, exports: Exports): InterfaceShape {
    if (!isInterfaceName(name)) throw unsupportedComponent(`${JSON.stringify(name)} is not the name of an interface`);
    const resources = new Map<string, number>();
    for (const [typeName, entity] of exports) {
      if (entity.sort !== "type" || entity.type.kind !== "resource") continue;
      const resource = this.#graph.at(entity.type.index);
      // A resource under another name or from another interface is only used here.
      if (resource.kind === "resource" && resource.name === typeName && resource.owner === name) {
        resources.set(typeName, this.#position(entity.type.index));
      }
    }
    const functions: NamedFunction[] = [];
    for (const [functionName, entity] of exports) {
      if (entity.sort === "function") functions.push(this.#function(functionName, entity.type, resources));
      else if (entity.sort !== "type") throw unsupportedComponent(`interface ${name} has a ${entity.sort}, ${JSON.stringify(functionName)}`);
    }
    return { name, functions, resources: [...resources.values()] };
  }

  #function(name: string, type: FunctionType | string, resources: ReadonlyMap<string, number> | null): NamedFunction {
    if (typeof type === "string") throw unsupportedComponent(type);
    const named = { name, type: mapFunction(type, this.#references) };
    refuse(functionProblem(named, resources, this.types));
    return named;
  }

  #position(index: number): number {
    const known = this.#positions.get(index);
    if (known !== undefined) return known;
    const definition = mapDefinition(this.#graph.at(index), this.#references);
    // Resources are nominal: two with the same name are two.
    const structure = definition.kind === "resource" ? `resource ${index}` : JSON.stringify(definition);
    let position = this.#structures.get(structure);
    if (position === undefined) {
      refuse(definitionProblem(definition));
      position = this.types.push(definition) - 1;
      this.#structures.set(structure, position);
    }
    this.#positions.set(index, position);
    return position;
  }
}

function refuse(problem: string | null): void {
  if (problem !== null) throw invalidComponent(problem);
}
