import type { World } from "../component/world.js";
import { COMPILE_TARGETS, type CompileTarget } from "./compile-key.js";

/** The targets for which a component with this `world` can be transpiled, the preferred one first. */
export function supportedTargets(world: World): readonly CompileTarget[] {
  return COMPILE_TARGETS.filter((target) => targetRefusal(world, target) === undefined);
}

/** Whether the `world` shows WASI 0.3's calling convention: async functions, streams or futures. */
export function usesAsynchronousTypes(world: World): boolean {
  return targetRefusal(world, "browser-sync") !== undefined;
}

/**
 * Why `target` cannot run a component with this `world`, or `undefined`. A component that uses WASI 0.3's
 * calling convention without showing it in its world is refused later, by `transpileComponent`.
 */
export function targetRefusal(world: World, target: CompileTarget): string | undefined {
  if (target !== "browser-sync") return undefined;
  const asynchronous = [world.imports, world.exports]
    .flatMap((side) => [...side.functions, ...side.interfaces.flatMap(({ functions }) => functions)])
    .find(({ type }) => type.async);
  if (asynchronous !== undefined) return `its function ${asynchronous.name} is async`;
  const carrier = world.types.find(({ kind }) => kind === "stream" || kind === "future");
  return carrier === undefined ? undefined : `a function takes or returns a ${carrier.kind}`;
}
