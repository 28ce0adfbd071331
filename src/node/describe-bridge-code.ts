import { hashExports } from "../component/interface-hash.js";
import type { ComponentIdentity } from "../package/describe-component.js";
import { MANIFEST_SCHEMA, PROTOCOL_VERSION, type Manifest } from "../package/manifest.js";
import type { BridgeInput } from "./bridge-input.js";

/** The manifest of native or Python code, without its files: identity and code as given, the rest read from the world. */
export async function describeBridgeCode({ runtime, world, code }: BridgeInput, { id, version = "0.0.0" }: ComponentIdentity): Promise<Manifest> {
  return {
    schema: MANIFEST_SCHEMA,
    protocol: PROTOCOL_VERSION,
    id,
    version,
    runtime,
    metadata: {},
    interface: { name: world.exports.interfaces[0]?.name ?? id, version: 0, hash: await hashExports(world) },
    world,
    capabilities: [],
    limits: {},
    bridge: code,
    files: [],
    transpiled: [],
  };
}
