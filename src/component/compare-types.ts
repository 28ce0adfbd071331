import type { ReferenceMap } from "./map-references.js";
import { definitionAt, typeWords } from "./type-words.js";
import type { FunctionType, TypeDefinition, TypeReference, World } from "./world.js";

/** One point in which an export is not what was wanted. */
export interface ExportDifference {
  /** Where, such as `acme:a/filter@1.0.0#apply(image).width`. */
  readonly path: string;
  readonly found: string;
  readonly wanted: string;
  /** The three in one sentence. */
  readonly message: string;
}

/** More differences than anyone reads. */
const DIFFERENCE_LIMIT = 50;

type Part = readonly [label: string, type: TypeReference | null];

/** Collects in what points the types of two worlds differ. */
export class TypeComparison {
  readonly differences: ExportDifference[] = [];
  readonly #wanted: World;
  readonly #wantedStructure: ReferenceMap;
  readonly #actual: World;
  readonly #actualStructure: ReferenceMap;
  readonly #compared = new Set<string>();

  constructor(wanted: World, wantedStructure: ReferenceMap, actual: World, actualStructure: ReferenceMap) {
    this.#wanted = wanted;
    this.#wantedStructure = wantedStructure;
    this.#actual = actual;
    this.#actualStructure = actualStructure;
  }

  report(path: string, found: string, wanted: string): void {
    if (this.differences.length >= DIFFERENCE_LIMIT) return;
    this.differences.push({ path, found, wanted, message: `${path}: found ${found}, wanted ${wanted}` });
  }

  compareFunction(wanted: FunctionType, actual: FunctionType, path: string): void {
    if (wanted.async !== actual.async) this.report(path, actual.async ? "an async function" : "a function that is not async", wanted.async ? "an async one" : "one that is not async");
    const names = (type: FunctionType) => type.parameters.map((parameter) => parameter.name).join(", ");
    if (names(wanted) !== names(actual)) this.report(path, `parameters (${names(actual)})`, `(${names(wanted)})`);
    else wanted.parameters.forEach((parameter, index) => this.#compare(parameter.type, actual.parameters[index]?.type ?? null, `${path}(${parameter.name})`));
    this.#compare(wanted.result, actual.result, `${path} result`);
  }

  #compare(wanted: TypeReference | null, actual: TypeReference | null, path: string): void {
    if (structureOf(wanted, this.#wantedStructure) === structureOf(actual, this.#actualStructure)) return;
    if (typeof wanted === "number" && typeof actual === "number") {
      // A pair is reported where it is met first: types that share parts would repeat it without end.
      const pair = `${wanted} ${actual}`;
      if (this.#compared.has(pair)) return;
      this.#compared.add(pair);
      if (this.#compareDefinitions(definitionAt(this.#wanted, wanted), definitionAt(this.#actual, actual), path)) return;
    }
    this.report(path, describe(this.#actual, actual), describe(this.#wanted, wanted));
  }

  /** False if the two have nothing in common that could be compared part by part. */
  #compareDefinitions(wanted: TypeDefinition, actual: TypeDefinition, path: string): boolean {
    const wantedParts = partsOf(wanted);
    const actualParts = partsOf(actual);
    if (wanted.kind !== actual.kind || wantedParts === null || actualParts === null) return false;
    const labels = (parts: readonly Part[]) => parts.map(([label]) => label).join(", ");
    if (labels(wantedParts) !== labels(actualParts)) {
      this.report(path, `${actual.kind} {${labels(actualParts)}}`, `${wanted.kind} {${labels(wantedParts)}}`);
      return true;
    }
    wantedParts.forEach(([label, type], index) => this.#compare(type, actualParts[index]?.[1] ?? null, `${path}.${label}`));
    return true;
  }
}

function structureOf(type: TypeReference | null, structure: ReferenceMap): TypeReference | null {
  return typeof type === "number" ? structure.type(type) : type;
}

function describe(world: World, type: TypeReference | null): string {
  if (type === null) return "nothing";
  const words = typeWords(world, type);
  const definition = typeof type === "number" ? definitionAt(world, type) : null;
  // Two resources of one name differ in where they come from.
  return definition?.kind === "resource" ? `${words} of ${definition.owner}` : words;
}

function partsOf(definition: TypeDefinition): readonly Part[] | null {
  switch (definition.kind) {
    case "record": return definition.fields.map(({ name, type }) => [name, type]);
    case "variant": return definition.cases.map(({ name, type }) => [name, type]);
    case "enum": return definition.cases.map((name) => [name, null]);
    case "flags": return definition.names.map((name) => [name, null]);
    case "tuple": return definition.items.map((type, index) => [String(index), type]);
    case "result": return [["ok", definition.ok], ["err", definition.err]];
    case "option": return [["some", definition.value]];
    case "own":
    case "borrow": return [["resource", definition.resource]];
    case "stream": return [["item", definition.element]];
    case "future": return [["value", definition.value]];
    case "list": return definition.length === undefined ? [["item", definition.element]] : null;
    case "resource": return null;
  }
}
