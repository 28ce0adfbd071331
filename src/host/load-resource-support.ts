import type { World } from "../component/world.js";
import type { ResourceOwner, Resources } from "./plugin-resource.js";

/**
 * Loads what resources need. Few interfaces have any, and this code is only for them.
 *
 * @returns what makes the resources of one handle.
 */
export async function loadResourceSupport(world: World): Promise<(owner: ResourceOwner) => Resources> {
  if (!world.types.some(({ kind }) => kind === "resource")) return () => ({ adopt: refuse, use: refuse });
  const { ResourceRegistry } = await import("./resource-registry.js");
  return (owner) => new ResourceRegistry(owner);
}

function refuse(): never {
  throw new TypeError("the interface has no resources, so none can be part of a value");
}
