import { isPluginError } from "../errors/plugin-error.js";
import type { CallOptions } from "./call-options.js";

/**
 * Makes a call again for as long as nothing but the way to its bridge fails, and its time is not over. How long is waited between
 * two attempts is the connection's matter.
 *
 * @param call - makes it, within the time that is left.
 */
export async function repeatWhenDisconnected<Answer>(call: (options: CallOptions) => Promise<Answer>, options: CallOptions, defaultMilliseconds: number): Promise<Answer> {
  const end = performance.now() + (options.timeoutMs ?? defaultMilliseconds);
  for (;;) {
    const timeoutMs = Math.max(1, end - performance.now());
    try {
      return await call({ ...options, timeoutMs });
    } catch (error) {
      const isLost = isPluginError(error, "bridge-disconnected") || isPluginError(error, "bridge-unreachable");
      if (!isLost || performance.now() >= end) throw error;
    }
  }
}
