import { PluginError } from "../errors/plugin-error.js";
import type { ConfigObject, ConfigSchema } from "../package/config-schema.js";
import { parseConfigSchema } from "../package/parse-config-schema.js";
import type { Manifest } from "../package/manifest.js";
import { quotedText } from "../package/quoted-text.js";

/**
 * A plugin's configuration schema, one line for each member, or what is wrong with it. Empty for a plugin that takes none.
 */
export function configText({ id, config }: Pick<Manifest, "id" | "config">): readonly string[] {
  if (config === undefined) return [];
  try {
    return members(parseConfigSchema(config, { stage: "verify", pluginId: id }), "");
  } catch (error) {
    if (!(error instanceof PluginError)) throw error;
    return [`every host refuses to configure it: ${error.message}`];
  }
}

function members({ properties = {}, required = [] }: ConfigObject, prefix: string): string[] {
  return Object.entries(properties).flatMap(([name, schema]) => {
    const notes = [typeText(schema), ...(required.includes(name) ? ["required"] : []), ...(schema.default === undefined ? [] : [`default ${quotedText(JSON.stringify(schema.default))}`])];
    const about = schema.description ?? schema.title;
    const line = `${prefix}${name}: ${notes.join(", ")}${about === undefined ? "" : `. ${about}`}`;
    return [line, ...(schema.type === "object" ? members(schema, `${prefix}${name}.`) : [])];
  });
}

function typeText(schema: ConfigSchema): string {
  switch (schema.type) {
    case "string": return schema.enum === undefined ? `text${range(schema.minLength, schema.maxLength)}` : `one of ${schema.enum.map((choice) => quotedText(choice)).join(", ")}`;
    case "integer": return `whole number${range(schema.minimum, schema.maximum)}`;
    case "number": return `number${range(schema.minimum, schema.maximum)}`;
    case "boolean": return "true or false";
    case "array": return `list of ${typeText(schema.items)}${range(schema.minItems, schema.maxItems)}`;
    case "object": return "object";
  }
}

function range(least: number | undefined, most: number | undefined): string {
  if (least === undefined && most === undefined) return "";
  return ` (${least === undefined ? "" : `from ${least}`}${least !== undefined && most !== undefined ? " " : ""}${most === undefined ? "" : `to ${most}`})`;
}
