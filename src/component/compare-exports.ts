import { compareInterfaceVersions, compatibilityKey, satisfiesInterface } from "./interface-versions.js";
import { StructureTable } from "./structure-table.js";
import { TypeComparison, type ExportDifference } from "./compare-types.js";
import type { NamedFunction, World } from "./world.js";

export type { ExportDifference } from "./compare-types.js";

/** What {@link resolveExports} found. */
export interface ExportResolution {
  /** Empty if everything that is wanted is there with equal signatures. */
  readonly differences: readonly ExportDifference[];
  /** For each wanted interface that is there, the name under which it is exported. */
  readonly interfaces: ReadonlyMap<string, string>;
}

/** The differences of {@link resolveExports} alone. */
export function compareExports(wanted: World, actual: World): ExportDifference[] {
  return [...resolveExports(wanted, actual).differences];
}

/**
 * Compares by structure: everything that `wanted` exports must be exported by `actual` with equal
 * signatures. More functions and interfaces are allowed; anything else is not, a record's field more
 * included. An interface may be of a newer compatible version: from 1.0.0 on of the same major version,
 * before that of the same minor version (0.0.x and pre-releases: only exactly the same).
 */
export function resolveExports(wanted: World, actual: World): ExportResolution {
  const table = new StructureTable(compatibilityKey);
  const comparison = new TypeComparison(wanted, table.references(wanted), actual, table.references(actual));
  const interfaces = new Map<string, string>();
  compareFunctions(wanted.exports.functions, actual.exports.functions, "", comparison);
  for (const shape of wanted.exports.interfaces) {
    const [found] = actual.exports.interfaces
      .filter((candidate) => satisfiesInterface(shape.name, candidate.name))
      // The very same version first, else the newest.
      .sort((a, b) => Number(b.name === shape.name) - Number(a.name === shape.name) || compareInterfaceVersions(b.name, a.name));
    if (found === undefined) {
      comparison.report(shape.name, describeCandidates(shape.name, actual), `interface ${shape.name}`);
      continue;
    }
    interfaces.set(shape.name, found.name);
    compareFunctions(shape.functions, found.functions, `${shape.name}#`, comparison);
  }
  return { differences: comparison.differences, interfaces };
}

function compareFunctions(wanted: readonly NamedFunction[], actual: readonly NamedFunction[], prefix: string, comparison: TypeComparison): void {
  const found = new Map(actual.map((named) => [named.name, named.type]));
  for (const { name, type } of wanted) {
    const candidate = found.get(name);
    if (candidate === undefined) comparison.report(prefix + name, "nothing of that name", `function ${name}`);
    else comparison.compareFunction(type, candidate, prefix + name);
  }
}

function describeCandidates(wanted: string, actual: World): string {
  const base = wanted.split("@")[0];
  const others = actual.exports.interfaces.filter((shape) => shape.name.split("@")[0] === base).map((shape) => shape.name);
  if (others.length > 0) return `${others.join(", ")}, which is not compatible`;
  const names = actual.exports.interfaces.slice(0, 5).map((shape) => shape.name);
  return names.length > 0 ? `no such interface (exported are ${names.join(", ")}${actual.exports.interfaces.length > 5 ? ", …" : ""})` : "no exported interface";
}
