import { PluginError } from "../../errors/plugin-error.js";
import type { VerifiedPackage } from "../../trust/verify-package.js";

/**
 * Whose data a plugin sees: another publisher's plugin of the same id sees none of it. One that a second key has signed as
 * well keeps its data, as long as the app names the keys in the same order.
 *
 * @throws {PluginError} `runtime-unsupported` for an unsigned plugin without a component
 */
export function dataOwner({ trust, package: { manifest } }: VerifiedPackage): string {
  if (trust.kind === "signed") return trust.publisher;
  // Nobody vouches for an unsigned one: its data belongs to exactly this component.
  const component = manifest.files.find(({ path }) => path === manifest.component);
  if (component !== undefined) return `component:${component.sha256}`;
  // One name for all of them would let each see the others' data.
  const message = `Cannot tell whose data ${manifest.id} may see: nobody signed it, and it has no component, since its runtime is ${manifest.runtime}. Sign it`;
  throw new PluginError({ code: "runtime-unsupported", stage: "admit", pluginId: manifest.id, message });
}
