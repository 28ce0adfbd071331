import { compatibilityKey } from "../component/interface-versions.js";
import { definitionAt } from "../component/type-words.js";
import { PluginError } from "../errors/plugin-error.js";
import type { BrokerContext } from "./broker.js";
import { InterfaceError } from "./call-errors.js";
import { HostResource } from "./host-resource.js";
import type { OfferedInterface } from "./host-functions.js";
import type { LentObjects, LentTypeName } from "./lent-object.js";

/** The app's objects that go into an instance as arguments, beside those that the app's functions answer with. */
export function createLentObjects(context: BrokerContext, interfaces: readonly OfferedInterface[]): LentObjects {
  const { handles, plugin, reportFailure } = context;
  const refused = (code: "capability-denied" | "busy" | "resource-invalid", message: string) => new PluginError({ code, stage: "call", pluginId: plugin.id, message });
  const heldBy = (id: number): HostResource | undefined => {
    const handle = handles.find(id);
    return handle instanceof HostResource ? handle : undefined;
  };
  const find = ({ interfaceName, resourceName }: LentTypeName) => {
    for (const { shape, world } of interfaces) {
      const isGranted = context.grants().some((grant) => grant.kind === "host" && grant.interfaceName === shape.name);
      if (!isGranted || compatibilityKey(shape.name) !== compatibilityKey(interfaceName)) continue;
      const resource = shape.resources.find((position) => definitionAt(world, position).name === resourceName);
      if (resource !== undefined) return { world, resource };
    }
    return undefined;
  };
  return {
    lend(lent) {
      const found = find(lent);
      if (found === undefined) throw refused("capability-denied", `Cannot give a ${lent.resourceName} to ${plugin.id}: host:${lent.interfaceName} is not granted to it, so that it could do nothing with it. Grant it, or call another function`);
      const { world, resource } = found;
      const options = { world, report: reportFailure, isBorrowed: lent.mode === "borrow" };
      try {
        handles.put(lent.id, new HostResource(lent.object, resource, options));
      } catch (error) {
        if (!(error instanceof InterfaceError)) throw error;
        throw refused("busy", `Cannot give a ${lent.resourceName} to ${plugin.id}: it holds too many of the app's objects already. Let it drop some first`);
      }
    },
    takeBack(id, type) {
      const held = heldBy(id);
      // The worker is not trusted: it may name any number that it knows, or none.
      if (held === undefined || held.isBorrowed || held.resource !== find(type)?.resource) {
        throw refused("resource-invalid", `Cannot take a ${type.resourceName} back from ${plugin.id}: it answered with something that is no ${type.resourceName} of the app, or not its own to give`);
      }
      handles.release(id);
      held.release();
      return held.object;
    },
    release(id) {
      const held = heldBy(id);
      handles.release(id);
      held?.release();
    },
  };
}
