import type { PluginErrorCode, PluginStage } from "./error-codes.js";

/** What a {@link PluginError} is made from. */
export interface PluginErrorDetails {
  /** Why, from the closed set of codes. */
  readonly code: PluginErrorCode;
  /** Which step failed. */
  readonly stage: PluginStage;
  /** What was being done, what was found, what was wanted, what to do: one or two sentences. */
  readonly message: string;
  /** The plugin concerned, where one is known. */
  readonly pluginId?: string | undefined;
  /** The underlying failure. */
  readonly cause?: unknown;
}

// A registered symbol, so that errors are recognised across realms and across two copies of this package.
const PLUGIN_ERROR_MARK = Symbol.for("portcullis.PluginError");

/**
 * The one error type of this package: every failure is one, with a stable `code`.
 *
 * @example
 * ```ts
 * try {
 *   await host.load("acme.blur", filter);
 * } catch (error) {
 *   if (isPluginError(error, "signature-missing")) showUnsignedNotice(error.message);
 *   else throw error;
 * }
 * ```
 */
export class PluginError extends Error {
  override readonly name: string = "PluginError";
  /** Why it failed. */
  readonly code: PluginErrorCode;
  /** In which step it failed. */
  readonly stage: PluginStage;
  /** The plugin concerned, where one is known. */
  readonly pluginId: string | undefined;
  /** The last that the plugin wrote to its standard error, up to 8,192 characters, where that was granted and something was written. */
  readonly stderr: string | undefined = undefined;
  /** @internal */
  readonly [PLUGIN_ERROR_MARK] = true;

  constructor(details: PluginErrorDetails) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = details.code;
    this.stage = details.stage;
    this.pluginId = details.pluginId;
  }
}

/** Adds what a plugin wrote to its standard error before it failed, if it wrote something and nothing was added before. */
export function addErrorOutput(error: PluginError, text: string): void {
  if (text !== "" && error.stderr === undefined) Object.assign(error, { stderr: text });
}

/**
 * The typed `err` of a plugin's own function: the call worked, and the plugin answered with an error.
 * It is the only failure that leaves the instance usable.
 */
export class PluginResultError extends PluginError {
  override readonly name: string = "PluginResultError";
  /** The `err` value, in the shape of its WIT type; `undefined` for `result<_>`. */
  readonly payload: unknown;

  constructor(details: Omit<PluginErrorDetails, "code" | "stage"> & { readonly payload: unknown }) {
    super({ ...details, code: "plugin-error", stage: "call" });
    this.payload = details.payload;
  }
}

/**
 * Tells whether `value` is a {@link PluginError}, of one code if one is given.
 * Works for errors from another realm or another copy of this package, where `instanceof` does not.
 */
export function isPluginError(value: unknown, code?: PluginErrorCode): value is PluginError {
  return (
    value instanceof Error &&
    (value as { [PLUGIN_ERROR_MARK]?: unknown })[PLUGIN_ERROR_MARK] === true &&
    (code === undefined || (value as PluginError).code === code)
  );
}
