import { ReadBudget } from "./binary-reader.js";
import { WorldBuilder } from "./build-world.js";
import { invalidComponent, unsupportedComponent } from "./component-failures.js";
import { isComponent, isCoreModule } from "./component-preamble.js";
import type { Entity, Exports } from "./component-scope.js";
import { WORLD_OWNER } from "./definition-rules.js";
import { ComponentEvaluator } from "./evaluate-component.js";
import { TypeEvaluator } from "./evaluate-types.js";
import { TypeGraph } from "./type-graph.js";
import type { World } from "./world.js";

/**
 * Reads what a component imports and exports, without compiling or running any of it.
 *
 * Follows the component model's binary format (design/mvp/Binary.md, version 0xd) with the WASI 0.3
 * additions. It resolves, it does not validate code: that is left to the transpiler. The result depends
 * on the bytes only. Time and memory are bounded: core modules are stepped over, and what is read is
 * counted before it is kept (a 12 MB component takes a few milliseconds).
 *
 * @throws {PluginError} `component-invalid` for a damaged binary; `component-unsupported` for a core
 * module and for what this version does not read, which the message names.
 */
export function decodeComponent(bytes: Uint8Array): World {
  checkPreamble(bytes);
  const budget = new ReadBudget();
  const graph = new TypeGraph(budget);
  const types = new TypeEvaluator(graph, budget);
  const imports = new Map<string, Entity>();
  const exports = new ComponentEvaluator(bytes, types, budget).component(0, bytes.length, null,
    (name, description, scope) => {
      if (imports.has(name)) throw invalidComponent(`${JSON.stringify(name)} is imported twice`);
      const entity = types.extern(description, scope, name, WORLD_OWNER, null);
      imports.set(name, entity);
      return entity;
    },
    (name, description, scope, actual) => {
      const entity = description === null ? types.named(actual, name, WORLD_OWNER) : types.extern(description, scope, name, WORLD_OWNER, actual);
      if (entity.sort === "instance") adoptTypes(graph, entity.exports, name);
      return entity;
    });
  const builder = new WorldBuilder(graph);
  return { imports: builder.side(imports), exports: builder.side(exports), types: builder.types };
}

/** The types of an exported instance belong to the interface it is exported as, if to none yet. */
function adoptTypes(graph: TypeGraph, exports: Exports, owner: string): void {
  for (const [name, entity] of exports) {
    if (entity.sort !== "type") continue;
    if (entity.type.kind === "resource") graph.adopt(entity.type.index, name, owner);
    else if (entity.type.kind === "value" && typeof entity.type.type === "number") graph.adopt(entity.type.type, name, owner);
  }
}

function checkPreamble(bytes: Uint8Array): void {
  if (isComponent(bytes)) return;
  if (isCoreModule(bytes)) {
    throw unsupportedComponent("it is a core module; make a component of it with `wasm-tools component new` or jco");
  }
  const isWasm = bytes[0] === 0x00 && bytes[1] === 0x61 && bytes[2] === 0x73 && bytes[3] === 0x6d && bytes.length >= 8;
  if (isWasm) throw unsupportedComponent("it is WebAssembly of another version than component version 13; build it again with current tools");
  throw invalidComponent("it does not begin with the WebAssembly magic number and version");
}
