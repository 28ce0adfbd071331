import { CAPABILITY_KINDS, isCapabilityKind } from "../capability/capability.js";
import { PluginError } from "../errors/plugin-error.js";
import type { PluginErrorCode } from "../errors/error-codes.js";
import type { CapabilityRequest } from "../package/manifest.js";
import { quotedText } from "../package/quoted-text.js";

/** A request as an author may write it: the name alone, or with a reason. */
export type WrittenCapability =
  | string
  | { readonly capability: string; readonly reason?: string; readonly optional?: boolean };

/**
 * Completes an author's requests: each known to this version, once, and with a reason, which is what a
 * person reads who is asked to grant it.
 *
 * @param reasons - reasons by capability, for requests that have none of their own
 * @throws {PluginError} `capability-unknown`; `manifest-invalid` for a missing reason or a repetition
 */
export function completeRequests(
  written: readonly WrittenCapability[],
  reasons: Readonly<Record<string, string>> = {},
): CapabilityRequest[] {
  const spare = new Map(Object.entries(reasons));
  const requests = new Map<string, CapabilityRequest>();
  for (const item of written) {
    const { capability, reason, optional } = typeof item === "string" ? { capability: item } : item;
    if (!isCapabilityKind(capability)) throw unknown(capability);
    if (requests.has(capability)) throw invalid(`it asks for the capability ${quotedText(capability)} twice`);
    const given = reason ?? spare.get(capability);
    if (given === undefined) {
      throw invalid(`it gives no reason for the capability ${quotedText(capability)}; people who are asked to grant it read the reason, so add one under [wasm.reasons]`);
    }
    spare.delete(capability);
    requests.set(capability, { capability, reason: given, optional: optional ?? false });
  }
  const [left] = spare.keys();
  if (left !== undefined) {
    throw invalid(`[wasm.reasons] gives a reason for ${quotedText(left)}, for which it does not ask, or which has a reason of its own`);
  }
  return [...requests.values()];
}

function unknown(capability: string): PluginError {
  return failure("capability-unknown", `it asks for the capability ${quotedText(capability)}, and hosts of this version can grant only ${CAPABILITY_KINDS.join(", ")}. Remove the request`);
}

function invalid(reason: string): PluginError {
  return failure("manifest-invalid", reason);
}

function failure(code: PluginErrorCode, reason: string): PluginError {
  return new PluginError({ code, stage: "pack", message: `Cannot pack the plugin: ${reason}` });
}
