import { compatibilityKey } from "../component/interface-versions.js";
import { definitionAt } from "../component/type-words.js";
import { PluginError } from "../errors/plugin-error.js";
import type { BrokerContext } from "./broker.js";
import { InterfaceError, MalformedCall } from "./call-errors.js";
import { HostResource } from "./host-resource.js";
import type { OfferedInterface } from "./host-functions.js";
import type { LentObject, LentObjects } from "./lent-object.js";

/** The app's objects that go into an instance as arguments, beside those that the app's functions answer with. */
export function createLentObjects(context: BrokerContext, interfaces: readonly OfferedInterface[]): LentObjects {
  const { handles, plugin, reportFailure } = context;
  const refused = (code: "capability-denied" | "busy" | "resource-invalid", message: string) => new PluginError({ code, stage: "call", pluginId: plugin.id, message });
  const find = ({ interfaceName, resourceName }: LentObject) => {
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
    takeBack(id) {
      try {
        const held = handles.get(id, HostResource);
        handles.release(id);
        held.release();
        return held.object;
      } catch (error) {
        if (!(error instanceof MalformedCall)) throw error;
        throw refused("resource-invalid", `Cannot take a resource of the app back from ${plugin.id}: ${error.message}. The plugin's answer is not usable`);
      }
    },
    release(id) {
      if (handles.has(id)) this.takeBack(id);
    },
  };
}
