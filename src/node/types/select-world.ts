import { mapDefinition, mapFunction, type ReferenceMap } from "../../component/map-references.js";
import { definitionAt } from "../../component/type-words.js";
import type { InterfaceShape, NamedFunction, TypeDefinition, World } from "../../component/world.js";

/** Whether the app itself answers an import: WASI's are the host's own, granted by capability. */
function isOffered(interfaceName: string): boolean {
  return !interfaceName.startsWith("wasi:");
}

/** The world as an app's descriptor carries it: without WASI imports, and without the types that only they use. */
export function selectWorld(world: World): World {
  const types: TypeDefinition[] = [];
  const positions = new Map<number, number>();
  const position = (index: number): number => {
    const known = positions.get(index);
    if (known !== undefined) return known;
    const definition = mapDefinition(definitionAt(world, index), map);
    const found = types.push(definition) - 1;
    positions.set(index, found);
    return found;
  };
  const map: ReferenceMap = { type: position, resource: position };
  const functions = (items: readonly NamedFunction[]) => items.map(({ name, type }) => ({ name, type: mapFunction(type, map) }));
  const interfaces = (items: readonly InterfaceShape[]) =>
    items.map((shape) => ({ name: shape.name, functions: functions(shape.functions), resources: shape.resources.map(position) }));
  const imports = { interfaces: interfaces(world.imports.interfaces.filter((shape) => isOffered(shape.name))), functions: functions(world.imports.functions) };
  const exports = { interfaces: interfaces(world.exports.interfaces), functions: functions(world.exports.functions) };
  return { types, imports, exports };
}
