import { BinaryReader, NESTING_LIMIT, type ReadBudget } from "./binary-reader.js";
import { invalidComponent } from "./component-failures.js";
import { COMPONENT_PREAMBLE_SIZE, isComponent } from "./component-preamble.js";
import { Scope, type Entity, type Exports, type Frame } from "./component-scope.js";
import type { ExternDescription } from "./component-syntax.js";
import type { TypeEvaluator } from "./evaluate-types.js";
import { readCanonical } from "./read-canonical.js";
import { readAlias, readExternDescription, readExternName, readSortIndex } from "./read-externs.js";
import { readType } from "./read-types.js";

/** Gives what an import is bound to, and the scope's own view of its declared kind. */
type ImportBinder = (name: string, description: ExternDescription, scope: Scope) => Entity;
/** Called with each export, in order. Gives the entity to remember it as. */
type ExportNamer = (name: string, description: ExternDescription | null, scope: Scope, actual: Entity) => Entity;

/**
 * Evaluates components: walks their sections in order, keeping the index spaces, and instantiates nested
 * components with their actual arguments, since only then the identity of their resources is known.
 * Core modules, core instances and core types are stepped over.
 */
export class ComponentEvaluator {
  readonly types: TypeEvaluator;
  readonly #bytes: Uint8Array;
  readonly #budget: ReadBudget;
  #depth = 0;

  constructor(bytes: Uint8Array, types: TypeEvaluator, budget: ReadBudget) {
    this.#bytes = bytes;
    this.types = types;
    this.#budget = budget;
  }

  component(start: number, end: number, outer: Frame | null, bind: ImportBinder, name: ExportNamer): Exports {
    if (this.#depth >= NESTING_LIMIT) throw invalidComponent(`components are nested more than ${NESTING_LIMIT} deep`);
    this.#depth += 1;
    const reader = new BinaryReader(this.#bytes, this.#budget, start, end);
    if (!isComponent(this.#bytes.subarray(start, end))) throw reader.invalid("a nested component does not begin as one");
    reader.part(COMPONENT_PREAMBLE_SIZE);
    const scope = new Scope(outer);
    const exports = new Map<string, Entity>();
    while (!reader.done) {
      this.#budget.spend(1);
      const id = reader.byte();
      const section = reader.part(reader.u32());
      this.#section(id, section, scope, exports, bind, name);
    }
    this.#depth -= 1;
    return exports;
  }

  #section(id: number, reader: BinaryReader, scope: Scope, exports: Map<string, Entity>, bind: ImportBinder, name: ExportNamer): void {
    switch (id) {
      // Custom, core module, core instance, core type, start, value: nothing that an interface is made of.
      case 0: case 1: case 2: case 3: case 9: case 12:
        return;
      case 4:
        scope.define({ sort: "component", source: { start: reader.offset, end: reader.end, frame: scope.frame() } });
        return;
      case 5:
        eachItem(reader, () => scope.define({ sort: "instance", exports: this.#instance(reader, scope) }));
        break;
      case 6:
        eachItem(reader, () => scope.define(this.types.alias(readAlias(reader), scope)));
        break;
      case 7:
        eachItem(reader, () => scope.define({ sort: "type", type: this.types.type(readType(reader, 0), scope) }));
        break;
      case 8:
        if (!readCanonicals(reader, scope)) return;
        break;
      case 10:
        eachItem(reader, () => scope.define(bind(readExternName(reader), readExternDescription(reader), scope)));
        break;
      case 11:
        eachItem(reader, () => readExport(reader, scope, exports, name));
        break;
      default:
        throw reader.invalid(`unknown section ${id}`);
    }
    if (!reader.done) throw reader.invalid("a section is longer than its items");
  }

  #instance(reader: BinaryReader, scope: Scope): Exports {
    const form = reader.byte();
    if (form > 1) throw reader.invalid(`unknown form 0x${form.toString(16)} of an instance`);
    const component = form === 0 ? scope.entity("component", reader.u32()) : null;
    const items = new Map<string, Entity>();
    eachItem(reader, () => {
      const itemName = form === 0 ? reader.name() : readExternName(reader);
      if (items.has(itemName)) throw reader.invalid(`${JSON.stringify(itemName)} is given twice`);
      const { sort, index } = readSortIndex(reader);
      items.set(itemName, scope.entity(sort, index));
    });
    return component === null ? items : this.#instantiate(component, items);
  }

  #instantiate(component: Entity, items: Exports): Exports {
    // What an imported component exports is not known before it is linked.
    if (component.sort !== "component" || component.source === null) return new Map();
    const { start, end, frame } = component.source;
    const bind: ImportBinder = (name, description, scope) => {
      const actual = items.get(name);
      if (actual === undefined) throw invalidComponent(`a nested component is not given its import ${JSON.stringify(name)}`);
      if (actual.sort !== description.sort) throw invalidComponent(`a nested component is given a ${actual.sort} for its import ${JSON.stringify(name)}`);
      // Types are those of the outside; a function's declared type is in terms of them.
      return description.sort === "function" ? this.types.extern(description, scope, name, undefined, actual) : actual;
    };
    return this.component(start, end, frame, bind, (name, description, scope, actual) =>
      description === null ? this.types.named(actual, name, undefined) : this.types.extern(description, scope, name, undefined, actual));
  }
}

function readExport(reader: BinaryReader, scope: Scope, exports: Map<string, Entity>, nameExport: ExportNamer): void {
  const name = readExternName(reader);
  const { sort, index } = readSortIndex(reader);
  const actual = scope.entity(sort, index);
  const description = reader.optional(() => readExternDescription(reader));
  if (exports.has(name)) throw reader.invalid(`${JSON.stringify(name)} is exported twice`);
  const entity = nameExport(name, description, scope, actual);
  scope.define(entity);
  exports.set(name, entity);
}

/** False where an unknown built-in makes the rest of the section, and function indices from there on, unreadable. */
function readCanonicals(reader: BinaryReader, scope: Scope): boolean {
  for (let left = reader.count(); left > 0; left -= 1) {
    const canonical = readCanonical(reader);
    if ("unknown" in canonical) {
      scope.functionsUnknown ??= `it uses the canonical built-in 0x${canonical.unknown.toString(16)}, which this version does not know`;
      return false;
    }
    if (canonical.lift === null) continue;
    const type = scope.type(canonical.lift);
    if (type.kind !== "function") throw reader.invalid(`a function is lifted with type ${canonical.lift}, which is a ${type.kind}`);
    scope.define({ sort: "function", type: type.type });
  }
  return true;
}

function eachItem(reader: BinaryReader, read: () => void): void {
  for (let left = reader.count(); left > 0; left -= 1) read();
}
