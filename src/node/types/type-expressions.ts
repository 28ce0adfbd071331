import { splitInterfaceName } from "../../component/component-names.js";
import { toCamelCase, toPascalCase } from "../../component/javascript-names.js";
import { NUMERIC_LISTS } from "../../component/numeric-arrays.js";
import { carriedType, type CarrierType } from "../../component/resource-mapping.js";
import { streamResources } from "../../component/stream-resources.js";
import { definitionAt, typeWords } from "../../component/type-words.js";
import type { PrimitiveType, TypeDefinition, TypeReference, World } from "../../component/world.js";
import { toMemberName, type TypeNames } from "./typescript-names.js";

const PRIMITIVES: ReadonlyMap<PrimitiveType, string> = new Map([
  ["bool", "boolean"], ["u64", "bigint"], ["s64", "bigint"], ["char", "string"], ["string", "string"], ["error-context", "never"],
]);

/** Writes WIT types as TypeScript, in the shapes that values of them have. */
export class TypeExpressions {
  readonly world: World;
  readonly #names = new Map<number, string>();

  /** Names every named type of `world`: after itself, or with its interface's name if that is taken. */
  constructor(world: World, names: TypeNames) {
    this.world = world;
    world.types.forEach((definition, index) => {
      if (definition.name === undefined) return;
      const name = toPascalCase(definition.name);
      const interfaceName = splitInterfaceName(definition.owner ?? "").base.split("/").at(-1) ?? "";
      this.#names.set(index, names.take(name, `${toPascalCase(interfaceName.replace(/\W/g, "-"))}${name}`));
    });
  }

  /** The TypeScript name of a named type. */
  nameOf(index: number): string | undefined {
    return this.#names.get(index);
  }

  /** A type where it is used: its name, or written out. */
  use(type: TypeReference | null): string {
    if (type === null) return "undefined";
    if (typeof type === "string") return PRIMITIVES.get(type) ?? "number";
    return this.#names.get(type) ?? this.define(definitionAt(this.world, type));
  }

  /** A type written out. */
  define(definition: TypeDefinition): string {
    switch (definition.kind) {
      case "record": return `{ ${definition.fields.map(({ name, type }) => this.field(name, type)).join(" ")} }`;
      case "variant": return definition.cases.map(({ name, type }) => this.#case(name, type)).join(" | ");
      case "enum": return definition.cases.map((name) => JSON.stringify(name)).join(" | ");
      case "flags": return `{ ${definition.names.map((name) => `readonly ${toMemberName(toCamelCase(name))}?: boolean | undefined;`).join(" ")} }`;
      case "tuple": return `readonly [${definition.items.map((item) => this.use(item)).join(", ")}]`;
      case "list": return this.#list(definition.element, definition.length);
      case "option": return this.#option(definition.value);
      case "result": return `${this.#case("ok", definition.ok)} | ${this.#case("err", definition.err)}`;
      case "own":
      case "borrow": return this.#resource(definition.resource);
      case "stream":
      case "future": return this.#source(definition);
      case "resource": return "never";
    }
  }

  /** A record's field. One that may be none may be left out. */
  field(name: string, type: TypeReference): string {
    const optional = typeof type === "number" && definitionAt(this.world, type).kind === "option" && !this.#isNestedOption(type);
    return `readonly ${toMemberName(toCamelCase(name))}${optional ? "?" : ""}: ${this.use(type)};`;
  }

  /** What TypeScript cannot say of a type, in WIT's words; `null` if nothing is lost. */
  lost(type: TypeReference): string | null {
    const words = typeWords(this.world, type);
    return /\b(?:[su](?:8|16|32|64)|f32|char|error-context|stream|future)\b|, \d/.test(words) ? words : null;
  }

  #case(name: string, type: TypeReference | null): string {
    return type === null ? `{ readonly tag: ${JSON.stringify(name)}; readonly val?: undefined }` : `{ readonly tag: ${JSON.stringify(name)}; readonly val: ${this.use(type)} }`;
  }

  #list(element: TypeReference, length: number | undefined): string {
    const numeric = length === undefined ? NUMERIC_LISTS.get(element) : undefined;
    if (numeric !== undefined) return numeric.name;
    const item = this.use(element);
    return `readonly ${/[ |]/.test(item) ? `(${item})` : item}[]`;
  }

  /** Where a plugin reads a stream of the app, anything with items will do. */
  #resource(resource: number): string {
    const { world } = this;
    const stream = streamResources(world, world.imports).get(resource);
    return stream === undefined ? this.use(resource) : `${this.use(resource)} | StreamSource<${this.use(stream.item)}>`;
  }

  /** What a function answers with: a stream or future of the plugin can do more than one that stands deeper in a value. */
  answer(type: TypeReference | null): string {
    const definition = typeof type === "number" ? definitionAt(this.world, type) : undefined;
    if (definition?.kind === "stream") return `PluginItems<${this.#carried(definition)}>`;
    return definition?.kind === "future" ? `Promise<${this.#carried(definition)}>` : this.use(type);
  }

  /** A stream or future, as an app gives it. One that it gets can be used in the same ways. */
  #source(definition: CarrierType): string {
    const carried = this.#carried(definition);
    return definition.kind === "stream" ? `StreamSource<${carried}>` : `${carried} | Promise<${carried}>`;
  }

  #carried(definition: CarrierType): string {
    const { item, isBytes } = carriedType(definition);
    return isBytes ? "Uint8Array" : this.use(item);
  }

  #option(value: TypeReference): string {
    const inner = this.use(value);
    const nested = typeof value === "number" && definitionAt(this.world, value).kind === "option";
    return nested ? `${this.#case("none", null)} | { readonly tag: "some"; readonly val: ${inner} }` : `${inner} | undefined`;
  }

  #isNestedOption(type: number): boolean {
    const definition = definitionAt(this.world, type);
    return definition.kind === "option" && typeof definition.value === "number" && definitionAt(this.world, definition.value).kind === "option";
  }
}
