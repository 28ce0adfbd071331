import { arrayOf, objectOf, oneOf, textOf, wholeNumberFrom } from "../../bytes/json-forms.js";
import { parseString, refuseJson } from "../../bytes/json-parser.js";
import { type Capability, parseCapability, printCapability } from "../../capability/capability.js";
import { PLUGIN_ID, SEMANTIC_VERSION } from "../../package/text-rules.js";
import type { GrantRecord } from "./grant-store.js";

/** A record that was read and understood. */
export interface ParsedRecord {
  readonly record: GrantRecord;
  readonly asked: Capability;
  readonly capability: Capability;
}

const VOUCHER = textOf({ test: (text) => /^(?:key|component):/.test(text) && text.length <= 256, wanted: "key: or component: and a digest" });

const parseForm = objectOf({
  pluginId: textOf(PLUGIN_ID),
  vouchers: arrayOf(VOUCHER, 64),
  asked: parseCanonical,
  capability: parseCanonical,
  decision: oneOf("always", "never", "session"),
  time: wholeNumberFrom(0),
  version: textOf(SEMANTIC_VERSION),
}, { title: parseTitle });

function parseCanonical(value: unknown, path: string): Capability {
  const capability = parseCapability(parseString(value, path));
  return printCapability(capability) === value ? capability : refuseJson(path, "is not printed as this version does");
}

function parseTitle(value: unknown, path: string): string | undefined {
  return value === undefined || (typeof value === "string" && value.length <= 1024) ? value : refuseJson(path, "is not a title");
}

/**
 * Reads what a store gave, which may be anything: any script of the origin, an older version or a crash may have
 * left it. `undefined` for what is no record, or whose capability this version would print differently.
 */
export function parseGrantRecord(value: unknown): ParsedRecord | undefined {
  try {
    const { title, asked, capability, ...rest } = parseForm(value, "record");
    if (rest.vouchers.length === 0) return undefined;
    return { record: { ...rest, title, asked: printCapability(asked), capability: printCapability(capability) }, asked, capability };
  } catch {
    return undefined;
  }
}
