import { compatibilityKey } from "../component/interface-versions.js";
import { definitionAt } from "../component/type-words.js";
import type { World } from "../component/world.js";
import { PluginError } from "../errors/plugin-error.js";
import type { BrokerContext } from "./broker.js";
import { InterfaceError } from "./call-errors.js";
import { HostResource } from "./host-resource.js";
import type { OfferedInterface } from "./host-functions.js";
import type { LentObject, LentObjects, LentTypeName } from "./lent-object.js";

/** The app's objects that go into an instance as arguments, beside those that the app's functions answer with. */
export class LentObjectTable implements LentObjects {
  readonly #context: BrokerContext;
  readonly #interfaces: readonly OfferedInterface[];

  constructor(context: BrokerContext, interfaces: readonly OfferedInterface[]) {
    this.#context = context;
    this.#interfaces = interfaces;
  }

  lend(lent: LentObject): void {
    const { handles, reportFailure } = this.#context;
    const found = this.#find(lent);
    if (found === undefined) {
      throw this.#refused("capability-denied", `Cannot give a ${lent.resourceName}`, `host:${lent.interfaceName} is not granted to it, so that it could do nothing with it. Grant it, or call another function`);
    }
    const { world, resource } = found;
    const options = { world, report: reportFailure, isBorrowed: lent.mode === "borrow" };
    try {
      handles.put(lent.id, new HostResource(lent.object, resource, options));
    } catch (error) {
      if (!(error instanceof InterfaceError)) throw error;
      throw this.#refused("busy", `Cannot give a ${lent.resourceName}`, "it holds too many of the app's objects already. Let it drop some first");
    }
  }

  takeBack(id: number, type: LentTypeName): object {
    const held = this.#heldBy(id);
    // The worker is not trusted: it may name any number that it knows, or none.
    if (held === undefined || held.isBorrowed || held.resource !== this.#find(type)?.resource) {
      throw this.#refused("resource-invalid", `Cannot take a ${type.resourceName} back`, `it answered with something that is no ${type.resourceName} of the app, or not its own to give`);
    }
    this.release(id);
    return held.object;
  }

  release(id: number): void {
    const held = this.#heldBy(id);
    this.#context.handles.release(id);
    held?.release();
  }

  #heldBy(id: number): HostResource | undefined {
    const handle = this.#context.handles.find(id);
    return handle instanceof HostResource ? handle : undefined;
  }

  /** Its type in the plugin's world, if the interface is granted now. */
  #find({ interfaceName, resourceName }: LentTypeName): { readonly world: World; readonly resource: number } | undefined {
    for (const { shape, world } of this.#interfaces) {
      const isGranted = this.#context.grants().some((grant) => grant.kind === "host" && grant.interfaceName === shape.name);
      if (!isGranted || compatibilityKey(shape.name) !== compatibilityKey(interfaceName)) continue;
      const resource = shape.resources.find((position) => definitionAt(world, position).name === resourceName);
      if (resource !== undefined) return { world, resource };
    }
    return undefined;
  }

  #refused(code: "capability-denied" | "busy" | "resource-invalid", doing: string, reason: string): PluginError {
    const pluginId = this.#context.plugin.id;
    return new PluginError({ code, stage: "call", pluginId, message: `${doing} ${code === "resource-invalid" ? "from" : "to"} ${pluginId}: ${reason}` });
  }
}
