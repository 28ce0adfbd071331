import { deniedValue } from "../capability/denied-value.js";
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
  const definition = typeof result === "number" ? world.types[result] : undefined;
  const error = definition?.kind === "result" && typeof definition.err === "number" ? world.types[definition.err] : undefined;
  return error?.kind === "variant" && error.name === "stream-error";
}
