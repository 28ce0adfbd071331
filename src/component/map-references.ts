import type { FunctionType, TypeDefinition, TypeReference } from "./world.js";

/** What to put in the place of each reference. Primitives are never asked about. */
export interface ReferenceMap {
  readonly type: (index: number) => TypeReference;
  readonly resource: (index: number) => number;
}

/** `definition` with every reference replaced; its name and owner stay. */
export function mapDefinition(definition: TypeDefinition, map: ReferenceMap): TypeDefinition {
  const value = (type: TypeReference) => mapReference(type, map);
  const optional = (type: TypeReference | null) => (type === null ? null : value(type));
  switch (definition.kind) {
    case "record":
      return { ...definition, fields: definition.fields.map(({ name, type }) => ({ name, type: value(type) })) };
    case "variant":
      return { ...definition, cases: definition.cases.map(({ name, type }) => ({ name, type: optional(type) })) };
    case "tuple":
      return { ...definition, items: definition.items.map(value) };
    case "list":
      return { ...definition, element: value(definition.element) };
    case "option":
      return { ...definition, value: value(definition.value) };
    case "result":
      return { ...definition, ok: optional(definition.ok), err: optional(definition.err) };
    case "stream":
      return { ...definition, element: optional(definition.element) };
    case "future":
      return { ...definition, value: optional(definition.value) };
    case "own":
    case "borrow":
      return { ...definition, resource: map.resource(definition.resource) };
    case "enum":
    case "flags":
    case "resource":
      return definition;
  }
}

/** `type` with every reference replaced. */
export function mapFunction(type: FunctionType, map: ReferenceMap): FunctionType {
  return {
    async: type.async,
    parameters: type.parameters.map((parameter) => ({ name: parameter.name, type: mapReference(parameter.type, map) })),
    result: type.result === null ? null : mapReference(type.result, map),
  };
}

function mapReference(type: TypeReference, map: ReferenceMap): TypeReference {
  return typeof type === "number" ? map.type(type) : type;
}
