import type { Picture } from "../picture/picture.js";
import type { FilterPlugin } from "./filter-plugin.js";
import type { Setting } from "./filter-interface.js";

/** What a filter is to be run on. */
export interface PreviewRequest {
  readonly filter: FilterPlugin;
  readonly picture: Picture;
  readonly settings: readonly Setting[];
}

export interface PreviewListeners {
  readonly onStart: (request: PreviewRequest) => void;
  readonly onDone: (request: PreviewRequest, result: Picture, milliseconds: number) => void;
  readonly onFail: (request: PreviewRequest, error: unknown) => void;
}

/**
 * Runs one preview at a time. While one runs, only the newest request waits: a slider asks for far more pictures
 * than a filter makes, and ending an instance for each would cost more than it saves.
 */
export class PreviewRunner {
  readonly #listeners: PreviewListeners;
  #running: AbortController | undefined;
  #waiting: PreviewRequest | undefined;

  constructor(listeners: PreviewListeners) {
    this.#listeners = listeners;
  }

  request(request: PreviewRequest): void {
    this.#waiting = request;
    if (this.#running === undefined) void this.#runWaiting();
  }

  /** Ends the running filter's instance. The next run gets a fresh one. */
  stop(): void {
    this.#waiting = undefined;
    this.#running?.abort(new DOMException("The person pressed Stop", "AbortError"));
  }

  /** Forgets what waits; what runs may end, and its result is the listener's to ignore. */
  forgetWaiting(): void {
    this.#waiting = undefined;
  }

  async #runWaiting(): Promise<void> {
    for (let request = this.#next(); request !== undefined; request = this.#next()) {
      const controller = new AbortController();
      this.#running = controller;
      this.#listeners.onStart(request);
      const started = performance.now();
      try {
        const result = await request.filter.apply(request.picture, request.settings, controller.signal);
        this.#running = undefined;
        this.#listeners.onDone(request, result, performance.now() - started);
      } catch (error) {
        this.#running = undefined;
        this.#listeners.onFail(request, error);
      }
    }
  }

  #next(): PreviewRequest | undefined {
    const next = this.#waiting;
    this.#waiting = undefined;
    return next;
  }
}
