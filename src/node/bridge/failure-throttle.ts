import { isIPv4, isIPv6 } from "node:net";

const WINDOW_MILLISECONDS = 60_000;
/** Failures that are answered at once: people mistype. */
const FREE_FAILURES = 3;
const FIRST_DELAY_MILLISECONDS = 100;
const LONGEST_DELAY_MILLISECONDS = 5_000;
const BLOCKED_FAILURES = 30;
const REMEMBERED_ADDRESSES = 10_000;

/** Counts failed attempts per address, and makes each answer later than the one before. */
export class FailureThrottle {
  readonly #now: () => number;
  readonly #failures = new Map<string, { count: number; since: number }>();

  /** @param now - milliseconds of a clock that only goes on. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** @returns for how many milliseconds the answer should be held back. */
  failed(address: string): number {
    const key = addressKey(address);
    const found = this.#current(key) ?? { count: 0, since: this.#now() };
    found.count += 1;
    // Put last again: the addresses that fail now are the ones to remember.
    this.#failures.delete(key);
    this.#failures.set(key, found);
    for (const [oldest] of this.#failures) {
      if (this.#failures.size <= REMEMBERED_ADDRESSES) break;
      this.#failures.delete(oldest);
    }
    return found.count <= FREE_FAILURES ? 0 : Math.min(LONGEST_DELAY_MILLISECONDS, FIRST_DELAY_MILLISECONDS * 2 ** (found.count - FREE_FAILURES - 1));
  }

  /** Whether so many attempts of this address failed in the last minute that the next one is not looked at. */
  isBlocked(address: string): boolean {
    return (this.#current(addressKey(address))?.count ?? 0) >= BLOCKED_FAILURES;
  }

  #current(key: string): { count: number; since: number } | undefined {
    const found = this.#failures.get(key);
    return found !== undefined && this.#now() - found.since < WINDOW_MILLISECONDS ? found : undefined;
  }
}

/** Whoever has one address of version 6 has a whole network of 64 bits, so that is what counts as one. */
export function addressKey(address: string): string {
  const [, embedded] = /^::ffff:([0-9.]+)$/i.exec(address) ?? [];
  if (embedded !== undefined && isIPv4(embedded)) return embedded;
  if (!isIPv6(address)) return address;
  const [head = "", tail] = (address.split("%", 1)[0] ?? "").split("::");
  const groups = (text: string | undefined): string[] => (text === undefined || text === "" ? [] : text.split(":"));
  const [first, last] = [groups(head), groups(tail)];
  const missing = tail === undefined ? 0 : Math.max(0, 8 - first.length - last.length);
  const all = [...first, ...Array.from({ length: missing }, () => "0"), ...last];
  return `${all.slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16)).join(":")}::/64`;
}
