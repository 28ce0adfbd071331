import type { CapabilityKind } from "../capability/capability.js";
import { importRule, type UngrantedCapability } from "../capability/import-catalogue.js";
import type { World } from "../component/world.js";
import type { CapabilityRequest } from "../package/manifest.js";

/** One thing that a component imports, and what would let it have it. */
export interface ImportReport {
  /** Full name of the interface, or of a function that stands directly in the world. */
  readonly name: string;
  /** The capability that it needs; `null` if none, because it carries only types. */
  readonly capability: CapabilityKind | UngrantedCapability | null;
  /**
   * `requested`: the manifest asks for the capability. `denied`: it does not, or no host of this version
   * grants it, so calls fail. `free`: needs nothing. `unknown`: no host of this version offers it, unless the
   * app does so itself.
   */
  readonly status: "requested" | "denied" | "free" | "unknown";
}

/** Everything that `world` imports, in its order. */
export function reportImports(world: World, requests: readonly CapabilityRequest[]): ImportReport[] {
  const requested = new Set(requests.map(({ capability }) => capability));
  const interfaces = world.imports.interfaces.map(({ name }): ImportReport => {
    const rule = importRule(name);
    if (rule === undefined) return { name, capability: null, status: "unknown" };
    const { capability } = rule;
    if (capability === null) return { name, capability, status: "free" };
    return { name, capability, status: requested.has(capability) ? "requested" : "denied" };
  });
  const functions = world.imports.functions.map(({ name }): ImportReport => ({ name, capability: null, status: "unknown" }));
  return [...interfaces, ...functions];
}

/** What an author should know about the imports: unknown ones, and capabilities asked for in vain. */
export function importWarnings(imports: readonly ImportReport[], requests: readonly CapabilityRequest[]): string[] {
  const used = new Set<string | null>(imports.map(({ capability }) => capability));
  return [
    ...imports
      .filter(({ status }) => status === "unknown")
      .map(({ name }) => `the component imports ${name}, which no capability provides: it loads only in an app that offers it`),
    ...requests
      .filter(({ capability }) => !used.has(capability))
      .map(({ capability }) => `the capability ${capability} is asked for, but the component imports nothing that needs it`),
  ];
}
