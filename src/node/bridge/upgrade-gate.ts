import type { IncomingMessage } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import type { Authenticator } from "./authenticator.js";
import type { BridgeLimits } from "./bridge-limits.js";
import { checkHost, checkOrigin, presentedToken, type RefusedRequest, type UpgradeRules } from "./check-upgrade.js";
import { FailureThrottle } from "./failure-throttle.js";
import type { Credential } from "./token-list.js";

export interface UpgradeGateOptions {
  readonly rules: UpgradeRules;
  readonly authenticator: Authenticator;
  readonly limits: BridgeLimits;
  /** Connections that stand: all, or those of one token. */
  readonly connections: (tokenSha256?: string) => number;
  readonly isDraining: () => boolean;
  /** Whose failures are counted together. */
  readonly addressOf: (request: IncomingMessage) => string;
  readonly now: () => Date;
}

const FULL: RefusedRequest = { refusal: "too-many-connections", message: "The bridge has as many connections as it may. Try again later" };

/** Answers that are held back at a time. More are sent at once: holding sockets must not become an attack of its own. */
const HELD_ANSWERS = 256;

/** Decides who may connect. Nothing is done for a request before it has passed what is cheaper to check. */
export class UpgradeGate {
  readonly #options: UpgradeGateOptions;
  readonly #throttle = new FailureThrottle(() => performance.now());
  #held = 0;
  #deciding = 0;

  constructor(options: UpgradeGateOptions) {
    this.#options = options;
  }

  /** @returns whose connection it will be, or why it is refused; a failed attempt is answered late. */
  async admit(request: IncomingMessage, signal: AbortSignal): Promise<Credential | RefusedRequest> {
    const address = this.#options.addressOf(request);
    const decision = await this.#decide(request, address);
    if ("refusal" in decision && isFailure(decision)) await this.#holdBack(address, signal);
    return decision;
  }

  async #decide(request: IncomingMessage, address: string): Promise<Credential | RefusedRequest> {
    const { rules, isDraining, limits, connections } = this.#options;
    if (isDraining()) return { refusal: "draining", message: "The bridge is going to stop. Connect to another, or try again later" };
    const refused = checkHost(request, rules) ?? checkOrigin(request, rules);
    if (refused !== undefined) return refused;
    const presented = presentedToken(request);
    if ("refusal" in presented) return presented;
    if (connections() + this.#deciding >= limits.connections) return FULL;
    this.#deciding += 1;
    try {
      return await this.#authenticate(presented.token, address);
    } finally {
      this.#deciding -= 1;
    }
  }

  async #authenticate(token: string, address: string): Promise<Credential | RefusedRequest> {
    const { authenticator, limits, now } = this.#options;
    let credential = authenticator.find(token);
    if (credential === undefined && authenticator.asksApp) {
      // Only what costs something is refused: who has a token of the lists is let in, whatever others at the same address did.
      if (this.#throttle.isBlocked(address)) return { refusal: "too-many-failures", message: "Too many attempts failed. Try again in a minute" };
      const asked = await withinTime(authenticator.ask(token), limits.handshakeMilliseconds);
      if (asked === "late") return { refusal: "timeout", message: "Whether the token is valid was not known in time. Try again later" };
      if (asked === "failed") return { refusal: "unavailable", message: "Whether the token is valid could not be found out. Try again later" };
      credential = asked;
    }
    if (credential === undefined) return { refusal: "token", message: "The token is not known here" };
    if (credential.expires !== undefined && credential.expires <= now()) return { refusal: "token-expired", message: "The token has expired" };
    return credential;
  }

  /** Whether there is no room for one more connection: to be asked when it is made, since many may be let in at once. */
  full({ tokenSha256 }: Credential): RefusedRequest | undefined {
    const { limits, connections } = this.#options;
    if (connections() >= limits.connections) return FULL;
    return connections(tokenSha256) >= limits.connectionsPerToken ? { refusal: "too-many-connections", message: "There are as many connections with this token as there may be" } : undefined;
  }

  async #holdBack(address: string, signal: AbortSignal): Promise<void> {
    const milliseconds = this.#throttle.failed(address);
    if (milliseconds === 0 || this.#held >= HELD_ANSWERS) return;
    this.#held += 1;
    try {
      await wait(milliseconds, undefined, { signal, ref: false });
    } catch {
      // The peer has gone, or the bridge is closed: nobody waits for the answer.
    } finally {
      this.#held -= 1;
    }
  }
}

function isFailure({ refusal }: RefusedRequest): boolean {
  return refusal === "host" || refusal === "origin" || refusal === "token" || refusal === "token-expired";
}

async function withinTime(asked: Promise<Credential | undefined>, milliseconds: number): Promise<Credential | undefined | "late" | "failed"> {
  const timer = new AbortController();
  try {
    return await Promise.race([asked, wait(milliseconds, "late" as const, { signal: timer.signal })]);
  } catch {
    return "failed";
  } finally {
    timer.abort();
  }
}
