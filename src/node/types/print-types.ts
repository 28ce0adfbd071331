import { definitionAt } from "../../component/type-words.js";
import type { TypeDefinition } from "../../component/world.js";
import type { TypeExpressions } from "./type-expressions.js";

/** Every named type except resources, in the order of the world. */
export function printTypes(types: TypeExpressions): string[] {
  return types.world.types.flatMap((definition, index) => {
    const name = types.nameOf(index);
    return name === undefined || definition.kind === "resource" ? [] : [printType(name, index, definition, types)];
  });
}

function printType(name: string, index: number, definition: TypeDefinition, types: TypeExpressions): string {
  const origin = `\`${definition.name}\` of ${definition.owner === undefined || definition.owner === "$root" ? "the world" : definition.owner}`;
  if (definition.kind === "record") {
    const fields = definition.fields.map(({ name: field, type }) => {
      const lost = types.lost(type);
      return `${lost === null ? "" : `  /** ${lost} */\n`}  ${types.field(field, type)}`;
    });
    return `/** Record ${origin}. */\nexport interface ${name} {\n${fields.join("\n")}\n}`;
  }
  const kind = definition.kind.charAt(0).toUpperCase() + definition.kind.slice(1);
  return `/** ${kind} ${origin}${describe(index, types)}. */\nexport type ${name} = ${types.define(definition)};`;
}

function describe(index: number, types: TypeExpressions): string {
  const lost = types.lost(index);
  if (lost !== null) return `: ${lost}`;
  const definition = definitionAt(types.world, index);
  if (definition.kind !== "variant") return "";
  const payloads = definition.cases.flatMap(({ name, type }) => {
    const words = type === null ? null : types.lost(type);
    return words === null ? [] : [`${name} is ${words}`];
  });
  return payloads.length > 0 ? `: ${payloads.join(", ")}` : "";
}
