import { objectOf, textOf } from "../../bytes/json-forms.js";
import { JsonProblem, type JsonParser, refuseJson } from "../../bytes/json-parser.js";
import { fromUtf8 } from "../../bytes/utf8.js";
import type { PluginErrorCode } from "../../errors/error-codes.js";
import type { InstanceEnd } from "./executor.js";
import type { StartedMessage } from "./process-frames.js";

/** What a process may say of itself at its start, in bytes. */
export const MAXIMUM_START_REPORT_BYTES = 1024 * 1024;
const MAXIMUM_MESSAGE_CHARACTERS = 4_096;

/** Why a process may say that it did not start. Anything else would let a plugin blame others: its signature, the app's grants. */
const FAILURE_CODES: ReadonlySet<PluginErrorCode> = new Set<PluginErrorCode>(["instantiate-failed", "interface-mismatch", "config-invalid", "runtime-unsupported", "component-unsupported"]);

const text = textOf({ test: () => true, wanted: "text" });
const texts: JsonParser<Readonly<Record<string, string>>> = (value, path) => mapOf(text, value, path);
const startedForm = objectOf({
  runtime: textOf({ test: (words) => words.length <= 256, wanted: "a text of at most 256 characters" }),
  metadata: objectOf({ trait: texts, methods: (value, path) => mapOf(texts, value, path) }),
});
const failedForm = objectOf({ code: text, message: text });

/** @returns what is wrong with it instead, as a text. */
export function parseStarted(payload: Uint8Array): StartedMessage | string {
  return parse(payload, startedForm);
}

/** @returns what is wrong with it instead, as a text. */
export function parseFailed(payload: Uint8Array): InstanceEnd | string {
  const failed = parse(payload, failedForm);
  if (typeof failed === "string") return failed;
  const code = [...FAILURE_CODES].find((known) => known === failed.code) ?? "instantiate-failed";
  return { code, stage: "instantiate", message: plainWords(failed.message) };
}

/** A plugin's words, of bounded length and without what a terminal or a log would obey. */
export function plainWords(words: string): string {
  return words.slice(0, MAXIMUM_MESSAGE_CHARACTERS).replace(/[^\P{C}\n\t]/gu, "\ufffd");
}

function parse<T>(payload: Uint8Array, form: JsonParser<T>): T | string {
  if (payload.length > MAXIMUM_START_REPORT_BYTES) return `it has ${payload.length} bytes, and at most ${MAXIMUM_START_REPORT_BYTES} are allowed`;
  const document = fromUtf8(payload);
  if (document === undefined) return "it is no text";
  try {
    return form(JSON.parse(document), "message");
  } catch (error) {
    if (error instanceof JsonProblem || error instanceof SyntaxError) return plainWords(error.message);
    throw error;
  }
}

/** An object with any names, as one without a prototype: a name from a process is never looked up on anything else. */
function mapOf<T>(part: JsonParser<T>, value: unknown, path: string): Readonly<Record<string, T>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) refuseJson(path, "is not an object");
  const found: Record<string, T> = Object.create(null) as Record<string, T>;
  for (const [name, member] of Object.entries(value)) found[name] = part(member, `${path}.${plainWords(name)}`);
  return found;
}
