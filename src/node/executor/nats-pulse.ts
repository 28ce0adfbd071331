import { randomBytes } from "node:crypto";
import type { NatsConnection } from "./nats-connection.js";
import { SUBJECT } from "./nats-messages.js";

/** How often each side says that it is there, and after how long a silence it is taken for gone. */
export interface PulseTimes {
  readonly heartbeatMilliseconds: number;
  readonly silenceMilliseconds: number;
}

export const DEFAULT_PULSE: PulseTimes = { heartbeatMilliseconds: 1_000, silenceMilliseconds: 4_000 };

type Kind = "executor" | "bridge";

/** A name that nobody can guess, and that a subject can have. */
export function drawName(): string {
  return randomBytes(16).toString("hex");
}

/** Says that this side is there, and watches that of others. */
export class Pulse {
  readonly #connection: NatsConnection;
  readonly #times: PulseTimes;
  readonly #kind: Kind;
  readonly #onGone: (id: string) => void;
  readonly #seen = new Map<string, number>();
  readonly #timer: NodeJS.Timeout;
  readonly #unsubscribe: () => void;
  #id = drawName();
  #beatAt = performance.now();

  /** @param onGone - a watched peer has been silent for too long. It is watched no longer. */
  constructor(connection: NatsConnection, kind: Kind, times: PulseTimes, onGone: (id: string) => void) {
    this.#connection = connection;
    this.#kind = kind;
    this.#times = times;
    this.#onGone = onGone;
    const others: Kind = kind === "bridge" ? "executor" : "bridge";
    this.#unsubscribe = connection.subscribe(SUBJECT.alive(others, "*"), undefined, (_bytes, _reply, subject) => this.#heard(subject.slice(subject.lastIndexOf(".") + 1)));
    this.#timer = setInterval(() => this.#beat(), times.heartbeatMilliseconds);
    this.#speak();
  }

  /** This side's name. */
  get id(): string {
    return this.#id;
  }

  /** Takes another name: whoever still listens for the old one will take it for gone. */
  rename(): void {
    this.#id = drawName();
    this.#seen.clear();
  }

  watch(id: string): void {
    if (!this.#seen.has(id)) this.#seen.set(id, performance.now());
  }

  unwatch(id: string): void {
    this.#seen.delete(id);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#unsubscribe();
  }

  #heard(id: string): void {
    if (this.#seen.has(id)) this.#seen.set(id, performance.now());
  }

  #beat(): void {
    const now = performance.now();
    // This process itself was busy, or stopped: what others said meanwhile has not been read yet.
    const wasAsleep = now - this.#beatAt > 2 * this.#times.heartbeatMilliseconds;
    this.#beatAt = now;
    this.#speak();
    if (wasAsleep) return;
    for (const [id, at] of this.#seen) {
      if (now - at <= this.#times.silenceMilliseconds) continue;
      this.#seen.delete(id);
      this.#onGone(id);
    }
  }

  #speak(): void {
    this.#connection.publish(SUBJECT.alive(this.#kind, this.#id), new Uint8Array());
  }
}
