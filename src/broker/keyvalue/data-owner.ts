import type { VerifiedPackage } from "../../trust/verify-package.js";

/**
 * Whose data a plugin sees: another publisher's plugin of the same id sees none of it. One that a second key has signed as
 * well keeps its data, as long as the app names the keys in the same order.
 */
export function dataOwner({ trust, package: { manifest } }: VerifiedPackage): string {
  if (trust.kind === "signed") return trust.publisher;
  // Nobody vouches for an unsigned one: its data belongs to exactly this component.
  const component = manifest.files.find(({ path }) => path === manifest.component);
  return `component:${component?.sha256 ?? ""}`;
}
