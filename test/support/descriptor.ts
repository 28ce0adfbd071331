/** Interface descriptors made from components, as `portcullis types` makes them from WIT. */
import { readFile } from "node:fs/promises";
import { decodeComponent } from "../../src/component/decode-component.js";
import type { InterfaceDescriptorData } from "../../src/component/interface-descriptor.js";
import { hashExports } from "../../src/component/interface-hash.js";
import type { World } from "../../src/component/world.js";

/** The descriptor of everything that the component at `path` exports. */
export async function descriptorOf(path: string, name = "the fixture's interface"): Promise<InterfaceDescriptorData> {
  return descriptorOfWorld(decodeComponent(await readFile(path)), name);
}

export async function descriptorOfWorld(world: World, name: string): Promise<InterfaceDescriptorData> {
  // An app's descriptor says what it wants exported; imports are the plugin's own matter.
  const wanted: World = { ...world, imports: { interfaces: [], functions: [] } };
  return { name, hash: await hashExports(world), world: wanted };
}
