import { isPluginError, type PluginErrorCode, PluginResultError } from "portcullis";

/** What each refusal or failure means to someone who edits pictures. The error's own message has the details. */
const WORDS: Readonly<Record<PluginErrorCode, string>> = {
  "package-invalid": "This file is not a whole plugin package.",
  "package-too-large": "This plugin is larger than Darkroom accepts.",
  "manifest-invalid": "The plugin's description of itself cannot be read.",
  "manifest-mismatch": "The plugin is not what it says it is.",
  "component-invalid": "The plugin's code is damaged.",
  "component-unsupported": "The plugin uses something that Darkroom does not support.",
  "digest-mismatch": "The plugin was changed after it was signed.",
  "signature-missing": "Nobody signed this plugin.",
  "signature-invalid": "The plugin was changed after it was signed.",
  "key-untrusted": "Someone signed this plugin whom Darkroom does not know.",
  "key-invalid": "A signing key cannot be read.",
  "source-unreachable": "The plugin could not be fetched.",
  "index-invalid": "The list of filters cannot be read or trusted.",
  "index-expired": "The list of filters is too old to be trusted.",
  "index-rollback": "The list of filters is older than one that was seen before.",
  "plugin-not-found": "There is no such plugin here.",
  "publisher-changed": "This update is not by the plugin's own publisher.",
  "downgrade-refused": "This version is older than one that was installed before.",
  "version-conflict": "This is another plugin under a version that was installed before.",
  "not-installed": "This plugin is not installed.",
  "installation-damaged": "What was installed of this plugin is damaged. Install it again.",
  "storage-full": "The browser has no more room for plugins.",
  "storage-failed": "The browser could not store or read plugins.",
  "interface-mismatch": "This plugin is no picture filter, or one for another version of Darkroom.",
  "import-unknown": "The plugin needs something that Darkroom does not have.",
  "capability-unknown": "The plugin asks for a permission that Darkroom does not know.",
  "capability-invalid": "The plugin asks for a permission in a way that Darkroom cannot read.",
  "capability-not-granted": "The plugin needs a permission that it was not given.",
  "config-invalid": "It cannot be set up as this app wants to. Ask its author for a version that can.",
  "host-too-old": "The plugin needs a newer Darkroom.",
  "protocol-unsupported": "The plugin was packed for another version of Darkroom.",
  "target-unsupported": "The plugin does not run in this browser.",
  "runtime-unsupported": "The plugin does not run in a browser, and there is no bridge here that can run it.",
  "bridge-unreachable": "The bridge, where this filter runs, cannot be reached. Try again in a moment.",
  "bridge-refused": "The bridge refused to run this filter.",
  "bridge-disconnected": "The connection to the bridge was lost while the filter ran. Your picture is as it was; try again.",
  "transpile-failed": "The plugin's code could not be prepared.",
  "compile-failed": "Your browser could not compile the plugin's code.",
  "sandbox-unavailable": "No sandbox that holds could be started, so nothing was run.",
  "instantiate-failed": "The filter could not be started.",
  "function-unknown": "The filter does not have this function.",
  "argument-invalid": "The filter was given a value that it cannot take.",
  "result-invalid": "The filter answered with something that is not a picture.",
  "plugin-error": "The filter refused this picture or these settings.",
  "capability-denied": "The filter tried something that it has no permission for, and was ended.",
  "capability-revoked": "A permission was taken away from the filter while it ran, so it was ended.",
  "host-calls-unavailable": "This browser cannot give a filter what it asks for.",
  "host-function-failed": "Darkroom could not do what the filter called it for.",
  trap: "The filter crashed. The next run starts a fresh one.",
  exited: "The filter ended itself. The next run starts a fresh one.",
  crashed: "The filter's sandbox crashed. The next run starts a fresh one.",
  "sandbox-violation": "The filter broke the rules of its sandbox, and was ended.",
  "resource-invalid": "The filter was given something that is gone.",
  timeout: "The filter took too long, and was ended. The next run starts a fresh one.",
  aborted: "Stopped. The next run starts a fresh filter.",
  busy: "The filter has too much to do.",
  "reentrant-call": "It asked Darkroom for something that needs the plugin itself.",
  "plugin-stopped": "It was stopped, because it failed too often in a row.",
  "instances-exhausted": "Too many plugins run on this page.",
  closed: "The filter was unloaded.",
  "usage-invalid": "Darkroom used a plugin wrongly.",
};

export interface ErrorWords {
  /** One sentence for anyone. */
  readonly title: string;
  /** What was found and what to do. */
  readonly detail: string;
  /** For looking it up; absent for what is no error of a plugin. */
  readonly code: PluginErrorCode | undefined;
}

export function wordsFor(error: unknown): ErrorWords {
  if (error instanceof PluginResultError) return { title: resultWords(error.payload), detail: error.message, code: error.code };
  if (isPluginError(error)) return { title: WORDS[error.code], detail: error.message, code: error.code };
  return { title: error instanceof Error ? error.message : String(error), detail: "", code: undefined };
}

/** The filter's own `filter-error`, checked by Portcullis against its WIT type. */
function resultWords(payload: unknown): string {
  if (typeof payload !== "object" || payload === null || !("tag" in payload) || !("val" in payload)) return WORDS["plugin-error"];
  if (payload.tag === "unknown-parameter") return `The filter has no setting named ${String(payload.val)}.`;
  if (payload.tag === "out-of-range") return `The filter cannot use this value of ${String(payload.val)}.`;
  if (payload.tag === "unavailable") return `The filter could not get what it needs: ${String(payload.val)}.`;
  return `The filter cannot work on this picture: ${String(payload.val)}.`;
}
