import type { FrameFailure, ServerFrame } from "../../runtime/bridge/frames.js";
import type { BridgeLog } from "./bridge-log.js";
import type { PluginDirectory } from "./plugin-directory.js";

export interface ListingRequestsOptions {
  readonly plugins: Pick<PluginDirectory, "list" | "read">;
  /** How many may be without an answer. */
  readonly most: number;
  readonly log: BridgeLog;
  readonly send: (frame: ServerFrame) => void;
}

/** What one page asks of the bridge's plugins. */
export class ListingRequests {
  readonly #options: ListingRequestsOptions;
  #open = 0;

  constructor(options: ListingRequestsOptions) {
    this.#options = options;
  }

  /** How many have no answer yet. */
  get open(): number {
    return this.#open;
  }

  list(request: number): undefined {
    return this.#answer(request, async () => ({ tag: "listing", val: { request, plugins: await this.#options.plugins.list() } }));
  }

  read(request: number, id: string, version: string | undefined): undefined {
    return this.#answer(request, async () => ({ tag: "package", val: { request, found: await this.#options.plugins.read(id, version) } }));
  }

  #answer(request: number, ask: () => Promise<ServerFrame>): undefined {
    const { most, log, send } = this.#options;
    const refuse = (code: "busy" | "bridge-refused", reason: string): void => {
      const failure: FrameFailure = { code, stage: "discover", message: `Cannot ask the bridge for its plugins: ${reason}` };
      send({ tag: "refused", val: { request, failure } });
    };
    if (this.#open >= most) {
      refuse("busy", `${most} questions of this page have no answer yet`);
      return undefined;
    }
    this.#open += 1;
    ask().then(send, (error: unknown) => {
      log.error("request-failed", { reason: error instanceof Error ? error.stack ?? error.message : String(error) });
      refuse("bridge-refused", "it could not look through them. Its log says why");
    }).finally(() => (this.#open -= 1));
    return undefined;
  }
}
