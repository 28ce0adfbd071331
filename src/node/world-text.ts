import { parseFunctionName } from "../component/component-names.js";
import { definitionAt } from "../component/type-words.js";
import type { FunctionType, InterfaceShape, NamedFunction, NamedType, TypeDefinition, TypeReference, World, WorldSide } from "../component/world.js";

/**
 * One side of a world in the manner of WIT, for reading: interfaces with the types they define, and their
 * functions. Types that another interface defines are named and not repeated.
 */
export function worldText(world: World, side: WorldSide): string {
  const blocks = side.interfaces.map((shape) => block(`interface ${shape.name}`, interfaceLines(world, shape)));
  return [...blocks, ...side.functions.map((named) => functionLine(world, named))].join("\n");
}

function interfaceLines(world: World, shape: InterfaceShape): string[] {
  const owned = world.types.filter((type) => type.kind !== "resource" && type.owner === shape.name && type.name !== undefined);
  const resources = shape.resources.map((index) => {
    const { name = "" } = definitionAt(world, index);
    const members = shape.functions.filter((named) => resourceOf(named.name) === name);
    return block(`resource ${name}`, members.map((named) => functionLine(world, named)));
  });
  const functions = shape.functions.filter((named) => resourceOf(named.name) === undefined);
  return [...owned.map((type) => definitionText(world, type)), ...resources, ...functions.map((named) => functionLine(world, named))];
}

function resourceOf(functionName: string): string | undefined {
  const role = parseFunctionName(functionName);
  return role === null || role.kind === "function" ? undefined : role.resource;
}

function block(head: string, lines: readonly string[]): string {
  if (lines.length === 0) return `${head} {}`;
  return `${head} {\n${lines.map((line) => line.replace(/^/gm, "  ")).join("\n")}\n}`;
}

function functionLine(world: World, { name, type }: NamedFunction): string {
  const role = parseFunctionName(name);
  if (role?.kind === "constructor") return `constructor(${parameters(world, type.parameters)});`;
  // `self` goes without saying in a method.
  const shown = role?.kind === "method" ? { ...type, parameters: type.parameters.slice(1) } : type;
  const label = role === null ? name : role.name;
  return `${label}: ${role?.kind === "static" ? "static " : ""}${functionText(world, shown)};`;
}

function functionText(world: World, { async, parameters: given, result }: FunctionType): string {
  const answer = result === null ? "" : ` -> ${reference(world, result)}`;
  return `${async ? "async " : ""}func(${parameters(world, given)})${answer}`;
}

function parameters(world: World, given: readonly NamedType[]): string {
  return given.map(({ name, type }) => `${name}: ${reference(world, type)}`).join(", ");
}

function definitionText(world: World, type: TypeDefinition): string {
  const { name = "" } = type;
  switch (type.kind) {
    case "record": return `record ${name} { ${parameters(world, type.fields)} }`;
    case "variant": return `variant ${name} { ${type.cases.map((one) => (one.type === null ? one.name : `${one.name}(${reference(world, one.type)})`)).join(", ")} }`;
    case "enum": return `enum ${name} { ${type.cases.join(", ")} }`;
    case "flags": return `flags ${name} { ${type.names.join(", ")} }`;
    default: return `type ${name} = ${structure(world, type)};`;
  }
}

/** A type where it is used: by its name, if it has one. */
function reference(world: World, type: TypeReference | null): string {
  if (type === null) return "_";
  if (typeof type === "string") return type;
  const definition = definitionAt(world, type);
  return definition.name ?? structure(world, definition);
}

function structure(world: World, type: TypeDefinition): string {
  const of = (item: TypeReference | null): string => reference(world, item);
  switch (type.kind) {
    case "list": return `list<${of(type.element)}${type.length === undefined ? "" : `, ${type.length}`}>`;
    case "option": return `option<${of(type.value)}>`;
    case "tuple": return `tuple<${type.items.map(of).join(", ")}>`;
    case "own": return of(type.resource);
    case "borrow": return `borrow<${of(type.resource)}>`;
    case "stream": return type.element === null ? "stream" : `stream<${of(type.element)}>`;
    case "future": return type.value === null ? "future" : `future<${of(type.value)}>`;
    case "result": return resultText(of, type.ok, type.err);
    default: return type.name ?? type.kind;
  }
}

function resultText(of: (item: TypeReference | null) => string, ok: TypeReference | null, err: TypeReference | null): string {
  if (err !== null) return `result<${of(ok)}, ${of(err)}>`;
  return ok === null ? "result" : `result<${of(ok)}>`;
}
