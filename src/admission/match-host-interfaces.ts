import type { HostInterface } from "../capability/host-interface.js";
import { resolveExports } from "../component/compare-exports.js";
import { satisfiesInterface } from "../component/interface-versions.js";
import { compileCarrierMapping } from "../component/resource-mapping.js";
import type { InterfaceShape, World } from "../component/world.js";
import { PluginError } from "../errors/plugin-error.js";

/** An interface that a plugin imports and the app implements. */
export interface MatchedInterface {
  /** As the plugin imports it: perhaps an older compatible version, perhaps fewer functions. */
  readonly shape: InterfaceShape;
  readonly offered: HostInterface;
}

/**
 * Finds for each interface that a plugin imports the one of the app that serves it: equal types of everything that the plugin
 * uses, in the same or a newer compatible version.
 *
 * @throws {PluginError} `interface-mismatch`, `component-unsupported`
 */
export function matchHostInterfaces(world: World, imported: readonly InterfaceShape[], offered: readonly HostInterface[], pluginId: string): readonly MatchedInterface[] {
  return imported.flatMap((shape) => {
    const found = offered.find(({ name }) => name === shape.name) ?? offered.find(({ name }) => satisfiesInterface(shape.name, name));
    if (found === undefined) return [];
    checkTypes(world, shape, found, pluginId);
    checkCallable(world, shape, pluginId);
    return [{ shape, offered: found }];
  });
}

function checkTypes(world: World, shape: InterfaceShape, { name, world: offeredWorld, shape: offeredShape }: HostInterface, pluginId: string): void {
  // What a plugin wants of the app is compared like what the app wants of a plugin.
  const only = (whole: World, wanted: InterfaceShape): World => ({ ...whole, exports: { interfaces: [wanted], functions: [] } });
  const [first] = resolveExports(only(world, shape), only(offeredWorld, offeredShape)).differences;
  if (first === undefined) return;
  const message = `Cannot load ${pluginId}: it imports ${shape.name} with other types than the app's ${name}: ${first.message}. Build the plugin against the app's WIT`;
  throw new PluginError({ code: "interface-mismatch", stage: "admit", pluginId, message });
}

function checkCallable(world: World, { name, functions }: InterfaceShape, pluginId: string): void {
  const carrying = functions.find(({ type }) => [...type.parameters.map((parameter) => parameter.type), type.result].some((type) => compileCarrierMapping(world, type) !== null));
  if (carrying !== undefined) {
    const message =
      `Cannot load ${pluginId}: it imports ${name}#${carrying.name}, which takes or returns a stream or future of WASI 0.3, and the app's functions ` +
      "cannot. Declare a resource with a method `next` instead: the app may answer with anything that can be iterated";
    throw new PluginError({ code: "component-unsupported", stage: "admit", pluginId, message });
  }
  const asynchronous = functions.find(({ type }) => type.async);
  if (asynchronous === undefined) return;
  const message =
    `Cannot load ${pluginId}: it imports ${name}#${asynchronous.name}, which is an async function (WASI 0.3), and functions of the app ` +
    "are called synchronously by plugins. Declare it without async: its implementation may be asynchronous all the same";
  throw new PluginError({ code: "component-unsupported", stage: "admit", pluginId, message });
}
