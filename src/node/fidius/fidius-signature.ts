import { createHash } from "node:crypto";
import { toHex } from "../../bytes/hex.js";
import { toUtf8 } from "../../bytes/utf8.js";
import { PluginError } from "../../errors/plugin-error.js";
import { verifyEd25519 } from "../../trust/ed25519.js";
import { PublicKey } from "../../trust/public-key.js";
import { readBoundedFile } from "../read-bounded-file.js";
import { isInDigest } from "./fidius-paths.js";

/** Where fidius keeps the signature of a package: 64 raw bytes. */
export const FIDIUS_SIGNATURE = "package.sig";

/** fidius's digest of a package: of the paths and contents of all files that it covers, each with its length before it. */
export function fidiusDigest(files: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const hash = createHash("sha256");
  const covered = [...files].filter(([path]) => isInDigest(path)).map(([path, content]) => ({ path: toUtf8(path), content }));
  // By the bytes of UTF-8, as Rust sorts: JavaScript's own order is another one beyond the basic plane.
  for (const { path, content } of covered.sort((left, right) => Buffer.compare(left.path, right.path))) {
    hash.update(length(path)).update(path).update(length(content)).update(content);
  }
  return new Uint8Array(hash.digest());
}

function length(bytes: Uint8Array): Uint8Array {
  const field = new Uint8Array(8);
  new DataView(field.buffer).setBigUint64(0, BigInt(bytes.length), true);
  return field;
}

/**
 * Checks fidius's signature of a package.
 *
 * @param name - the package's name, for messages.
 * @returns the public key that signed it, in hexadecimal
 * @throws {PluginError} `signature-missing`, `signature-invalid`
 */
export async function verifyFidiusSignature(files: ReadonlyMap<string, Uint8Array>, keys: readonly PublicKey[], name: string): Promise<string> {
  const signature = files.get(FIDIUS_SIGNATURE);
  if (signature === undefined) {
    throw refusal("signature-missing", name, `it has no ${FIDIUS_SIGNATURE}. Ask its author to sign it with \`fidius package sign\``);
  }
  const message = fidiusDigest(files);
  for (const publicKey of keys) {
    if (await verifyEd25519({ publicKey, message, signature })) return toHex(publicKey.toBytes());
  }
  const reason = `none of the ${keys.length} keys that were given made its signature: a file was changed after signing, or another key signed it. fidius's signatures do not say which`;
  throw refusal("signature-invalid", name, reason);
}

/**
 * Reads a public key as `fidius keygen` writes it: its 32 raw bytes.
 *
 * @throws {PluginError} `source-unreachable`, `key-invalid`
 */
export async function readFidiusKey(path: string): Promise<PublicKey> {
  const bytes = await readBoundedFile(path, 4_096, "configure");
  try {
    return PublicKey.fromBytes(bytes);
  } catch (cause) {
    if (!(cause instanceof PluginError)) throw cause;
    const message = `${cause.message} (in ${path}; a fidius key is the 32 raw bytes that \`fidius keygen\` writes as .public)`;
    throw new PluginError({ code: cause.code, stage: "configure", message, cause });
  }
}

function refusal(code: "signature-missing" | "signature-invalid", name: string, reason: string): PluginError {
  return new PluginError({ code, stage: "pack", message: `Cannot import ${name}: ${reason}` });
}
