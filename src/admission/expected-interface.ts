import type { World } from "../component/world.js";

/** The interface that an app was built against. */
export interface ExpectedInterface {
  readonly name: string;
  readonly hash: string;
  readonly world: World;
}

/**
 * How close a plugin's interface must be to what the app was built against.
 * `strict`: equal interface hash, for every export that the app expects.
 * `lenient`: everything the app expects is there with structurally equal signatures, in a compatible version.
 * Neither says anything about signatures or grants, which are the same under both.
 */
export type Compatibility = "strict" | "lenient";
