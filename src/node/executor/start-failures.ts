import type { PluginErrorCode } from "../../errors/error-codes.js";
import { PluginError } from "../../errors/plugin-error.js";

export function startRefusal(pluginId: string, code: PluginErrorCode, reason: string, cause?: unknown): PluginError {
  return new PluginError({ code, stage: "instantiate", pluginId, message: `Cannot start ${pluginId}: ${reason}`, cause });
}

/** Why a start was stopped: whoever wanted it gave up, it took too long, or the executor closes. */
export function stoppedStart(pluginId: string, { signal, deadline, milliseconds }: { readonly signal: AbortSignal; readonly deadline: AbortSignal; readonly milliseconds: number }): PluginError {
  if (signal.aborted) return startRefusal(pluginId, "aborted", "it was given up by whoever wanted it", signal.reason);
  if (deadline.aborted) return startRefusal(pluginId, "timeout", `it took longer than ${milliseconds} ms. Raise the limit instantiateMilliseconds if it needs that`);
  return startRefusal(pluginId, "closed", "the executor closes");
}

/** The promise's own outcome, or a rejection as soon as `signal` aborts. What the promise waits for goes on. */
export async function untilAborted<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const stop = (): void => reject(new Error("It was stopped"));
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}
