import { isInterfaceName, NAME_LENGTH_LIMIT } from "./component-names.js";
import { definitionProblem, functionProblem } from "./definition-rules.js";
import { mapDefinition } from "./map-references.js";
import { NESTING_LIMIT } from "./nesting-limit.js";
import { parseArray, parseIndex, parseInterfaceJson, parseMembers, parseString, refuseJson } from "./parse-json.js";
import { parseDefinition, parseFunctionType } from "./parse-types.js";
import type { InterfaceShape, NamedFunction, TypeDefinition, World, WorldSide } from "./world.js";

/** More of any kind than a real world has: WASI's largest has 200 types. */
const COUNT_LIMIT = 100_000;

/**
 * Reads a {@link World} from JSON that anyone may have written. Accepts exactly what the decoder can
 * produce: a definition refers only to earlier ones (so there are no cycles), own and borrow to resources,
 * names follow the component model's grammar, unknown members are refused.
 *
 * @param path - Where the value stands, for messages.
 * @throws {PluginError} `manifest-invalid`, with the path of what is wrong.
 */
export function parseWorld(value: unknown, path = "world"): World {
  return parseInterfaceJson(parseSides, value, path);
}

function parseSides(value: unknown, path: string): World {
  const members = parseMembers(value, path, ["types", "imports", "exports"]);
  const types = parseTypes(members.get("types"), `${path}.types`);
  return {
    types,
    imports: parseSide(members.get("imports"), `${path}.imports`, types),
    exports: parseSide(members.get("exports"), `${path}.exports`, types),
  };
}

function parseTypes(value: unknown, path: string): TypeDefinition[] {
  const types: TypeDefinition[] = [];
  const depths: number[] = [];
  parseArray(value, path, COUNT_LIMIT, (item, itemPath, index) => {
    const definition = parseDefinition(item, itemPath, index);
    let depth = 0;
    mapDefinition(definition, {
      type: (reference) => {
        if (types[reference]?.kind === "resource") refuseJson(itemPath, `refers to type ${reference}, a resource, without own or borrow`);
        depth = Math.max(depth, depths[reference] ?? 0);
        return reference;
      },
      resource: (reference) => {
        if (types[reference]?.kind !== "resource") refuseJson(itemPath, `refers to type ${reference} as a resource, which it is not`);
        return reference;
      },
    });
    if (depth >= NESTING_LIMIT) refuseJson(itemPath, `is nested more than ${NESTING_LIMIT} deep`);
    const problem = definitionProblem(definition);
    if (problem !== null) refuseJson(itemPath, `is wrong: ${problem}`);
    types.push(definition);
    depths.push(depth + 1);
  });
  return types;
}

function parseSide(value: unknown, path: string, types: readonly TypeDefinition[]): WorldSide {
  const members = parseMembers(value, path, ["interfaces", "functions"]);
  const names = new Set<string>();
  const interfaces = parseArray(members.get("interfaces"), `${path}.interfaces`, COUNT_LIMIT, (item, itemPath) => {
    const shape = parseInterface(item, itemPath, types);
    takeName(names, shape.name, itemPath);
    return shape;
  });
  return { interfaces, functions: parseFunctions(members.get("functions"), `${path}.functions`, names, null, types) };
}

function parseInterface(value: unknown, path: string, types: readonly TypeDefinition[]): InterfaceShape {
  const members = parseMembers(value, path, ["name", "functions", "resources"]);
  const name = parseString(members.get("name"), `${path}.name`);
  if (!isInterfaceName(name)) refuseJson(`${path}.name`, `is ${JSON.stringify(name.slice(0, NAME_LENGTH_LIMIT))}, not the name of an interface`);
  const byName = new Map<string, number>();
  const resources = parseArray(members.get("resources"), `${path}.resources`, types.length, (item, itemPath) => {
    const index = parseIndex(item, itemPath, types.length);
    const definition = types[index];
    if (definition?.kind !== "resource" || definition.owner !== name) refuseJson(itemPath, `is type ${index}, not a resource of ${name}`);
    if (byName.has(definition.name)) refuseJson(itemPath, `names resource ${definition.name} twice`);
    byName.set(definition.name, index);
    return index;
  });
  return { name, functions: parseFunctions(members.get("functions"), `${path}.functions`, new Set(), byName, types), resources };
}

function parseFunctions(value: unknown, path: string, names: Set<string>, resources: ReadonlyMap<string, number> | null, types: readonly TypeDefinition[]): NamedFunction[] {
  return parseArray(value, path, COUNT_LIMIT, (item, itemPath) => {
    const members = parseMembers(item, itemPath, ["name", "type"]);
    const named = {
      name: parseString(members.get("name"), `${itemPath}.name`),
      type: parseFunctionType(members.get("type"), `${itemPath}.type`, types),
    };
    takeName(names, named.name, itemPath);
    const problem = functionProblem(named, resources, types);
    if (problem !== null) refuseJson(itemPath, `is wrong: ${problem}`);
    return named;
  });
}

function takeName(names: Set<string>, name: string, path: string): void {
  if (names.has(name)) refuseJson(path, `has the name ${JSON.stringify(name.slice(0, NAME_LENGTH_LIMIT))}, which is there twice`);
  names.add(name);
}
