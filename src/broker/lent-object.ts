/** A resource type that the app implements. */
export interface LentTypeName {
  /** The interface that defines it, as the app's descriptor names it. */
  readonly interfaceName: string;
  /** Its name in WIT. */
  readonly resourceName: string;
}

/** An object of the app that is an argument of a call: of a type that the plugin imports from the app. */
export interface LentObject extends LentTypeName {
  /** From {@link FIRST_LENT_NUMBER} on, never used again for this handle. */
  readonly id: number;
  readonly object: object;
  /** `own` gives it away. `borrow` lends it for the call. */
  readonly mode: "own" | "borrow";
}

/** The way of the app's objects into one instance and back. */
export interface LentObjects {
  /** @throws {PluginError} `capability-denied` if the interface is not granted, `busy` if the instance holds too many. */
  lend(lent: LentObject): void;
  /**
   * The object that the instance gives away to the app.
   *
   * @throws {PluginError} `resource-invalid` if it has no such one of this type, or does not own it.
   */
  takeBack(id: number, type: LentTypeName): object;
  /** Takes one back that may be gone, without freeing it. */
  release(id: number): void;
}

/** The page counts the objects that plugins ask for from 1, and those that apps give from here: they never meet. */
export const FIRST_LENT_NUMBER = 2 ** 40;
