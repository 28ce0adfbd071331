/** What is known about a public key's text without the readers of its other forms. */
import { fromBase64 } from "../bytes/base64.js";
import { PluginError } from "../errors/plugin-error.js";
import { KEY_LENGTH } from "./ed25519-encoding.js";
import { PublicKey } from "./public-key.js";

/** What begins a key in the form that Portcullis stores and prints. */
export const KEY_PREFIX = "ed25519:";
const MAXIMUM_LENGTH = 4096;

/** Whether `text` begins like a key in PEM, as JWK or of OpenSSH, which `parsePublicKey` reads. */
export function isForeignKeyText(text: string): boolean {
  return text.length <= MAXIMUM_LENGTH && /^\s*(?:-----BEGIN |\{|ssh-ed25519 )/.test(text);
}

/**
 * Reads `ed25519:<base64>`.
 *
 * @throws {PluginError} `key-invalid`
 */
export function parseOwnKeyText(text: string): PublicKey {
  const trimmed = text.length > MAXIMUM_LENGTH ? "" : text.trim();
  const bytes = trimmed.startsWith(KEY_PREFIX) ? fromBase64(trimmed.slice(KEY_PREFIX.length)) : undefined;
  if (bytes?.length !== KEY_LENGTH) throw notAKey();
  return PublicKey.fromBytes(bytes);
}

export function notAKey(): PluginError {
  return invalidKey("it is not a whole Ed25519 key as ed25519:<base64>, SPKI PEM, JWK or an OpenSSH line");
}

/** No reason may repeat any part of the text: it may be a secret key. */
export function invalidKey(reason: string): PluginError {
  return new PluginError({ code: "key-invalid", stage: "configure", message: `Cannot read the public key: ${reason}` });
}
