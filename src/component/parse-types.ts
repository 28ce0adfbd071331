import { parseArray, parseIndex, parseMembers, parseString, refuseJson } from "./parse-json.js";
import { PRIMITIVE_TYPES, type FunctionType, type NamedType, type TypeDefinition, type TypeReference } from "./world.js";

/** More fields, cases or parameters than a real type has. */
const MEMBER_LIMIT = 100_000;
/** The largest length of a fixed-length list that the binary format can state. */
const LENGTH_LIMIT = 2 ** 32;
const PRIMITIVES: ReadonlyMap<unknown, TypeReference> = new Map(PRIMITIVE_TYPES.map((name) => [name, name]));

/** Members by kind, without `kind`, `name` and `owner`. */
const MEMBERS: ReadonlyMap<unknown, readonly string[]> = new Map([
  ["record", ["fields"]], ["variant", ["cases"]], ["enum", ["cases"]], ["flags", ["names"]], ["tuple", ["items"]],
  ["list", ["element"]], ["option", ["value"]], ["result", ["ok", "err"]], ["own", ["resource"]], ["borrow", ["resource"]],
  ["stream", ["element"]], ["future", ["value"]], ["resource", []],
]);

/** Reads the definition at position `index`, which may refer to those before it. */
export function parseDefinition(value: unknown, path: string, index: number): TypeDefinition {
  // A first look at the kind decides which members there may be.
  const kind: unknown = typeof value === "object" && value !== null && Object.hasOwn(value, "kind") ? Reflect.get(value, "kind") : undefined;
  const own = MEMBERS.get(kind);
  if (own === undefined) refuseJson(`${path}.kind`, "is not a kind of type");
  const isResource = kind === "resource";
  const members = parseMembers(value, path, ["kind", ...own, ...(isResource ? ["name", "owner"] : [])], kind === "list" ? ["name", "owner", "length"] : ["name", "owner"]);
  const at = (member: string) => `${path}.${member}`;
  const text = (member: string) => parseString(members.get(member), at(member));
  if (isResource) return { kind: "resource", name: text("name"), owner: text("owner") };
  const naming = { ...(members.has("name") && { name: text("name") }), ...(members.has("owner") && { owner: text("owner") }) };
  return { ...parseStructure(String(kind), members, at, index), ...naming };
}

function parseStructure(kind: string, members: ReadonlyMap<string, unknown>, at: (member: string) => string, limit: number): TypeDefinition {
  const reference = (member: string) => parseReference(members.get(member), at(member), limit);
  const optional = (member: string) => (members.get(member) === null ? null : reference(member));
  const labels = (member: string) => parseArray(members.get(member), at(member), MEMBER_LIMIT, parseString);
  switch (kind) {
    case "record": return { kind, fields: parseNamedTypes(members.get("fields"), at("fields"), limit) };
    case "variant": return { kind, cases: parseArray(members.get("cases"), at("cases"), MEMBER_LIMIT, (item, path) => parseCase(item, path, limit)) };
    case "enum": return { kind, cases: labels("cases") };
    case "flags": return { kind, names: labels("names") };
    case "tuple": return { kind, items: parseArray(members.get("items"), at("items"), MEMBER_LIMIT, (item, path) => parseReference(item, path, limit)) };
    case "list": {
      const element = reference("element");
      return members.has("length") ? { kind, element, length: parseIndex(members.get("length"), at("length"), LENGTH_LIMIT) } : { kind, element };
    }
    case "option": return { kind, value: reference("value") };
    case "result": return { kind, ok: optional("ok"), err: optional("err") };
    case "stream": return { kind, element: optional("element") };
    case "future": return { kind, value: optional("value") };
    default: return { kind: kind === "own" ? "own" : "borrow", resource: parseIndex(members.get("resource"), at("resource"), limit) };
  }
}

function parseCase(value: unknown, path: string, limit: number): { name: string; type: TypeReference | null } {
  const members = parseMembers(value, path, ["name", "type"]);
  const type = members.get("type");
  return { name: parseString(members.get("name"), `${path}.name`), type: type === null ? null : parseReference(type, `${path}.type`, limit) };
}

function parseNamedTypes(value: unknown, path: string, limit: number): NamedType[] {
  return parseArray(value, path, MEMBER_LIMIT, (item, itemPath) => {
    const members = parseMembers(item, itemPath, ["name", "type"]);
    return { name: parseString(members.get("name"), `${itemPath}.name`), type: parseReference(members.get("type"), `${itemPath}.type`, limit) };
  });
}

export function parseFunctionType(value: unknown, path: string, types: readonly TypeDefinition[]): FunctionType {
  const members = parseMembers(value, path, ["async", "parameters", "result"]);
  const async = members.get("async");
  if (typeof async !== "boolean") refuseJson(`${path}.async`, "is neither true nor false");
  const parameters = parseNamedTypes(members.get("parameters"), `${path}.parameters`, types.length);
  const result = members.get("result") === null ? null : parseReference(members.get("result"), `${path}.result`, types.length);
  for (const type of [...parameters.map((parameter) => parameter.type), result]) {
    if (typeof type === "number" && types[type]?.kind === "resource") refuseJson(path, `refers to type ${type}, a resource, without own or borrow`);
  }
  return { async, parameters, result };
}

function parseReference(value: unknown, path: string, limit: number): TypeReference {
  const primitive = PRIMITIVES.get(value);
  if (primitive !== undefined) return primitive;
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value >= limit) {
    refuseJson(path, "is neither a primitive type nor the position of an earlier type");
  }
  return value;
}
