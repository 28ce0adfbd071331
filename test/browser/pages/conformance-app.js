/* An app that loads the conformance plugin in any of its runtimes, with the same functions and inputs for all. */
import * as portcullis from "../dist/index.js";
import { bridgeRuntime, bridgeSource } from "../dist/bridge.js";
import { FidiusError, fidiusInterfaceHash, loadFidius } from "../dist/fidius.js";
import { plugins } from "./fidius-app.js";
import { createHost, describeError } from "./plugins.js";

export { collect, Source, use } from "./fidius-app.js";
export { events } from "./plugins.js";
export { plugins };

const HOST_CALL = "host:fidius:host-call/host@0.1.0";
const bridges = new Map();
/** What the app's ledger was asked. */
export const asked = [];

/** One connection for the page, as an app has. */
export function bridge({ url, token }) {
  if (!bridges.has(url)) bridges.set(url, bridgeRuntime({ url, token }));
  return bridges.get(url);
}

function ledger(signatures) {
  const balance = async (account, { plugin }) => {
    asked.push({ account, plugin: plugin.id });
    if (account === "nobody") throw new FidiusError("no-account", "there is no such account", '{"account":"nobody"}');
    if (account === "slow") await new Promise((resolve) => setTimeout(resolve, 50));
    return 41n;
  };
  return {
    name: "Ledger", version: 3, hash: fidiusInterfaceHash(signatures), documentation: "Read the ledger",
    methods: [
      { name: "balance", parameters: ["string"], result: "s64", call: balance },
      { name: "note", parameters: [{ kind: "list", element: "string" }, { kind: "option", value: "u16" }], result: "string", call: (tags) => tags.join("+") },
    ],
  };
}

/** Loads one runtime's plugin as `name`. */
export async function load({ name, id, descriptor, trust, bridge: wanted, fromBridge = false, config, configType, interfaceHash, signatures, grant = [HOST_CALL], host = {}, options = {} }) {
  try {
    const runtime = wanted === undefined ? undefined : bridge(wanted);
    const sources = [fromBridge ? bridgeSource(runtime) : portcullis.urlSource("../packages/registry/index.json")];
    const own = createHost(portcullis, { sources, trust: portcullis.trustKeys(trust), grant, ...(runtime === undefined ? {} : { bridge: runtime }), ...host });
    const plugin = await loadFidius(own, id, portcullis.defineInterface(descriptor), {
      interfaceHash: BigInt(interfaceHash), hostInterfaces: [ledger(signatures)],
      ...(config === undefined ? {} : { config, configType }),
      ...options,
    });
    plugins.set(name, plugin);
    return { host: own, report: plugin.handle.report, trust: plugin.handle.info.trust };
  } catch (error) {
    return { error: describeError(error) };
  }
}

/** Every plugin that the bridge says it has. */
export async function listed(options, trust) {
  const host = createHost(portcullis, { sources: [bridgeSource(bridge(options))], trust: portcullis.trustKeys(trust) });
  const found = [];
  for await (const { id, version, title } of host.discover()) found.push({ id, version, title });
  return found;
}
