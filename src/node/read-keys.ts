import { fromUtf8 } from "../bytes/utf8.js";
import { PluginError } from "../errors/plugin-error.js";
import { parsePublicKey, parseSecretKey, type PublicKey } from "../trust/key-format.js";
import { readBoundedFile } from "./read-bounded-file.js";

const MAXIMUM_KEY_BYTES = 16 * 1024;

/**
 * Reads a secret key file, as `portcullis keygen` or `openssl genpkey -algorithm ed25519` writes it.
 *
 * @returns the 32-byte seed to sign with
 * @throws {PluginError} `source-unreachable`, `key-invalid`
 */
export async function readSecretKeyFile(path: string): Promise<Uint8Array> {
  return parseFile(path, parseSecretKey);
}

/**
 * Reads a public key: the key itself (`ed25519:…`, an OpenSSH line, a JWK), or the path of a file with one,
 * SPKI PEM included.
 *
 * @throws {PluginError} `source-unreachable`, `key-invalid`
 */
export async function readPublicKey(keyOrPath: string): Promise<PublicKey> {
  if (/^(?:ed25519:|ssh-ed25519 |\{)/.test(keyOrPath)) return parsePublicKey(keyOrPath);
  return parseFile(keyOrPath, parsePublicKey);
}

async function parseFile<Key>(path: string, parse: (text: string) => Key): Promise<Key> {
  const bytes = await readBoundedFile(path, MAXIMUM_KEY_BYTES, "configure");
  try {
    return parse(fromUtf8(bytes) ?? "");
  } catch (cause) {
    if (!(cause instanceof PluginError)) throw cause;
    throw new PluginError({ code: cause.code, stage: "configure", message: `${cause.message} (in ${path})`, cause });
  } finally {
    bytes.fill(0);
  }
}
