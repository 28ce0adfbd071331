/** `portcullis/bridge`: native and Python plugins, which run on a server, behind the same handle. */
export { type BridgeRuntime, bridgeRuntime } from "./runtime/bridge/bridge-runtime.js";
export type { BridgeOptions } from "./runtime/bridge/bridge-connection.js";
export { bridgeSource } from "./host/bridge-source.js";
