import type { CheckedImports } from "../admission/check-imports.js";
import { type Capability } from "../capability/capability.js";
import { isGuestPath, pathIncludes } from "../capability/path-match.js";
import { describeValue } from "../component/describe-value.js";
import { PluginError } from "../errors/plugin-error.js";
import type { DirectoryBackend } from "./filesystem/directory-backend.js";
import type { KeyValueBackend } from "./keyvalue/backend.js";
import type { StandardInputSource } from "./standard-input.js";

/**
 * What an app has for plugins: the values and places behind the capabilities. A plugin gets of it what it asks for and what
 * is granted, and nothing else.
 */
export interface Provisions {
  /** For `env:NAME`. */
  readonly environment?: Readonly<Record<string, string>>;
  /** For `args`. The first is the program's name by convention. */
  readonly arguments?: readonly string[];
  /** For `stdin`. */
  readonly stdin?: StandardInputSource;
  /** For `config`: what `wasi:config` gives. */
  readonly config?: Readonly<Record<string, string>>;
  /** For `fs:`, by the absolute path at which plugins see each. See `memoryDirectory`, `opfsDirectory`, `handleDirectory`. */
  readonly directories?: Readonly<Record<string, DirectoryBackend>>;
  /** For `keyvalue`. Default: IndexedDB. */
  readonly keyvalue?: KeyValueBackend;
  /** For `secret:NAME:ORIGIN`. The plugin never sees the values. */
  readonly secrets?: Readonly<Record<string, string>>;
  /** For `http`. Default: the page's own. It is always called without credentials, referrer and redirects. */
  readonly fetch?: typeof fetch;
  /** For `clocks`: time is rounded down to multiples of this, in milliseconds. Default: as precise as the browser gives it. */
  readonly clockResolutionMs?: number;
}

/** The same for every plugin, or made for each when it loads. */
export type ProvidePolicy = Provisions | ((plugin: { readonly id: string; readonly version: string }) => Provisions | Promise<Provisions>);

/**
 * Refuses what the app provides and no plugin could use: a misspelt member would grant nothing without a word.
 *
 * @throws {PluginError} `usage-invalid`.
 */
export function checkProvisions(provisions: Provisions, pluginId: string): Provisions {
  const problem = problemOf(provisions);
  if (problem === undefined) return provisions;
  const message = `Cannot load ${pluginId}: what the app provides for it ${problem}`;
  throw new PluginError({ code: "usage-invalid", stage: "admit", pluginId, message });
}

const MEMBERS: ReadonlySet<string> = new Set<keyof Provisions>([
  "environment", "arguments", "stdin", "config", "directories", "keyvalue", "secrets", "fetch", "clockResolutionMs",
]);

function problemOf(provisions: Provisions): string | undefined {
  const given: unknown = provisions;
  if (typeof given !== "object" || given === null) return `is ${describeValue(given)}, and must be an object`;
  const unknownMember = Object.keys(given).find((name) => !MEMBERS.has(name));
  if (unknownMember !== undefined) return `has a member ${JSON.stringify(unknownMember)}; it may have ${[...MEMBERS].join(", ")}`;
  for (const member of ["environment", "config", "secrets"] as const) {
    const found = Object.entries(provisions[member] ?? {}).find(([, value]: [string, unknown]) => typeof value !== "string");
    if (found !== undefined) return `has ${member}.${found[0]}, which is ${describeValue(found[1])}; only texts can be given`;
  }
  const { arguments: texts, directories = {}, clockResolutionMs: resolution = 0 } = provisions;
  const wrong: unknown = texts?.find((value: unknown) => typeof value !== "string");
  if (wrong !== undefined) return `has ${describeValue(wrong)} among its arguments; only texts can be given`;
  const path = Object.keys(directories).find((name) => !isGuestPath(name));
  if (path !== undefined) return `has a directory at ${JSON.stringify(path)}; a path is absolute and made of plain segments, such as "/data"`;
  return Number.isFinite(resolution) && resolution >= 0 ? undefined : `has a clockResolutionMs of ${String(resolution)}; it is a number of milliseconds from 0`;
}

/** What the app can give of `capability`: all of it, or `undefined` for nothing. */
export function offeredOf(capability: Capability, provisions: Provisions, imports: CheckedImports): Capability | undefined {
  return isOffered(capability, provisions, imports) ? capability : undefined;
}

function isOffered(capability: Capability, provisions: Provisions, { hostInterfaces }: CheckedImports): boolean {
  switch (capability.kind) {
    case "args": return provisions.arguments !== undefined;
    case "stdin": return provisions.stdin !== undefined;
    case "config": return provisions.config !== undefined;
    case "env": return Object.hasOwn(provisions.environment ?? {}, capability.name);
    case "secret": return Object.hasOwn(provisions.secrets ?? {}, capability.name);
    case "fs": return Object.keys(provisions.directories ?? {}).some((path) => pathIncludes(path, capability.path));
    case "host": return hostInterfaces.some(({ shape }) => shape.name === capability.interfaceName);
    default: return true;
  }
}
