import type { PluginErrorCode, PluginStage } from "../errors/error-codes.js";
import { PluginError } from "../errors/plugin-error.js";
import type { Outcome } from "../rpc/messages.js";

export interface OutcomeContext {
  readonly pluginId: string;
  readonly stage: PluginStage;
  /** The start of the message: `Calling apply of acme.blur failed`. */
  readonly doing: string;
}

/** The error that an app sees for a failed outcome. */
export function outcomeError(outcome: Outcome, context: OutcomeContext): PluginError {
  const { code, message } = describe(outcome, context);
  return new PluginError({ code, message: `${context.doing}: ${message}`, stage: context.stage, pluginId: context.pluginId });
}

function describe(outcome: Outcome, { stage }: OutcomeContext): { code: PluginErrorCode; message: string } {
  switch (outcome.kind) {
    case "denied":
      return {
        code: "capability-denied",
        message:
          `it called ${outcome.import}, and the capability "${outcome.authority}" was not granted. The instance was ended, because ` +
          "that function has no way to report an error. Request and grant the capability, or do without this function",
      };
    case "exited":
      return { code: "exited", message: `it exited by itself, ${outcome.success ? "reporting success" : "reporting failure"}` };
    case "host-failed":
      return {
        code: "host-function-failed",
        message: `${outcome.message}, and the plugin's function has no way to report that. The instance was ended; the next call gets a fresh one. The app's \`onEvent\` has the cause`,
      };
    case "resource-invalid":
      return { code: "resource-invalid", message: outcome.message };
    case "memory-exhausted":
      return {
        code: "instances-exhausted",
        message: `the engine has no linear memory left for it (${outcome.message}). Dispose plugins that are not needed, or lower the limits linearMemories and memoryBytes`,
      };
    case "too-large":
      return {
        code: stage === "instantiate" ? "instantiate-failed" : "result-invalid",
        message:
          `what it returned, or passed to a function that it imports, is larger than the limit messageBytes allows, ${outcome.messageBytes} bytes. ` +
          "It was not read. The instance was ended; the next call gets a fresh one. Have the plugin pass less at once, or raise the limit",
      };
    case "trap":
      return {
        code: stage === "instantiate" ? "instantiate-failed" : "trap",
        message: `it trapped (${outcome.message}). The instance was ended; the next call gets a fresh one`,
      };
    default:
      return { code: "sandbox-violation", message: `an outcome of kind ${outcome.kind} where none can be` };
  }
}
