import { PluginError } from "../errors/plugin-error.js";
import { CAPABILITY_KINDS, type Capability, type CapabilityContext, printCapability } from "./capability.js";
import type { FsCapability, HostCapability, HttpCapability, KeyValueCapability, SecretCapability } from "./capability-types.js";
import { hostIncludes, prefixIncludes } from "./http-match.js";
import { pathIncludes } from "./path-match.js";
import { patternIncludes } from "./text-pattern.js";

/** Tells whether everything that `narrow` grants is granted by `wide`. Equal ones include each other. */
export function includesCapability(wide: Capability, narrow: Capability): boolean {
  const common = intersectCapability(wide, narrow);
  return common !== undefined && printCapability(common) === printCapability(narrow);
}

/**
 * What both lists grant, and nothing that either does not: each of one with each of the other, payload by
 * payload within a kind. What cannot be compared gives nothing. The result is in canonical order and has
 * none that another of its own includes.
 *
 * @example
 * ```ts
 * intersectCapabilities(texts("fs:rw:/data", "clocks"), texts("fs:ro:/data/in", "random")); // fs:ro:/data/in
 * ```
 */
export function intersectCapabilities(left: readonly Capability[], right: readonly Capability[]): readonly Capability[] {
  const common = new Map<string, Capability>();
  for (const one of left) {
    for (const other of right) {
      const both = intersectCapability(one, other);
      if (both !== undefined) common.set(printCapability(both), both);
    }
  }
  const all = [...common.values()];
  // Equal ones share a text and are one by now, so no two can remove each other.
  return all.filter((narrow) => !all.some((wide) => wide !== narrow && includesCapability(wide, narrow))).sort(compareCapabilities);
}

/** Canonical order: by kind, then by text. */
export function compareCapabilities(left: Capability, right: Capability): number {
  const byKind = CAPABILITY_KINDS.indexOf(left.kind) - CAPABILITY_KINDS.indexOf(right.kind);
  if (byKind !== 0) return byKind;
  const [one, other] = [printCapability(left), printCapability(right)];
  return one < other ? -1 : one > other ? 1 : 0;
}

/**
 * Checks that a list does not contradict itself. Refused are repetitions, two quotas of storage, and a folder
 * that is read-only by one text and writable by another: whoever reads `fs:ro:/data/system` must not find it
 * changed because of an `fs:rw:/data` beside it. The other way about is fine: `fs:ro:/data` with
 * `fs:rw:/data/out`. So are wider and narrower requests of other kinds, of which one may be optional.
 *
 * @throws {PluginError} `capability-invalid`, naming both.
 */
export function checkConsistent(capabilities: readonly Capability[], context: CapabilityContext = {}): void {
  for (const [index, one] of capabilities.entries()) {
    for (const other of capabilities.slice(index + 1)) {
      const problem = contradiction(one, other);
      if (problem !== undefined) throw inconsistent(one, other, problem, context);
    }
  }
}

function contradiction(one: Capability, other: Capability): string | undefined {
  if (printCapability(one) === printCapability(other)) return "are the same: name it once";
  if (one.kind === "keyvalue" && other.kind === "keyvalue") return "are two quotas for one storage: name one";
  if (one.kind !== "fs" || other.kind !== "fs" || one.access === other.access) return undefined;
  const [writable, readable] = one.access === "rw" ? [one, other] : [other, one];
  if (!pathIncludes(writable.path, readable.path)) return undefined;
  return `contradict each other: ${readable.path} would be read-only by one and could be changed by the other. Name only ${printCapability(writable)}, or narrow it`;
}

function inconsistent(one: Capability, other: Capability, problem: string, { pluginId, stage = "admit", doing }: CapabilityContext): PluginError {
  const attempt = doing ?? (pluginId === undefined ? "Cannot use a list of capabilities" : `Cannot load ${pluginId}`);
  const message = `${attempt}: the capabilities ${JSON.stringify(printCapability(one))} and ${JSON.stringify(printCapability(other))} ${problem}`;
  return new PluginError({ code: "capability-invalid", stage, pluginId, message });
}

/** What both grant, payload by payload, or `undefined` for nothing, also where they cannot be compared. */
export function intersectCapability(left: Capability, right: Capability): Capability | undefined {
  switch (left.kind) {
    case "env":
      return right.kind === "env" && left.name === right.name ? left : undefined;
    case "fs":
      return right.kind === "fs" ? intersectFs(left, right) : undefined;
    case "http":
      return right.kind === "http" ? intersectHttp(left, right) : undefined;
    case "keyvalue":
      return right.kind === "keyvalue" ? intersectKeyValue(left, right) : undefined;
    case "secret":
      return right.kind === "secret" && isSameSecret(left, right) ? left : undefined;
    case "host":
      return right.kind === "host" ? intersectHost(left, right) : undefined;
    default:
      return left.kind === right.kind ? left : undefined;
  }
}

/** The one of two that the other includes; `undefined` if neither includes the other. */
function narrower<Pattern>(left: Pattern, right: Pattern, includes: (wide: Pattern, narrow: Pattern) => boolean): Pattern | undefined {
  if (includes(left, right)) return right;
  return includes(right, left) ? left : undefined;
}

function intersectFs(left: FsCapability, right: FsCapability): FsCapability | undefined {
  const path = narrower(left.path, right.path, pathIncludes);
  return path === undefined ? undefined : { kind: "fs", access: left.access === "rw" ? right.access : "ro", path };
}

function intersectHttp(left: HttpCapability, right: HttpCapability): HttpCapability | undefined {
  if (left.scheme !== right.scheme || left.port !== right.port) return undefined;
  const host = narrower(left.host, right.host, hostIncludes);
  const pathPrefix = narrower(left.pathPrefix, right.pathPrefix, prefixIncludes);
  const methods = left.methods.filter((method) => right.methods.includes(method));
  if (host === undefined || pathPrefix === undefined || methods.length === 0) return undefined;
  return { kind: "http", methods, scheme: left.scheme, host, port: left.port, pathPrefix };
}

function intersectKeyValue(left: KeyValueCapability, right: KeyValueCapability): KeyValueCapability {
  const quotas = [left, right].flatMap(({ quotaBytes }) => (quotaBytes === undefined ? [] : [quotaBytes]));
  return { kind: "keyvalue", quotaBytes: quotas.length === 0 ? undefined : Math.min(...quotas) };
}

function isSameSecret(left: SecretCapability, right: SecretCapability): boolean {
  return left.name === right.name && left.scheme === right.scheme && left.host === right.host && left.port === right.port;
}

function intersectHost(left: HostCapability, right: HostCapability): HostCapability | undefined {
  if (left.interfaceName !== right.interfaceName) return undefined;
  const functions = commonFunctions(left.functions, right.functions);
  if (functions?.length === 0) return undefined;
  const patterns = new Map(left.patterns);
  for (const [parameter, pattern] of right.patterns) {
    const both = narrower(patterns.get(parameter) ?? pattern, pattern, patternIncludes);
    if (both === undefined) return undefined;
    patterns.set(parameter, both);
  }
  const sorted = [...patterns].sort(([one], [other]) => (one < other ? -1 : 1));
  return { kind: "host", interfaceName: left.interfaceName, functions, patterns: new Map(sorted) };
}

function commonFunctions(left: readonly string[] | undefined, right: readonly string[] | undefined): readonly string[] | undefined {
  if (left === undefined || right === undefined) return left ?? right;
  return left.filter((name) => right.includes(name));
}
