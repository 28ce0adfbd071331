import type { CallableFunction } from "../../component/callable-functions.js";
import { toCamelCase } from "../../component/javascript-names.js";
import { definitionAt, typeWords } from "../../component/type-words.js";
import type { TypeReference } from "../../component/world.js";
import type { TypeExpressions } from "./type-expressions.js";
import { toIdentifier, toMemberName } from "./typescript-names.js";

/** An interface that holds `functions` as methods, each with its WIT signature as comment. */
export function printFunctionTable(name: string, comment: string, functions: Iterable<CallableFunction>, types: TypeExpressions, { mayBeAsynchronous = false } = {}): string {
  const members = [...functions].map((callable) => printFunction(callable, types, mayBeAsynchronous));
  return `/** ${comment} */\nexport interface ${name} {\n${members.join("\n")}${members.length > 0 ? "\n" : ""}}`;
}

function printFunction({ key, kind, type }: CallableFunction, types: TypeExpressions, mayBeAsynchronous: boolean): string {
  // A method's first parameter is the resource that it is called on.
  const parameters = kind === "method" ? type.parameters.slice(1) : type.parameters;
  const words = (reference: TypeReference | null) => typeWords(types.world, reference);
  const signature = `${type.async ? "async " : ""}func(${parameters.map((parameter) => `${parameter.name}: ${words(parameter.type)}`).join(", ")})${type.result === null ? "" : ` -> ${words(type.result)}`}`;
  const declared = parameters.map((parameter) => `${toIdentifier(toCamelCase(parameter.name))}: ${types.use(parameter.type)}`).join(", ");
  const result = typeof type.result === "number" ? definitionAt(types.world, type.result) : null;
  const fallible = result?.kind === "result";
  const ok = fallible ? result.ok : type.result;
  const answer = ok === null ? "void" : types.answer(ok);
  const failure = fallible ? ` An \`err\` is thrown, with ${result.err === null ? "no value" : `\`${types.use(result.err)}\``} as \`payload\`.` : "";
  return `  /** \`${signature}\`${failure} */\n  ${toMemberName(key)}(${declared}): ${mayBeAsynchronous ? `${answer} | Promise<${answer}>` : answer};`;
}
