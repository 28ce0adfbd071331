import { resultSides } from "../component/result-sides.js";
import { definitionAt } from "../component/type-words.js";
import type { TypeDefinition, TypeReference, World } from "../component/world.js";

// How the error types of interfaces spell "you may not", best first. `not-supported` is last: it is how an
// interface says that an operation does not exist here.
const DENIED_CASES: readonly string[] = [
  "access-denied", "access", "not-permitted", "HTTP-request-denied", "permission-denied", "denied", "forbidden", "unauthorized",
  "not-supported", "unsupported",
];

/**
 * The error value by which a function with this `result` says that a call was denied, or `undefined` if its type has
 * none that means so.
 */
export function deniedValue(world: Pick<World, "types">, result: TypeReference | null, imported: string): { readonly payload: unknown } | undefined {
  const error = errorType(world, result);
  const reason = `${imported} is denied: no capability was granted for it`;
  if (typeof error === "object" && error.kind === "enum") {
    const denied = DENIED_CASES.find((name) => error.cases.includes(name));
    return denied === undefined ? undefined : { payload: denied };
  }
  if (typeof error === "object" && error.kind === "variant") {
    const { cases } = error;
    const denied = DENIED_CASES.find((name) => cases.some((candidate) => candidate.name === name && candidate.type === null));
    if (denied !== undefined) return { payload: { tag: denied } };
  }
  return failureValue(world, result, reason);
}

/** The error value by which a function with this `result` says why it failed: a text, or a case `other` with a text. */
export function failureValue(world: Pick<World, "types">, result: TypeReference | null, reason: string): { readonly payload: unknown } | undefined {
  const error = errorType(world, result);
  if (error === "string") return { payload: reason };
  if (typeof error !== "object" || error.kind !== "variant") return undefined;
  const other = error.cases.find((candidate) => candidate.name === "other" && candidate.type === "string");
  return other && { payload: { tag: "other", val: reason } };
}

function errorType(world: Pick<World, "types">, result: TypeReference | null): TypeDefinition | string | undefined {
  const { err } = resultSides(world, result);
  return typeof err === "number" ? definitionAt(world, err) : (err ?? undefined);
}
