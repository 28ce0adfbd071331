/* One plugin, as native code and as Python behind a bridge, and as a component in the page. */
import { bridgeRuntime } from "../dist/bridge.js";
import { fidiusContract } from "../dist/fidius.js";
import { PACKAGES, readFixture } from "./fixture.js";
import { PluginHost, trustKeys, urlSource } from "../dist/index.js";

/** The plugin as a component. What an app would know of the plugin, it knows of all three. */
export const COMPONENT = "rust";

/** What an app knows from its own build of the interface: its hash, and the type of the configuration. `test/fixtures/bridge/conformance.ts` has both. */
export const KNOWN = {
  interfaceHash: 0x39a5_c39c_68ae_e202n,
  configType: {
    kind: "record",
    fields: [{ name: "greeting", type: "string" }, { name: "marks", type: "u8" }, { name: "signature", type: { kind: "option", value: "string" } }],
  },
};
export const CONFIG = { greeting: "Hello", marks: 1 };

/** What an app has that uses a bridge, and at most one connection to it. */
export async function openBridgeHost({ url, token }) {
  const { key, descriptor } = await readFixture(`conformance-${COMPONENT}`);
  const bridge = bridgeRuntime({ url, token });
  const host = new PluginHost({ sources: [urlSource(PACKAGES)], trust: trustKeys([key]), bridge });
  return {
    host, descriptor,
    load: (runtime, options) => host.load(`fixture.conformance-${runtime}`, descriptor, { contract: fidiusContract(KNOWN), config: CONFIG, ...options }),
    async dispose() {
      await host.dispose();
      bridge.close();
    },
  };
}

/** Each runtime's plugin, by its name, the component first. */
export async function loadAll({ load }, runtimes, options) {
  const handles = new Map();
  for (const runtime of [COMPONENT, ...runtimes]) handles.set(runtime, await load(runtime, options));
  return handles;
}
