import { parseCapability, printCapability } from "../capability/capability.js";
import { checkConsistent } from "../capability/include-capability.js";
import { PluginError } from "../errors/plugin-error.js";
import type { CapabilityRequest } from "../package/manifest.js";
import { quotedText } from "../package/quoted-text.js";

/** A request as an author may write it: the capability alone, or with a reason. */
export type WrittenCapability =
  | string
  | { readonly capability: string; readonly reason?: string; readonly optional?: boolean };

const CONTEXT = { stage: "pack", doing: "Cannot pack the plugin" } as const;

/**
 * Completes an author's requests: each one that this version can enforce, in its canonical text, once, and with
 * a reason, which is what a person reads who is asked to grant it.
 *
 * @param reasons - reasons by capability, as it is written or in another form of it, for requests that have none of their own
 * @param table - the table of package.toml that they stand in, for messages
 * @throws {PluginError} `capability-unknown`; `capability-invalid` for a malformed, too wide or contradictory
 * request; `manifest-invalid` for a missing reason or a repetition
 */
export function completeRequests(
  written: readonly WrittenCapability[],
  reasons: Readonly<Record<string, string>> = {},
  table = "wasm",
): CapabilityRequest[] {
  const spare = readReasons(reasons, table);
  const requests = new Map<string, CapabilityRequest>();
  for (const item of written) {
    const { capability: text, reason, optional } = typeof item === "string" ? { capability: item } : item;
    const capability = canonicalText(text);
    if (requests.has(capability)) throw invalid(`it asks for the capability ${quotedText(capability)} twice`);
    const given = reason ?? spare.get(capability);
    if (given === undefined) {
      throw invalid(`it gives no reason for the capability ${quotedText(capability)}; people who are asked to grant it read the reason, so add one under [${table}.reasons]`);
    }
    if (reason === undefined) spare.delete(capability);
    requests.set(capability, { capability, reason: given, optional: optional ?? false });
  }
  const [left] = spare.keys();
  if (left !== undefined) {
    throw invalid(`[${table}.reasons] gives a reason for ${quotedText(left)}, for which it does not ask, or which has a reason of its own`);
  }
  checkConsistent([...requests.keys()].map((text) => parseCapability(text, CONTEXT)), CONTEXT);
  return [...requests.values()];
}

function readReasons(reasons: Readonly<Record<string, string>>, table: string): Map<string, string> {
  const byCapability = new Map<string, string>();
  for (const [text, reason] of Object.entries(reasons)) {
    const capability = canonicalText(text);
    if (byCapability.has(capability)) throw invalid(`[${table}.reasons] gives two reasons for ${quotedText(capability)}`);
    byCapability.set(capability, reason);
  }
  return byCapability;
}

function canonicalText(text: string): string {
  return printCapability(parseCapability(text, CONTEXT));
}

function invalid(reason: string): PluginError {
  return new PluginError({ code: "manifest-invalid", stage: "pack", message: `Cannot pack the plugin: ${reason}` });
}
