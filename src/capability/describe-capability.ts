import { type Capability, type CapabilityKind, printOrigin } from "./capability.js";
import type { HostCapability, HttpCapability } from "./capability-types.js";
import { printPattern } from "./parse-host.js";

const SIMPLE_DESCRIPTIONS: ReadonlyMap<CapabilityKind, string> = new Map([
  ["clocks", "Read the current time, measure durations and wait"],
  ["random", "Draw random numbers"],
  ["stdout", "Write text to the app's output"],
  ["stderr", "Write error text to the app's output"],
  ["log", "Write structured log messages"],
  ["args", "Read the arguments that the app gives it"],
  ["stdin", "Read the input that the app gives it"],
  ["config", "Read its configuration"],
]);

/**
 * What a capability lets a plugin do, in the words of a permission prompt. Whatever comes from the
 * capability's text is printable ASCII and, where it can have blanks, in quotation marks, so that it cannot
 * pass for a part of the sentence.
 *
 * @example
 * ```ts
 * describeCapability(parseCapability("fs:rw:/data")); // Read and change files in the folder “/data”
 * ```
 */
export function describeCapability(capability: Capability): string {
  switch (capability.kind) {
    case "env":
      return `Read the setting “${capability.name}” from the environment`;
    case "fs": {
      const verb = capability.access === "rw" ? "Read and change" : "Read";
      return capability.path === "/" ? `${verb} all files that the app offers` : `${verb} files in the folder “${capability.path}”`;
    }
    case "http":
      return describeHttp(capability);
    case "keyvalue":
      return capability.quotaBytes === undefined ? "Keep data of its own" : `Keep data of its own, up to ${bytesInWords(capability.quotaBytes)}`;
    case "secret":
      return `Have the app add the secret “${capability.name}” to requests to ${printOrigin(capability)}, without seeing it`;
    case "host":
      return describeHost(capability);
    default:
      return SIMPLE_DESCRIPTIONS.get(capability.kind) ?? capability.kind;
  }
}

function describeHttp(capability: HttpCapability): string {
  const { host, methods, pathPrefix } = capability;
  const origin = printOrigin(capability);
  const target = host.startsWith("*.") ? `every host below ${host.slice(2)} (${origin})` : origin;
  return `Send ${listInWords(methods)} requests to ${target}${pathPrefix === "/" ? "" : `, only under ${pathPrefix}`}`;
}

function describeHost({ interfaceName, functions, patterns }: HostCapability): string {
  const used = functions === undefined ? "Use" : `Use ${listInWords(functions.map((name) => `“${name}”`))} of`;
  const constraints = [...patterns].map(([parameter, pattern]) =>
    pattern.endsWith("*") ? `“${parameter}” begins with “${printPattern(pattern).slice(0, -1)}”` : `“${parameter}” is “${printPattern(pattern)}”`,
  );
  return `${used} what the app offers as ${interfaceName}${constraints.length === 0 ? "" : `, only where ${listInWords(constraints)}`}`;
}

function listInWords(items: readonly string[]): string {
  return items.length < 2 ? items.join("") : `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;
}

const UNITS = [["GiB", 1024 ** 3], ["MiB", 1024 ** 2], ["KiB", 1024]] as const;

/** Never less than it is: rounded up to a tenth of the unit. */
function bytesInWords(bytes: number): string {
  const [name, size] = UNITS.find(([, least]) => bytes >= least) ?? ["bytes", 1];
  return `${size === 1 ? bytes : Math.ceil((bytes / size) * 10) / 10} ${name}`;
}
