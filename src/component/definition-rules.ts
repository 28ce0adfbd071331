import { isInterfaceName, isLabel, parseFunctionName } from "./component-names.js";
import { toCamelCase } from "./javascript-names.js";
import type { NamedFunction, TypeDefinition } from "./world.js";

/** The owner of what stands directly in a world. */
export const WORLD_OWNER = "$root";

/** What is wrong with the names of a definition, as part of a sentence; `null` if nothing is. */
export function definitionProblem(definition: TypeDefinition): string | null {
  if (definition.owner !== undefined && definition.owner !== WORLD_OWNER && !isInterfaceName(definition.owner)) {
    return `${JSON.stringify(definition.owner)} is not the name of an interface that a type could belong to`;
  }
  if (definition.name !== undefined && !isLabel(definition.name)) return `${JSON.stringify(definition.name)} is not the name of a type`;
  switch (definition.kind) {
    case "record": return namesProblem(definition.fields.map((field) => field.name), "field");
    case "variant": return namesProblem(definition.cases.map((variantCase) => variantCase.name), "case");
    case "enum": return namesProblem(definition.cases, "case");
    case "flags": return namesProblem(definition.names, "flag");
    case "list": return definition.length === 0 ? "a list has the fixed length 0" : null;
    case "tuple": return definition.items.length === 0 ? "a tuple has no items" : null;
    default: return null;
  }
}

/** What is wrong with the names of a type's members or a function's parameters; `null` if nothing is. */
export function namesProblem(names: readonly string[], member: string): string | null {
  if (names.length === 0 && member !== "parameter") return `a type has no ${member}`;
  const seen = new Set<string>();
  for (const name of names) {
    if (!isLabel(name)) return `${JSON.stringify(name)} is not the name of a ${member}`;
    // Two names that JavaScript spells alike would be one property.
    const property = toCamelCase(name);
    if (seen.has(property)) return `${member} ${JSON.stringify(name)} is there twice`;
    seen.add(property);
  }
  return null;
}

/**
 * What is wrong with a function's names; `null` if nothing is. `resources` are those of its interface by
 * name, or `null` for a function directly in the world.
 */
export function functionProblem({ name, type }: NamedFunction, resources: ReadonlyMap<string, number> | null, types: readonly TypeDefinition[]): string | null {
  const role = parseFunctionName(name);
  if (role === null) return `${JSON.stringify(name)} is not the name of a function`;
  const problem = namesProblem(type.parameters.map((parameter) => parameter.name), "parameter");
  if (problem !== null) return `${problem} in function ${name}`;
  if (role.kind === "function" || resources === null) return null;
  const resource = resources.get(role.resource);
  if (resource === undefined) return `function ${name} belongs to no resource of its interface`;
  if (role.kind !== "method") return null;
  const self = type.parameters[0]?.type;
  const definition = typeof self === "number" ? types[self] : undefined;
  return definition?.kind === "borrow" && definition.resource === resource ? null : `function ${name} does not take its own resource first`;
}
