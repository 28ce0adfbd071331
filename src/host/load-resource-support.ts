import type { World } from "../component/world.js";
import { notify, type PluginEventListener } from "./plugin-event.js";
import type { ResourceOwner, Resources } from "./plugin-resource.js";

/**
 * Loads what resources need. Few interfaces have any, and this code is only for them.
 *
 * @returns what makes the resources of one handle.
 */
export async function loadResourceSupport(world: World, pluginId: string, onEvent: PluginEventListener | undefined): Promise<(owner: ResourceOwner) => Resources> {
  if (!world.types.some(({ kind }) => NEEDING.has(kind))) {
    return () => ({ adopt: refuse, use: refuse, give: refuse, receive: refuse, during: async (_instance, _home, _given, call) => call() });
  }
  const { ResourceRegistry } = await import("./resource-registry.js");
  return (owner) => new ResourceRegistry(owner, {
    onLeaked: (resource) => notify(onEvent, { kind: "resource-leaked", pluginId, resource }),
    onSourceFailed: (name, error) => notify(onEvent, { kind: "host-failure", pluginId, function: name, error }),
  });
}

/** What stands for something in the instance, instead of being a value. */
const NEEDING: ReadonlySet<string> = new Set(["resource", "stream", "future"]);

function refuse(): never {
  throw new TypeError("the interface has no resources, so none can be part of a value");
}
