import { fromBase64, toBase64 } from "../bytes/base64.js";
import { canonicalJson } from "../bytes/canonical-json.js";
import { arrayOf, objectOf, oneOf, textOf } from "../bytes/json-forms.js";
import { parseDocument, type JsonParser } from "../bytes/json-parser.js";
import { fromUtf8, toUtf8 } from "../bytes/utf8.js";
import { PluginError } from "../errors/plugin-error.js";
import { parseBoundedJson } from "../package/bounded-json.js";
import { SIGNATURE_LENGTH } from "./ed25519-encoding.js";
import { publicKeyOf, signEd25519 } from "./ed25519.js";

const ENVELOPE_SCHEMA = 1;
const MAXIMUM_SIGNATURES = 16;
const MAXIMUM_BYTES = 8192;

/** What is signed. Each kind has its own prefix, so that a signature for one never fits the other. */
export type SignedKind = "manifest" | "index";

const PREFIXES: { readonly [Kind in SignedKind]: string } = {
  manifest: "portcullis manifest v1\0",
  index: "portcullis index v1\0",
};

/** One signature in an envelope. */
export interface EnvelopeSignature {
  readonly algorithm: "ed25519";
  /** Which key made it: see `keyId`. Not itself signed; a false one only fails to find the key. */
  readonly keyId: string;
  /** The 64 bytes in base64. */
  readonly value: string;
}

/** `manifest.sig` or `index.sig`: canonical JSON, signatures sorted by key id, one for each key. */
export interface SignatureEnvelope {
  readonly schema: typeof ENVELOPE_SCHEMA;
  readonly signatures: readonly EnvelopeSignature[];
}

const envelopeForm: JsonParser<SignatureEnvelope> = objectOf({
  schema: oneOf(ENVELOPE_SCHEMA),
  signatures: arrayOf(objectOf({
    algorithm: oneOf("ed25519"),
    keyId: textOf({ test: (text) => /^[0-9a-f]{16}$/.test(text), wanted: "16 lower-case hexadecimal digits" }),
    value: textOf({ test: (text) => fromBase64(text)?.length === SIGNATURE_LENGTH, wanted: "64 bytes in canonical base64" }),
  }), MAXIMUM_SIGNATURES),
});

/**
 * Parses a signature file. Its bytes must be canonical, so no byte of it can change unnoticed.
 *
 * @throws {PluginError} `signature-invalid`
 */
export function parseEnvelope(bytes: Uint8Array): SignatureEnvelope {
  const value = parseBoundedJson(bytes, MAXIMUM_BYTES, refuse);
  const envelope = parseDocument(envelopeForm, value, "envelope", refuse);
  if (envelope.signatures.length === 0) throw refuse("it has no signatures");
  let previous = "";
  for (const { keyId } of envelope.signatures) {
    if (keyId <= previous) throw refuse("its signatures are not sorted by key id, one for each key");
    previous = keyId;
  }
  if (envelopeText(envelope) !== fromUtf8(bytes)) throw refuse("its bytes are not canonical JSON");
  return envelope;
}

/** The one spelling of `envelope`. */
export function encodeEnvelope(envelope: SignatureEnvelope): Uint8Array<ArrayBuffer> {
  return toUtf8(envelopeText(envelope));
}

function envelopeText({ schema, signatures }: SignatureEnvelope): string {
  return canonicalJson({
    schema,
    signatures: signatures.map(({ algorithm, keyId, value }) => ({ algorithm, keyId, value })),
  });
}

/** The message that a signature is over: the kind's prefix, then the file's bytes. */
export function signedMessage(kind: SignedKind, bytes: Uint8Array): Uint8Array {
  const prefix = toUtf8(PREFIXES[kind]);
  const message = new Uint8Array(prefix.length + bytes.length);
  message.set(prefix);
  message.set(bytes, prefix.length);
  return message;
}

/**
 * Signs `manifest.json` with one or more 32-byte seeds.
 *
 * @returns the bytes of `manifest.sig`
 * @throws {PluginError} `usage-invalid` for no seeds or more than 16
 */
export function signManifest(manifestBytes: Uint8Array, seeds: readonly Uint8Array[]): Promise<Uint8Array> {
  return signBytes("manifest", manifestBytes, seeds, []);
}

/** Signs a registry's `index.json`, as {@link signManifest} does a manifest. */
export function signIndex(indexBytes: Uint8Array, seeds: readonly Uint8Array[]): Promise<Uint8Array> {
  return signBytes("index", indexBytes, seeds, []);
}

/**
 * Adds a signature to those of `envelopeBytes`; one by the same key is replaced.
 *
 * @throws {PluginError} `signature-invalid` if the existing envelope cannot be read
 */
export function addSignature(
  envelopeBytes: Uint8Array,
  manifestBytes: Uint8Array,
  seed: Uint8Array,
): Promise<Uint8Array> {
  return signBytes("manifest", manifestBytes, [seed], parseEnvelope(envelopeBytes).signatures);
}

async function signBytes(
  kind: SignedKind,
  bytes: Uint8Array,
  seeds: readonly Uint8Array[],
  existing: readonly EnvelopeSignature[],
): Promise<Uint8Array> {
  const message = signedMessage(kind, bytes);
  const byKey = new Map(existing.map((signature) => [signature.keyId, signature]));
  for (const seed of seeds) {
    const keyId = await (await publicKeyOf(seed)).id();
    byKey.set(keyId, { algorithm: "ed25519", keyId, value: toBase64(await signEd25519(seed, message)) });
  }
  if (byKey.size < 1 || byKey.size > MAXIMUM_SIGNATURES) {
    throw new PluginError({
      code: "usage-invalid",
      stage: "pack",
      message: `Cannot sign the ${kind}: ${byKey.size} keys were given, 1 to ${MAXIMUM_SIGNATURES} are possible`,
    });
  }
  const signatures = [...byKey.values()].sort((a, b) => (a.keyId < b.keyId ? -1 : 1));
  return encodeEnvelope({ schema: ENVELOPE_SCHEMA, signatures });
}

function refuse(reason: string): PluginError {
  return new PluginError({
    code: "signature-invalid",
    stage: "verify",
    message: `Cannot read the signature file: ${reason}`,
  });
}
