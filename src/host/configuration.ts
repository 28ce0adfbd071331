import { canonicalJson, type JsonValue } from "../bytes/canonical-json.js";
import { parseDocument } from "../bytes/json-parser.js";
import { PluginError } from "../errors/plugin-error.js";
import { parseConfigSchema } from "../package/parse-config-schema.js";
import { checkConfigValue } from "../package/config-value.js";
import type { Manifest } from "../package/manifest.js";

/** One load's configuration, checked. Every instance of that load is given it, before its first call. */
export interface Configuration {
  /** As the app gave it, with the schema's defaults; for a plugin without a schema, as it is. */
  readonly value: unknown;
  /** What `wasi:config/store` answers: a member that is text as it is, any other as its canonical JSON. */
  readonly entries: Readonly<Record<string, string>>;
}

/** Most characters of a configuration as JSON. It is copied into every instance. */
const MAXIMUM_CHARACTERS = 1024 * 1024;

/**
 * Checks what the app configures a plugin with against the schema in its manifest.
 *
 * @param takesOtherwise - the load's contract has a way of its own to deliver it.
 * @throws {PluginError} `config-invalid`, naming the member, what was found and what is wanted; `manifest-invalid` for a schema
 *   with a keyword that is not supported.
 */
export function configure({ id, config: schema, capabilities }: Manifest, value: unknown, takesOtherwise: boolean): Configuration {
  const asks = capabilities.some(({ capability }) => capability === "config");
  if (!asks && !takesOtherwise) {
    throw configInvalid(id, 'a configuration was given, and the plugin does not ask for the capability "config", so it would never see it. Load it without');
  }
  if (schema === undefined) {
    if (takesOtherwise) return { value, entries: {} };
    throw configInvalid(id, "a configuration was given, and its manifest has no schema to check it against. Load it without, or give texts in the host's `provide.config`");
  }
  const parsed = parseConfigSchema(schema, { stage: "configure", pluginId: id });
  const checked = parseDocument((given: unknown, path) => checkConfigValue(parsed, given, path), value, "config", (reason) => configInvalid(id, reason));
  if (canonicalJson(checked).length > MAXIMUM_CHARACTERS) throw configInvalid(id, `it has more than ${MAXIMUM_CHARACTERS} characters as JSON`);
  return { value: checked, entries: entriesOf(checked) };
}

function entriesOf(checked: JsonValue): Readonly<Record<string, string>> {
  if (typeof checked !== "object" || checked === null) return {};
  const members = Object.entries<JsonValue | undefined>(checked as Readonly<Record<string, JsonValue | undefined>>);
  return Object.fromEntries(members.flatMap(([name, member]) => (member === undefined ? [] : [[name, typeof member === "string" ? member : canonicalJson(member)]])));
}

/** The error for a configuration that a plugin cannot be given. */
export function configInvalid(pluginId: string, reason: string): PluginError {
  return new PluginError({ code: "config-invalid", stage: "configure", pluginId, message: `Cannot configure ${pluginId}: ${reason}` });
}
