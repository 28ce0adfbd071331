import { deniedValue } from "../capability/denied-value.js";
import { resultSides } from "../component/result-sides.js";
import { definitionAt } from "../component/type-words.js";
import type { FunctionType, TypeReference, World } from "../component/world.js";
import { type GuestContext, ImportError, reportDenial, trapDenied } from "./guest-context.js";
import { streamFailure } from "./io.js";

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
  const isStream = isStreamResult(world, type.result);
  const denied = isStream ? undefined : deniedValue(world, type.result, imported);
  if (!isStream && denied === undefined) return () => trapDenied(context, authority, imported);
  return () => {
    reportDenial(context, authority, imported);
    // wasi:io/streams: the error is a resource that carries the reason as text, made anew each time.
    throw new ImportError(denied === undefined ? streamFailure(`${imported} is denied: no capability was granted for it`) : denied.payload);
  };
}

function isStreamResult(world: World, result: TypeReference | null): boolean {
  const { err } = resultSides(world, result);
  const error = typeof err === "number" ? definitionAt(world, err) : undefined;
  return error?.kind === "variant" && error.name === "stream-error";
}
