import { mkdir, open, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { PluginError } from "../errors/plugin-error.js";
import { generateKeyPair } from "../trust/ed25519.js";
import { formatPublicKey, formatSecretKey, type PublicKey } from "../trust/key-format.js";
import { systemCode } from "./read-bounded-file.js";
import { writing } from "./write-package.js";

/** A new key pair on disk. */
export interface KeyFiles {
  /** PKCS#8 PEM, readable for its owner only. */
  readonly secretPath: string;
  /** The public key as `ed25519:<base64>`. */
  readonly publicPath: string;
  readonly publicKey: PublicKey;
  readonly publicKeyText: string;
  readonly keyId: string;
}

/**
 * Makes a publisher's key pair and writes it to `<path>.pem` (secret) and `<path>.pub`. Files that are there
 * are never overwritten: a lost secret key cannot be made again.
 *
 * @throws {PluginError} `usage-invalid` if one of the files exists or cannot be written
 */
export async function createKeyFiles(path: string): Promise<KeyFiles> {
  const { seed, publicKey } = await generateKeyPair();
  const [secretPath, publicPath] = [`${path}.pem`, `${path}.pub`];
  const publicKeyText = formatPublicKey(publicKey);
  await writing(secretPath, () => mkdir(dirname(path), { recursive: true }));
  await createFile(publicPath, `${publicKeyText}\n`, 0o644);
  try {
    await createFile(secretPath, formatSecretKey(seed), 0o600);
  } catch (error) {
    await rm(publicPath);
    throw error;
  }
  return { secretPath, publicPath, publicKey, publicKeyText, keyId: await publicKey.id() };
}

async function createFile(path: string, content: string, mode: number): Promise<void> {
  await writing(path, async () => {
    // "wx" creates or fails, in one step of the system's: no other program can come between.
    const handle = await open(path, "wx", mode).catch((cause: unknown) => {
      if (systemCode(cause) !== "EEXIST") throw cause;
      const message = `Cannot write the key file ${path}: it exists already, and keys are never overwritten. Choose another name`;
      throw new PluginError({ code: "usage-invalid", stage: "configure", message, cause });
    });
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
  });
}
