import { sha256Hex } from "../bytes/sha256.js";
import { decodeComponent } from "../component/decode-component.js";
import { hashExports } from "../component/interface-hash.js";
import { PluginError } from "../errors/plugin-error.js";
import type { PluginLimits } from "../limits/plugin-limits.js";
import { MANIFEST_SCHEMA, PROTOCOL_VERSION, type Manifest } from "./manifest.js";

/** What a bare component does not say about itself. */
export interface ComponentIdentity {
  /** Dotted lower-case name, such as `acme.blur`. */
  readonly id: string;
  /** Semantic version. @defaultValue `0.0.0` */
  readonly version?: string;
}

const COMPONENT_PATH = "component.wasm";

/**
 * The manifest of a bare component: identity as given, everything else read from the component.
 *
 * @throws {PluginError} `package-too-large`, or what the decoder throws
 */
export async function describeComponent(
  component: Uint8Array,
  identity: ComponentIdentity,
  limits: PluginLimits,
): Promise<Manifest & { readonly component: string }> {
  if (component.length > limits.packageBytes) {
    throw new PluginError({
      code: "package-too-large",
      stage: "verify",
      message: `Cannot open the component: it has ${component.length} bytes, and at most ${limits.packageBytes} are allowed`,
    });
  }
  const world = decodeComponent(component);
  return {
    schema: MANIFEST_SCHEMA,
    protocol: PROTOCOL_VERSION,
    id: identity.id,
    version: identity.version ?? "0.0.0",
    runtime: "wasm",
    metadata: {},
    interface: {
      name: world.exports.interfaces[0]?.name ?? identity.id,
      version: 0,
      hash: await hashExports(world),
    },
    world,
    capabilities: [],
    limits: {},
    component: COMPONENT_PATH,
    files: [{ path: COMPONENT_PATH, size: component.length, sha256: await sha256Hex(component) }],
    transpiled: [],
  };
}
