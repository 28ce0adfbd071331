import type { FunctionType, TypeReference, World } from "../component/world.js";
import { type GuestContext, ImportError, reportDenial, trapDenied } from "./guest-context.js";
import { ErrorResource } from "./io.js";

// How the error types of WASI interfaces spell "you may not", best first. `not-supported` is last: it is how
// an interface says that an operation does not exist here.
const DENIED_CASES: readonly string[] = [
  "access-denied", "access", "not-permitted", "HTTP-request-denied", "permission-denied", "denied", "forbidden", "unauthorized",
  "not-supported", "unsupported",
];

/**
 * A stand-in for an imported function that nothing grants. It answers with the function's own error case
 * where its type has one that means "denied", and else ends the instance. It never returns a value,
 * so a denied call never looks like success.
 */
export function denyFunction(
  world: World,
  type: FunctionType,
  authority: string,
  imported: string,
  context: GuestContext,
): (...values: unknown[]) => never {
  const errorValue = deniedErrorValue(world, type.result, imported);
  if (errorValue === undefined) return () => trapDenied(context, authority, imported);
  return () => {
    reportDenial(context, authority, imported);
    throw new ImportError(errorValue());
  };
}

function deniedErrorValue(world: World, result: TypeReference | null, imported: string): (() => unknown) | undefined {
  const definition = typeof result === "number" ? world.types[result] : undefined;
  if (definition?.kind !== "result" || definition.err === null) return undefined;
  if (definition.err === "string") return () => `${imported} is denied: no capability was granted for it`;
  const error = typeof definition.err === "number" ? world.types[definition.err] : undefined;
  if (error?.kind === "enum") {
    const denied = DENIED_CASES.find((name) => error.cases.includes(name));
    return denied === undefined ? undefined : () => denied;
  }
  if (error?.kind !== "variant") return undefined;
  for (const name of DENIED_CASES) {
    if (error.cases.some((candidate) => candidate.name === name && candidate.type === null)) return () => ({ tag: name });
  }
  // wasi:io/streams: the error resource carries the reason as text.
  if (error.name === "stream-error") return () => streamFailure(`${imported} is denied: no capability was granted for it`);
  // wasi:keyvalue and its like: a catch-all case with a text.
  const other = error.cases.find((candidate) => candidate.name === "other" && candidate.type === "string");
  return other && (() => ({ tag: "other", val: `${imported} is denied: no capability was granted for it` }));
}

/** The `stream-error` for a stream that fails with `reason`. */
export function streamFailure(reason: string): unknown {
  return { tag: "last-operation-failed", val: new ErrorResource(reason) };
}
