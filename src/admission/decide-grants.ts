import { CAPABILITY_DESCRIPTIONS, type CapabilityKind, parseCapability } from "../capability/capability.js";
import { PluginError } from "../errors/plugin-error.js";
import type { Manifest } from "../package/manifest.js";
import type { VerifiedPackage } from "../trust/verify-package.js";

/** One question to the app: may this plugin have this? */
export interface GrantRequest {
  readonly plugin: { readonly id: string; readonly version: string; readonly title: string | undefined };
  /** Who vouches for the plugin. Identity and reason are the author's words until this says otherwise. */
  readonly trust: VerifiedPackage["trust"];
  readonly capability: CapabilityKind;
  /** What the capability lets a plugin do, in this package's words. */
  readonly description: string;
  /** Why the plugin wants it, in the author's words. */
  readonly reason: string;
  /** The plugin loads without it. */
  readonly optional: boolean;
}

/**
 * What an app grants: nothing (the default), a fixed list for every plugin, or an answer per request, which
 * may be asynchronous so that a person can be asked.
 */
export type GrantPolicy = readonly CapabilityKind[] | ((request: GrantRequest) => boolean | Promise<boolean>);

/**
 * Asks for each capability that the manifest requests and returns those that were granted: never one that
 * was not requested, never one that was not answered with exactly `true`.
 *
 * @throws {PluginError} `capability-unknown`, `capability-not-granted`.
 */
export async function decideGrants(verified: VerifiedPackage, policy: GrantPolicy): Promise<readonly CapabilityKind[]> {
  const { manifest } = verified.package;
  // All are read before any is asked, so that nobody is asked for a plugin that cannot be loaded anyway.
  const requests = manifest.capabilities.map((wanted) => ({ wanted, capability: parseCapability(wanted.capability, manifest.id) }));
  const granted: CapabilityKind[] = [];
  for (const { wanted, capability } of requests) {
    const request: GrantRequest = {
      plugin: { id: manifest.id, version: manifest.version, title: manifest.metadata.title },
      trust: verified.trust,
      capability,
      description: CAPABILITY_DESCRIPTIONS.get(capability) ?? capability,
      reason: wanted.reason,
      optional: wanted.optional,
    };
    if (await isGranted(request, policy)) granted.push(capability);
    else if (!wanted.optional) throw notGranted(manifest, request);
  }
  return granted;
}

async function isGranted(request: GrantRequest, policy: GrantPolicy): Promise<boolean> {
  if (typeof policy !== "function") return policy.includes(request.capability);
  // An app without types may answer with anything; only `true` is yes.
  const answer: unknown = await policy(request);
  return answer === true;
}

function notGranted(manifest: Manifest, request: GrantRequest): PluginError {
  return new PluginError({
    code: "capability-not-granted",
    stage: "admit",
    pluginId: manifest.id,
    message:
      `Cannot load ${manifest.id}: it requires the capability "${request.capability}" ` +
      `(${JSON.stringify(request.reason)}), and the app did not grant it`,
  });
}
