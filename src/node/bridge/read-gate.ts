import type { WebSocket } from "ws";

/** Reads a socket only while nothing stands against it. */
export class ReadGate {
  readonly #socket: WebSocket;
  readonly #reasons = new Set<string>();

  constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  get isShut(): boolean {
    return this.#reasons.size > 0;
  }

  /** Reads on, whatever stood against it. */
  open(): void {
    this.#reasons.clear();
    this.#socket.resume();
  }

  /** Whether it is shut for what the peer is not to blame for: nothing that it does not say now speaks against it. */
  get isExcused(): boolean {
    return this.#reasons.has("rate") || this.#reasons.has("load");
  }

  /** `rate`: too many frames. `load`: too much under way. `outgoing`: the peer does not take what it is sent. */
  set(reason: "rate" | "load" | "outgoing", stands: boolean): void {
    const wasShut = this.isShut;
    if (stands) this.#reasons.add(reason);
    else this.#reasons.delete(reason);
    if (this.isShut === wasShut) return;
    if (this.isShut) this.#socket.pause();
    else this.#socket.resume();
  }
}
