import { type Capability, type HostCapability, parseCapability, printCapability } from "../capability/capability.js";
import { hostIncludes } from "../capability/http-match.js";
import { importAuthority, type ImportAuthority, importRule } from "../capability/import-catalogue.js";
import type { InterfaceShape, NamedFunction, World } from "../component/world.js";
import { isPluginError } from "../errors/plugin-error.js";
import type { CapabilityRequest } from "../package/manifest.js";

/** One thing that a component imports, and what would let it have it. */
export interface ImportReport {
  /**
   * Full name of the interface, or of a function that stands directly in the world. `interface#function` for a
   * function that needs something else than the rest of its interface, or that no request covers while one covers others.
   */
  readonly name: string;
  /** The kind of capability that it needs, `host` for an app's own interface; `null` if none, because it carries only types. */
  readonly capability: ImportAuthority;
  /**
   * `requested`: a request covers it. `denied`: none does, or no capability can, so calls fail. `free`: needs
   * nothing. `unknown`: only an app that offers it itself can load the plugin, and no request names it.
   */
  readonly status: "requested" | "denied" | "free" | "unknown";
  /** Canonical texts of the requests that cover it. */
  readonly requests: readonly string[];
  /** Component-level names of the functions that are meant. */
  readonly functions: readonly string[];
}

/** Everything that `world` imports, in its order. Requests that this version cannot read cover nothing. */
export function reportImports(world: World, requests: readonly CapabilityRequest[]): ImportReport[] {
  const capabilities = readable(requests);
  return [
    ...world.imports.interfaces.flatMap((shape) =>
      importRule(shape.name) === undefined ? reportAppInterface(shape, capabilities) : reportKnownInterface(shape, capabilities),
    ),
    ...world.imports.functions.map(({ name }): ImportReport => ({ name, capability: null, status: "unknown", requests: [], functions: [name] })),
  ];
}

/**
 * What an author should know about the imports: unknown ones, and capabilities asked for in vain.
 *
 * @param subject - what imports them: other code than components has capabilities that no import shows
 */
export function importWarnings(imports: readonly ImportReport[], requests: readonly CapabilityRequest[], subject: "component" | "plugin" = "component"): string[] {
  const capabilities = readable(requests);
  return [
    ...imports.flatMap((report) => importProblem(report, subject) ?? []),
    ...capabilities.filter(({ kind }) => subject === "component" || kind === "host").flatMap((capability) => requestProblem(capability, imports, capabilities, subject) ?? []),
  ];
}

/** One row for the interface, and one for each of its functions that stands for another authority. */
function reportKnownInterface({ name, functions }: InterfaceShape, capabilities: readonly Capability[]): ImportReport[] {
  const main = importRule(name)?.capability ?? null;
  const others = functions.filter((named) => importAuthority(name, named.name) !== main);
  const rest = functions.filter((named) => !others.includes(named));
  return [
    ...(rest.length === 0 && others.length > 0 ? [] : [reportKnown(name, main, rest, capabilities)]),
    ...others.map((named) => reportKnown(`${name}#${named.name}`, importAuthority(name, named.name) ?? null, [named], capabilities)),
  ];
}

function reportKnown(name: string, capability: ImportAuthority, functions: readonly NamedFunction[], capabilities: readonly Capability[]): ImportReport {
  const requests = capabilities.filter(({ kind }) => kind === capability).map(printCapability);
  const status = capability === null ? "free" : requests.length === 0 ? "denied" : "requested";
  return { name, capability, status, requests, functions: functions.map((named) => named.name) };
}

/** One row for what the requests cover of an app's interface, and one for each function that none covers. */
function reportAppInterface({ name, functions }: InterfaceShape, capabilities: readonly Capability[]): ImportReport[] {
  const own = capabilities.filter((capability) => capability.kind === "host").filter(({ interfaceName }) => interfaceName === name);
  const names = functions.map((named) => named.name);
  if (own.length === 0) return [{ name, capability: isAppInterface(name) ? "host" : null, status: "unknown", requests: [], functions: names }];
  const denied = functions.filter((named) => !own.some((capability) => mayPermit(capability, named))).map((named) => named.name);
  const covered = names.filter((named) => !denied.includes(named));
  return [
    { name, capability: "host", status: covered.length === 0 && denied.length > 0 ? "denied" : "requested", requests: own.map(printCapability), functions: covered },
    ...denied.map((named): ImportReport => ({ name: `${name}#${named}`, capability: "host", status: "denied", requests: [], functions: [named] })),
  ];
}

/** Whether there are arguments with which the function is permitted. */
function mayPermit({ functions, patterns }: HostCapability, { name, type }: NamedFunction): boolean {
  if (functions !== undefined && !functions.includes(name)) return false;
  return [...patterns.keys()].every((parameter) => type.parameters.some((declared) => declared.name === parameter && declared.type === "string"));
}

function importProblem({ name, capability, status }: ImportReport, subject: string): string | undefined {
  if (status === "denied" && capability === "host" && name.includes("#")) return `the ${subject} imports ${name}, which no request covers: calls to it are denied`;
  if (status !== "unknown") return undefined;
  const advice = capability === "host" ? `, and calls need a request for host:${name}` : "";
  return `the ${subject} imports ${name}, which no capability provides: it loads only in an app that offers it${advice}`;
}

function requestProblem(capability: Capability, imports: readonly ImportReport[], capabilities: readonly Capability[], subject: string): string | undefined {
  const text = printCapability(capability);
  switch (capability.kind) {
    case "host": {
      const imported = imports.filter(({ name }) => name.split("#", 1)[0] === capability.interfaceName).flatMap(({ functions }) => functions);
      const [missing] = (capability.functions ?? []).filter((name) => !imported.includes(name));
      if (imported.length === 0) return `the capability ${text} is asked for, but the ${subject} does not import ${capability.interfaceName}`;
      return missing === undefined ? undefined : `the capability ${text} is asked for, but the ${subject} does not import ${capability.interfaceName}#${missing}`;
    }
    case "secret": {
      const { scheme, host, port } = capability;
      const isReachable = capabilities.some((other) => other.kind === "http" && other.scheme === scheme && other.port === port && hostIncludes(other.host, host));
      return isReachable ? undefined : `the capability ${text} is asked for, but no http capability is for that origin, so nothing is sent there`;
    }
    default:
      if (imports.some((report) => report.capability === capability.kind)) return undefined;
      return `the capability ${text} is asked for, but the ${subject} imports nothing that needs it`;
  }
}

function readable(requests: readonly CapabilityRequest[]): readonly Capability[] {
  return requests.flatMap(({ capability }) => parsedOrNothing(capability) ?? []);
}

function isAppInterface(name: string): boolean {
  return parsedOrNothing(`host:${name}`)?.kind === "host";
}

function parsedOrNothing(text: string): Capability | undefined {
  try {
    return parseCapability(text, { stage: "pack" });
  } catch (error) {
    if (isPluginError(error)) return undefined;
    throw error;
  }
}
