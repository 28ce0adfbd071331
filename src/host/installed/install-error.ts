import type { PluginErrorCode } from "../../errors/error-codes.js";
import { isPluginError, PluginError } from "../../errors/plugin-error.js";

export function installError(code: PluginErrorCode, pluginId: string | undefined, message: string, cause?: unknown): PluginError {
  return new PluginError({ code, stage: "install", pluginId, message, cause });
}

/** What a store rejected with, as an error of this package. `doing` begins the sentence. */
export function storeError(error: unknown, doing: string): PluginError {
  if (isPluginError(error)) return error;
  const reason = error instanceof Error ? error.message : String(error);
  if (typeof error === "object" && error !== null && "name" in error && error.name === "QuotaExceededError") {
    return installError("storage-full", undefined, `${doing} failed: the browser gives this site no more space (${reason}). What was installed before is unchanged`, error);
  }
  return installError("storage-failed", undefined, `${doing} failed: ${reason}. What was installed before is unchanged`, error);
}
