import type { IsolationPolicy } from "../../node/executor/isolation.js";
import { readPublicKey } from "../../node/read-keys.js";
import { trustKeys, type TrustPolicy } from "../../trust/trust-policy.js";
import { type CommandOption, type OptionValues, usageError } from "../command.js";
import type { Session } from "../session.js";

/** What commands have in common that run native and Python plugins. */
export const EXECUTOR_OPTIONS: readonly CommandOption[] = [
  { name: "plugins", value: "directory", description: "Packages to run, as portcullis pack writes them: <id>/<version>/" },
  { name: "trust", short: "t", value: "key|file", repeatable: true, description: "Whose plugins are run: a public key ed25519:…, or a file" },
  { name: "isolation", value: "policy", description: "required: only in bubblewrap; preferred: where it works; none: only users and limits (default: preferred)" },
  { name: "warm", value: "number", description: "Processes that are kept ready for each plugin that is used (default: 1)" },
  { name: "instances", value: "number", description: "Instances at a time (default: 64)" },
];

/** @throws {PluginError} `usage-invalid` */
export function requiredText(options: OptionValues, name: string, why: string): string {
  const text = options.text(name);
  if (text === undefined) throw usageError(`Say ${why}: --${name} <…>`);
  return text;
}

/** @throws {PluginError} `usage-invalid`, `key-invalid`, `source-unreachable` */
export async function trustOf(options: OptionValues): Promise<TrustPolicy> {
  const keys = options.texts("trust");
  if (keys.length === 0) throw usageError("Say whose plugins are run: --trust <key|file>. Whoever has such a key runs code on this machine");
  return trustKeys(await Promise.all(keys.map(readPublicKey)));
}

export interface ExecutorSettings {
  readonly isolation: IsolationPolicy;
  readonly warm: { readonly perPlugin: number; readonly total: number };
  readonly instances: number;
}

/** @throws {PluginError} `usage-invalid` */
export function executorSettings(options: OptionValues): ExecutorSettings {
  const isolation = options.text("isolation") ?? "preferred";
  if (isolation !== "required" && isolation !== "preferred" && isolation !== "none") throw usageError(`--isolation must be required, preferred or none, not ${JSON.stringify(isolation)}`);
  const perPlugin = options.number("warm", { minimum: 0, maximum: 1_000 }) ?? 1;
  const instances = options.number("instances", { minimum: 1, maximum: 100_000 }) ?? 64;
  return { isolation, warm: { perPlugin, total: Math.max(8, perPlugin) }, instances };
}

/** Log lines go where messages go: standard output has the result. */
export function logTo({ terminal }: Session): (line: string) => void {
  return (line) => terminal.stderr.write(`${line}\n`);
}
