import * as v from "valibot";
import { isPluginId, isSemanticVersion } from "./plugin-identity.js";
import { quotedText } from "./quoted-text.js";

/** A whole number from 0 that JavaScript represents exactly. */
export const count = v.pipe(
  v.number(),
  v.check((value) => Number.isSafeInteger(value) && value >= 0, "must be a whole number from 0"),
);

/** {@link count}, at least 1. */
export const positiveCount = v.pipe(count, v.minValue(1, "must be at least 1"));

/** SHA-256 in lower-case hexadecimal. */
export const sha256Digest = v.pipe(
  v.string(),
  v.regex(/^[0-9a-f]{64}$/, "must be a SHA-256 digest of 64 lower-case hexadecimal digits"),
);

/** A plugin's id. */
export const pluginId = v.pipe(
  v.string(),
  v.check(isPluginId, "must be dotted lower-case words such as acme.blur, at most 128 characters"),
);

/** A semantic version. */
export const semanticVersion = v.pipe(
  v.string(),
  v.check(isSemanticVersion, "must be a semantic version such as 1.2.3, at most 128 characters"),
);

/**
 * Text that is shown to people, at most `maximum` UTF-16 units. Control and direction characters
 * are refused: they can make a permission prompt read differently from what it says.
 */
export function plainText(maximum: number) {
  return v.pipe(
    v.string(),
    v.minLength(1, "must not be empty"),
    v.maxLength(maximum, `must have at most ${maximum} characters`),
    v.regex(/\S/, "must not be blank"),
    v.regex(/^[^\p{Cc}\u202a-\u202e\u2066-\u2069]*$/u, "must not have control or direction characters"),
  );
}

/** A web address that is safe to make a link of. */
export const webAddress = v.pipe(
  plainText(2048),
  v.check(isWebAddress, "must be an http or https address"),
);

function isWebAddress(text: string): boolean {
  try {
    return /^https?:$/.test(new URL(text).protocol);
  } catch {
    return false;
  }
}

/** The first problem that a schema found, in words: where, then what. */
export function describeIssue(issue: v.BaseIssue<unknown>): string {
  const path = v.getDotPath(issue);
  return `${path === null ? "the whole" : quotedText(path)}: ${issue.message.slice(0, 200)}`;
}
