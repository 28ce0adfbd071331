import { DirectoryError } from "./directory-backend.js";

/** How much more a directory may hold. */
export class SpaceBudget {
  readonly #maximumBytes: number;
  #usedBytes: number;

  constructor(maximumBytes: number, usedBytes: number) {
    this.#maximumBytes = maximumBytes;
    this.#usedBytes = usedBytes;
  }

  /** @throws {DirectoryError} `insufficient-space`, before anything is written. */
  take(bytes: number): void {
    if (bytes > 0 && this.#usedBytes + bytes > this.#maximumBytes) throw new DirectoryError("insufficient-space");
    this.give(-bytes);
  }

  give(bytes: number): void {
    // What was there before the count began can be removed as well.
    this.#usedBytes = Math.max(0, this.#usedBytes - bytes);
  }
}
