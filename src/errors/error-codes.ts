/**
 * Every way in which Portcullis can refuse or fail, one code each.
 *
 * The set is closed: an app may switch over it exhaustively. Each code has a page
 * in `src/errors/codes/<code>.md` that says what it means, why it happens and what to do.
 */
export const PLUGIN_ERROR_CODES = [
  // The package: what was fetched or dropped is not what a package must be.
  "package-invalid",
  "package-too-large",
  "manifest-invalid",
  "manifest-mismatch",
  "component-invalid",
  "component-unsupported",
  "digest-mismatch",
  // Trust: who made it.
  "signature-missing",
  "signature-invalid",
  "key-untrusted",
  "key-invalid",
  // Sources: where it comes from.
  "source-unreachable",
  "index-invalid",
  "index-expired",
  "index-rollback",
  "plugin-not-found",
  // Installing: what takes the place of what.
  "publisher-changed",
  "downgrade-refused",
  "version-conflict",
  "not-installed",
  "installation-damaged",
  "storage-full",
  "storage-failed",
  // Admission: what it is, wants and gets.
  "interface-mismatch",
  "import-unknown",
  "capability-unknown",
  "capability-invalid",
  "capability-not-granted",
  "config-invalid",
  "host-too-old",
  "protocol-unsupported",
  "target-unsupported",
  "host-calls-unavailable",
  "runtime-unsupported",
  // Plugins that run on a server.
  "bridge-unreachable",
  "bridge-refused",
  "bridge-disconnected",
  // Preparing and starting it.
  "transpile-failed",
  "compile-failed",
  "sandbox-unavailable",
  "instantiate-failed",
  // Calls.
  "function-unknown",
  "argument-invalid",
  "result-invalid",
  "plugin-error",
  "capability-denied",
  "capability-revoked",
  "host-function-failed",
  "trap",
  "exited",
  "crashed",
  "sandbox-violation",
  "resource-invalid",
  "timeout",
  "aborted",
  "busy",
  "reentrant-call",
  "plugin-stopped",
  "instances-exhausted",
  "closed",
  // Using the package itself wrongly: options, command-line arguments.
  "usage-invalid",
] as const;

/** A stable, documented reason for a {@link PluginError}. */
export type PluginErrorCode = (typeof PLUGIN_ERROR_CODES)[number];

/** The step of a plugin's life in which an error arose. */
export type PluginStage =
  | "pack"
  | "discover"
  | "resolve"
  | "download"
  | "verify"
  | "install"
  | "admit"
  | "cache"
  | "transpile"
  | "compile"
  | "instantiate"
  | "call"
  | "close"
  | "configure";
