import type { Capability } from "../../capability/capability.js";
import { intersectCapability } from "../../capability/include-capability.js";

/** What is left of `grants` when `revoked` is taken back. What overlaps it goes as a whole, since nothing is ever cut to a remainder. */
export function remainingGrants(grants: readonly Capability[], revoked: Capability | undefined): readonly Capability[] {
  return revoked === undefined ? [] : grants.filter((granted) => intersectCapability(granted, revoked) === undefined);
}
