import { randomBytes } from "node:crypto";

const LIFE_MILLISECONDS = 30_000;

/**
 * Tokens that open the bridge for the page, each for one connection and for half a minute. Whoever finds one later, in a log
 * or a browser's memory, has nothing.
 */
export class Tickets {
  /** When each that was not used ends. */
  #ends = new Map();

  issue() {
    const now = performance.now();
    for (const [ticket, end] of this.#ends) if (end <= now) this.#ends.delete(ticket);
    const ticket = randomBytes(32).toString("base64url");
    this.#ends.set(ticket, now + LIFE_MILLISECONDS);
    return ticket;
  }

  /**
   * Uses a ticket up.
   *
   * @param {string} ticket
   * @returns {boolean} whether it was one
   */
  redeem(ticket) {
    const end = this.#ends.get(ticket);
    this.#ends.delete(ticket);
    return end !== undefined && performance.now() < end;
  }
}
