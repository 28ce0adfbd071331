import { NESTING_LIMIT, type ReadBudget } from "./binary-reader.js";
import { invalidComponent } from "./component-failures.js";
import { Scope, type Entity, type Exports, type Frame, type TypeEntity } from "./component-scope.js";
import type { AliasSyntax, Declaration, ExternDescription, TypeSyntax } from "./component-syntax.js";
import { mapFunction, type ReferenceMap } from "./map-references.js";
import type { TypeGraph } from "./type-graph.js";

/** Resolves syntax to entities. One per decoding. */
export class TypeEvaluator {
  readonly graph: TypeGraph;
  readonly #budget: ReadBudget;
  #depth = 0;

  constructor(graph: TypeGraph, budget: ReadBudget) {
    this.graph = graph;
    this.#budget = budget;
  }

  type(syntax: TypeSyntax, scope: Scope): TypeEntity {
    switch (syntax.kind) {
      case "value": {
        const { definition } = syntax;
        return { kind: "value", type: definition.kind === "alias" ? definition.type : this.graph.add(definition, referencesIn(scope)) };
      }
      case "function":
        return { kind: "function", type: mapFunction(syntax.type, referencesIn(scope)) };
      case "resource":
        return { kind: "resource", index: this.graph.addResource("", "") };
      case "instance":
        return { kind: "instance", declarations: syntax.declarations, frame: scope.frame() };
      case "component":
        return syntax;
    }
  }

  alias(alias: AliasSyntax, scope: Scope): Entity {
    if (alias.target === "core") return { sort: "core" };
    if (alias.target === "outer") return scope.outerEntity(alias.sort, alias.levels, alias.index);
    const entity = scope.instance(alias.instance).get(alias.name);
    if (entity === undefined || entity.sort !== alias.sort) {
      throw invalidComponent(`an alias of ${alias.sort} ${JSON.stringify(alias.name)}, which its instance does not export`);
    }
    return entity;
  }

  /**
   * What an import or export of the declared kind is. A fresh resource (`sub resource`) becomes that of
   * `actual`, where there is one; otherwise a new resource of that name.
   */
  extern(description: ExternDescription, scope: Scope, name: string, owner: string | undefined, actual: Entity | null): Entity {
    if (actual !== null && actual.sort !== description.sort) {
      throw invalidComponent(`${JSON.stringify(name)} is a ${actual.sort}, but declared to be a ${description.sort}`);
    }
    switch (description.sort) {
      case "function": {
        const type = scope.type(description.type);
        if (type.kind !== "function") throw invalidComponent(`function ${JSON.stringify(name)} has a type that is none of a function`);
        return { sort: "function", type: type.type };
      }
      case "type":
        return this.#boundType(description.equal, scope, name, owner, actual);
      case "instance": {
        const type = scope.type(description.type);
        if (type.kind !== "instance") throw invalidComponent(`instance ${JSON.stringify(name)} has a type that is none of an instance`);
        return { sort: "instance", exports: this.#instance(type.declarations, type.frame, name, actual?.sort === "instance" ? actual.exports : null) };
      }
      case "component":
        return { sort: "component", source: null };
      default:
        return { sort: description.sort };
    }
  }

  /** The same entity under a name, if it is a type that has none. */
  named(entity: Entity, name: string, owner: string | undefined): Entity {
    if (entity.sort !== "type") return entity;
    if (entity.type.kind === "value") return { sort: "type", type: { kind: "value", type: this.graph.named(entity.type.type, name, owner) } };
    if (entity.type.kind === "resource") this.graph.adopt(entity.type.index, name, owner ?? "");
    return entity;
  }

  #boundType(equal: number | null, scope: Scope, name: string, owner: string | undefined, actual: Entity | null): Entity {
    if (equal !== null) return this.named({ sort: "type", type: scope.type(equal) }, name, owner);
    if (actual === null) return { sort: "type", type: { kind: "resource", index: this.graph.addResource(name, owner ?? "") } };
    if (actual.sort !== "type" || actual.type.kind !== "resource") throw invalidComponent(`${JSON.stringify(name)} is declared to be a resource, but is none`);
    return this.named(actual, name, owner);
  }

  #instance(declarations: readonly Declaration[], frame: Frame, owner: string, actual: Exports | null): Exports {
    if (this.#depth >= NESTING_LIMIT) throw invalidComponent(`instances are nested more than ${NESTING_LIMIT} deep`);
    this.#depth += 1;
    this.#budget.spend(declarations.length);
    const scope = new Scope(frame);
    const exports = new Map<string, Entity>();
    for (const declaration of declarations) {
      switch (declaration.kind) {
        case "type":
          scope.define({ sort: "type", type: this.type(declaration.type, scope) });
          break;
        case "alias":
          scope.define(this.alias(declaration.alias, scope));
          break;
        case "export": {
          const { name, description } = declaration;
          if (exports.has(name)) throw invalidComponent(`${JSON.stringify(name)} is exported twice`);
          const found = actual === null ? null : actual.get(name);
          if (found === undefined) throw invalidComponent(`${JSON.stringify(name)} is declared, but not exported`);
          const entity = this.extern(description, scope, name, owner, found);
          scope.define(entity);
          exports.set(name, entity);
        }
      }
    }
    this.#depth -= 1;
    return exports;
  }
}

function referencesIn(scope: Scope): ReferenceMap {
  return {
    type: (index) => {
      const entity = scope.type(index);
      if (entity.kind !== "value") throw invalidComponent(`type ${index} is a ${entity.kind}, where a value type belongs`);
      return entity.type;
    },
    resource: (index) => {
      const entity = scope.type(index);
      if (entity.kind !== "resource") throw invalidComponent(`type ${index} is a ${entity.kind}, where a resource belongs`);
      return entity.index;
    },
  };
}
