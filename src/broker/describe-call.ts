import type { CapabilityKind } from "../capability/capability.js";
import { describeValue } from "../component/describe-value.js";
import type { World } from "../component/world.js";

/** A host call in the words of the audit. */
export interface DescribedCall {
  readonly capability: CapabilityKind;
  readonly functionName: string;
  readonly summary: string;
}

/** Whose operations each broker has, by the word before the dot. */
const CAPABILITIES: ReadonlyMap<string, CapabilityKind> = new Map([["filesystem", "fs"], ["http", "http"], ["keyvalue", "keyvalue"], ["host", "host"]]);

/**
 * What a host call does, for people; `undefined` for one that is only the means of another.
 * Of a request only the method and the address without its query: the rest of it may hold
 * what the app's log is not the place for.
 */
export function describeCall(operation: string, values: readonly unknown[], world: World): DescribedCall | undefined {
  const capability = CAPABILITIES.get(operation.split(".")[0] ?? "");
  // Reading on in what a call opened, waiting for it and dropping it are no calls of their own.
  if (capability === undefined) return undefined;
  if (operation === "host.call") {
    const [interfaceName, functionName, given] = values;
    const shape = world.imports.interfaces.find(({ name }) => name === interfaceName);
    const called = shape?.functions.find(({ name }) => name === functionName);
    // Of what the plugin does not import there is nothing to say: the broker ends whoever calls it.
    if (shape === undefined || called === undefined || !Array.isArray(given)) return undefined;
    const named = new Map(called.type.parameters.map(({ name }, position) => [name, given[position] as unknown]));
    return { capability, functionName: `${shape.name}#${called.name}`, summary: summarise(named) };
  }
  if (operation === "http.send") {
    const [method, scheme, authority, path] = values.map((value) => (typeof value === "string" ? value : ""));
    return { capability, functionName: "wasi:http/outgoing-handler#handle", summary: `${method} ${scheme}://${authority}${path?.replace(/[?#].*$/s, "")}`.slice(0, SUMMARY_LENGTH) };
  }
  return { capability, functionName: operation, summary: summarise(byPosition(values)) };
}

function byPosition(values: readonly unknown[]): ReadonlyMap<string, unknown> {
  return new Map(values.slice(0, MOST_NAMED).map((value, position) => [String(position), value]));
}

// Enough for a person to see what was tried.
const SUMMARY_LENGTH = 200;
const MOST_NAMED = 16;

/** Arguments in a few words: texts and numbers as they are, of the rest only the kind. */
export function summarise(named: ReadonlyMap<string, unknown>): string {
  const parts = [...named].map(([name, value]) => `${name}=${typeof value === "string" ? JSON.stringify(value.slice(0, SUMMARY_LENGTH)) : describe(value)}`);
  return parts.join(", ").slice(0, SUMMARY_LENGTH);
}

function describe(value: unknown): string {
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean") return describeValue(value);
  return ArrayBuffer.isView(value) ? `${value.byteLength} bytes` : Array.isArray(value) ? `${value.length} items` : "…";
}
