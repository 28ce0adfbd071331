import { parseCapability } from "../capability/capability.js";
import { describeCapability } from "../capability/describe-capability.js";

/**
 * What a capability lets a plugin do, in the dialog's words: for settings pages, which have texts out of `handle.grants` and
 * `host.grants.list()`. An app's own interfaces have the words that the app gave to `hostInterface`.
 *
 * @throws {PluginError} `capability-unknown`, `capability-invalid`
 * @example
 * ```ts
 * describeCapabilityText("http:GET:https://api.example.com/v1"); // "Send GET requests to https://api.example.com, only under /v1"
 * ```
 */
export function describeCapabilityText(capability: string): string {
  return describeCapability(parseCapability(capability, { stage: "configure" }));
}
