import type { World, WorldSide } from "../../component/world.js";

/** A world as a literal, one line for each type and function, so that a change shows as a line. */
export function printWorld(world: World): string {
  return `{\n    types: ${lines(world.types, 4)},\n    imports: ${printSide(world.imports)},\n    exports: ${printSide(world.exports)},\n  }`;
}

function printSide(side: WorldSide): string {
  const interfaces = side.interfaces.map((shape) =>
    `        {\n          name: ${JSON.stringify(shape.name)},\n          functions: ${lines(shape.functions, 10)},\n          resources: ${JSON.stringify(shape.resources)},\n        },\n`);
  const list = interfaces.length === 0 ? "[]" : `[\n${interfaces.join("")}      ]`;
  return `{\n      interfaces: ${list},\n      functions: ${lines(side.functions, 6)},\n    }`;
}

function lines(items: readonly object[], indent: number): string {
  if (items.length === 0) return "[]";
  const margin = " ".repeat(indent);
  return `[\n${items.map((item) => `${margin}  ${JSON.stringify(item)},\n`).join("")}${margin}]`;
}
