import { sha256Hex } from "../bytes/sha256.js";
import { PluginError } from "../errors/plugin-error.js";
import { isStrictPoint, KEY_LENGTH } from "./ed25519-encoding.js";

const KEY_ID_LENGTH = 16;

// Only this module has it, so raw bytes cannot pass for a key that was checked.
const CONSTRUCT = Symbol("PublicKey");

/** An Ed25519 public key that was parsed: 32 bytes, canonical, not of small order. */
export class PublicKey {
  readonly #bytes: Uint8Array;
  #id: Promise<string> | undefined;

  private constructor(token: symbol, bytes: Uint8Array) {
    if (token !== CONSTRUCT) throw new TypeError("Cannot construct a PublicKey: parse one");
    this.#bytes = bytes;
  }

  /**
   * Checks raw key bytes.
   *
   * @throws {PluginError} `key-invalid`
   */
  static fromBytes(bytes: Uint8Array): PublicKey {
    if (bytes.length !== KEY_LENGTH) throw invalid(`it has ${bytes.length} bytes, an Ed25519 key has ${KEY_LENGTH}`);
    if (!isStrictPoint(bytes)) throw invalid("it is not canonical or of small order, so anyone could sign for it");
    return new PublicKey(CONSTRUCT, bytes.slice());
  }

  /** A copy of the 32 bytes. */
  toBytes(): Uint8Array {
    return this.#bytes.slice();
  }

  /**
   * The short name of this key: the first 16 hexadecimal digits of the SHA-256 of its 32 bytes.
   * It finds the key; it proves nothing, since only the signature is checked against the whole key.
   */
  id(): Promise<string> {
    return (this.#id ??= sha256Hex(this.#bytes).then((digest) => digest.slice(0, KEY_ID_LENGTH)));
  }
}

function invalid(reason: string): PluginError {
  return new PluginError({ code: "key-invalid", stage: "configure", message: `Cannot use the public key: ${reason}` });
}
