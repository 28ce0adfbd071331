import type { TextRule } from "../bytes/json-forms.js";
import { checkPackagePath } from "./package-path.js";
import { isPluginId, isSemanticVersion } from "./plugin-identity.js";

/** A plugin's id. */
export const PLUGIN_ID: TextRule = { test: isPluginId, wanted: "dotted lower-case words such as acme.blur, at most 128 characters" };

/** A semantic version. */
export const SEMANTIC_VERSION: TextRule = { test: isSemanticVersion, wanted: "a semantic version such as 1.2.3, at most 128 characters" };

/** A web address that is safe to make a link of. */
export const WEB_ADDRESS: TextRule = {
  test: (text) => plainText(2048).test(text) && isWebAddress(text),
  wanted: "an http or https address of at most 2048 characters",
};

/** SHA-256 in lower-case hexadecimal. */
export const SHA256_DIGEST: TextRule = {
  test: (text) => /^[0-9a-f]{64}$/.test(text),
  wanted: "a SHA-256 digest of 64 lower-case hexadecimal digits",
};

/** A path inside a package. */
export const PACKAGE_PATH: TextRule = { test: (text) => checkPackagePath(text) === undefined, wanted: "a safe relative path" };

/**
 * Text that is shown to people, at most `maximum` UTF-16 units. Control and direction characters
 * are refused: they can make a permission prompt read differently from what it says.
 */
export function plainText(maximum: number): TextRule {
  return {
    test: (text) => text.length <= maximum && /\S/.test(text) && /^[^\p{Cc}\u202a-\u202e\u2066-\u2069]*$/u.test(text),
    wanted: `1 to ${maximum} characters that are not all blank, none of them a control or direction character`,
  };
}

function isWebAddress(text: string): boolean {
  try {
    return /^https?:$/.test(new URL(text).protocol);
  } catch {
    return false;
  }
}
