import { canonicalJson } from "../bytes/canonical-json.js";
import { arrayOf, objectOf, oneOf, wholeNumberFrom } from "../bytes/json-forms.js";
import { parseString, refuseJson } from "../bytes/json-parser.js";
import { sha256Hex } from "../bytes/sha256.js";
import { fromUtf8, toUtf8 } from "../bytes/utf8.js";
import type { CacheRead } from "./compile-cache.js";
import type { CompileKey } from "./compile-key.js";
import { compareKeys } from "./live-compile-key.js";

/** Raised whenever the layout of a record changes: others are read as stale. */
export const CACHE_SCHEMA = 1;

/** The name of the glue among a record's files. */
export const GLUE = "glue.js";

// Blobs, because reading 10 MiB as one from IndexedDB takes 7 ms, and 17 ms as an array buffer.
const parseRecord = objectOf({
  schema: oneOf(CACHE_SCHEMA),
  key: objectOf({ wasmSha256: parseString, transpilerVersion: parseString, target: parseString, engineConfigHash: parseString }),
  worldDigest: parseString,
  // Over everything above and below but the content: the list itself may have lost a file or its order.
  digest: parseString,
  files: arrayOf(objectOf({ name: parseString, sha256: parseString, size: wholeNumberFrom(0), content: parseBlob })),
});

/** One stored component. */
export type CacheRecord = ReturnType<typeof parseRecord>;

/**
 * The name under which a component is kept. Only the parts of the key that tell two components apart are
 * in it: when another part changes, the old record is found, told from the new, and replaced.
 */
export function cacheSlot({ wasmSha256, target }: CompileKey, provenance: string): string {
  return `${wasmSha256}/${target.replace(/\/.*$/, "")}/${provenance}`;
}

/** SHA-256 of a record's content, its files by their digests. */
export function recordDigest({ schema, key, worldDigest, files }: Omit<CacheRecord, "digest">): Promise<string> {
  const listed = files.map(({ name, sha256, size }) => ({ name, sha256, size }));
  return sha256Hex(toUtf8(canonicalJson({ schema, key, worldDigest, files: listed })));
}

/**
 * Reads a stored value, which may be anything: an older version, another program or a crash may have left it.
 *
 * @param live the key that the component has here and now.
 */
export async function readCacheRecord(stored: unknown, live: CompileKey): Promise<CacheRead> {
  if (stored === undefined) return { miss: "missing" };
  if (hasOtherSchema(stored)) return { miss: "schema" };
  try {
    const record = parseRecord(stored, "record");
    const stale = compareKeys(record.key, live);
    if (stale !== undefined) return { miss: stale };
    return (await recordDigest(record)) === record.digest ? await readFiles(record) : { miss: "digest" };
  } catch {
    // It has another form, or a blob whose data the browser lost.
    return { miss: "unreadable" };
  }
}

async function readFiles({ files, key, worldDigest }: CacheRecord): Promise<CacheRead> {
  const read = await Promise.all(
    files.map(async ({ name, sha256, size, content }) => {
      const bytes = content.size === size ? new Uint8Array(await content.arrayBuffer()) : undefined;
      return bytes !== undefined && (await sha256Hex(bytes)) === sha256 ? { name, sha256, bytes } : undefined;
    }),
  );
  const whole = read.filter((file) => file !== undefined);
  if (whole.length < files.length) return { miss: "digest" };
  const [glue, ...coreModules] = whole;
  const text = glue?.name === GLUE ? fromUtf8(glue.bytes) : undefined;
  if (glue === undefined || text === undefined) return { miss: "unreadable" };
  return { hit: { key, glue: text, glueSha256: glue.sha256, coreModules, worldDigest } };
}

function hasOtherSchema(stored: unknown): boolean {
  return (
    typeof stored === "object" && stored !== null && "schema" in stored &&
    typeof stored.schema === "number" && stored.schema !== CACHE_SCHEMA
  );
}

function parseBlob(value: unknown, path: string): Blob {
  return value instanceof Blob ? value : refuseJson(path, "is not a blob");
}
