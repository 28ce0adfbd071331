/** The rules of a manifest's members as valibot schemas, for the files that authors write. */
import * as v from "valibot";
import type { TextRule } from "../bytes/json-forms.js";
import { quotedText } from "./quoted-text.js";
import * as rules from "./text-rules.js";

/** A whole number from 0 that JavaScript represents exactly. */
export const count = v.pipe(
  v.number(),
  v.check((value) => Number.isSafeInteger(value) && value >= 0, "must be a whole number from 0"),
);

/** {@link count}, at least 1. */
export const positiveCount = v.pipe(count, v.minValue(1, "must be at least 1"));

/** A plugin's id. */
export const pluginId = textSchema(rules.PLUGIN_ID);

/** A semantic version. */
export const semanticVersion = textSchema(rules.SEMANTIC_VERSION);

/** A web address that is safe to make a link of. */
export const webAddress = textSchema(rules.WEB_ADDRESS);

/** Text that is shown to people, at most `maximum` UTF-16 units. */
export function plainText(maximum: number) {
  return textSchema(rules.plainText(maximum));
}

function textSchema({ test, wanted }: TextRule) {
  return v.pipe(v.string(), v.check(test, `must be ${wanted}`));
}

/** The first problem that a schema found, in words: where, then what. */
export function describeIssue(issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue);
  return `${path === null ? "the whole" : quotedText(path)}: ${issue.message.slice(0, 200)}`;
}
