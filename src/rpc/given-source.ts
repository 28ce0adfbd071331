import type { CarrierStep } from "./messages.js";

/** A stream or future of the app that a plugin reads. Its steps are checked and ready to be posted. */
export interface GivenSource {
  /** Never rejects: what fails is a step. Buffers of it that are moved are added to `transfer`. */
  next(transfer: Transferable[]): Promise<CarrierStep>;
  /** Nobody reads it any more. Never throws. */
  leave(): void;
}
