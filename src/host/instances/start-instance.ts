import type { PluginError } from "../../errors/plugin-error.js";
import type { PluginInstance } from "../../runtime/plugin-instance.js";

/** Starts an instance of one admitted and prepared plugin. */
export type StartInstance = (listeners: {
  /** It ended by itself: its worker failed or broke the protocol. */
  readonly onBroken: (error: PluginError) => void;
  /** Aborts when nobody wants it any more. What has started by then is ended. */
  readonly signal: AbortSignal;
}) => Promise<PluginInstance>;
