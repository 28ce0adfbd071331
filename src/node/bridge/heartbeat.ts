import type { WebSocket } from "ws";

export interface HeartbeatOptions {
  readonly socket: WebSocket;
  readonly milliseconds: number;
  /** Whether nothing can be heard of the peer now, without its fault. */
  readonly isExcused: () => boolean;
  /** What waits to be sent, and how much was: the second grows as long as the peer takes what is sent to it. */
  readonly backlog: () => { readonly waitingBytes: number; readonly sentParts: number };
  readonly onBeat: () => void;
  readonly onDead: () => void;
}

/** Asks a peer for signs of life. One that gives none between two questions is dead: networks can lose a peer without a word. */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #timer: NodeJS.Timeout;
  #isAlive = true;
  #last = { waitingBytes: 0, sentParts: 0 };

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    options.socket.on("pong", () => this.sawLife());
    this.#timer = setInterval(() => this.#beat(), options.milliseconds);
  }

  sawLife(): void {
    this.#isAlive = true;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #beat(): void {
    const { socket, isExcused, backlog, onBeat, onDead } = this.#options;
    const { waitingBytes, sentParts } = backlog();
    // The question may wait behind a large message that it is still taking. Without one, that something was sent says nothing:
    // a system takes some megabytes for a peer that is gone.
    const isTaking = this.#last.waitingBytes > 0 && sentParts > this.#last.sentParts;
    const isAlive = this.#isAlive || isTaking || isExcused();
    this.#last = { waitingBytes, sentParts };
    if (!isAlive) return onDead();
    // Whoever was not asked owes no answer.
    this.#isAlive = isExcused();
    if (!this.#isAlive) socket.ping();
    onBeat();
  }
}
