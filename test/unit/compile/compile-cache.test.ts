import * as fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { sha256Hex } from "../../../src/bytes/sha256.js";
import { toUtf8 } from "../../../src/bytes/utf8.js";
import { cacheSlot, readCacheRecord, type CacheRecord } from "../../../src/compile/cache-record.js";
import type { CachedComponent, StalenessReason } from "../../../src/compile/compile-cache.js";
import { indexedDbCache } from "../../../src/compile/indexeddb-cache.js";
import { memoryCache } from "../../../src/compile/memory-cache.js";
import { newCacheRecord, recordSize } from "../../../src/compile/new-cache-record.js";

async function cached(wasmSha256: string, size = 100): Promise<CachedComponent> {
  const bytes = new Uint8Array(size).fill(7);
  const glue = "function instantiate() {} // ä";
  return {
    key: { wasmSha256, transpilerVersion: "jco-1", target: "browser-sync/1", engineConfigHash: "cafe" },
    glue,
    glueSha256: await sha256Hex(toUtf8(glue)),
    coreModules: [{ name: "plugin.core.wasm", bytes, sha256: await sha256Hex(bytes) }],
    worldDigest: "beef",
  };
}

let component: CachedComponent;
let record: CacheRecord;
beforeEach(async () => {
  component = await cached("ab");
  record = await newCacheRecord(component, Number.MAX_SAFE_INTEGER);
});

/** The record with one of its files changed. */
function withFile(index: number, change: object): unknown {
  return { ...record, files: record.files.map((file, position) => (position === index ? { ...file, ...change } : file)) };
}

describe("readCacheRecord", () => {
  const read = async (stored: unknown) => readCacheRecord(stored, component.key);

  test("gives back what was stored", async () => {
    expect(await read(structuredClone(record))).toEqual({ hit: component });
  });

  const altered: [string, StalenessReason, () => unknown][] = [
    ["nothing", "missing", () => undefined],
    ["an older schema", "schema", () => ({ ...record, schema: 0 })],
    ["a newer schema of another shape", "schema", () => ({ schema: 2 })],
    ["another component", "wasm", () => ({ ...record, key: { ...record.key, wasmSha256: "cd" } })],
    ["another transpiler", "transpiler", () => ({ ...record, key: { ...record.key, transpilerVersion: "jco-2" } })],
    ["another target", "target", () => ({ ...record, key: { ...record.key, target: "browser-sync/2" } })],
    ["other options", "config", () => ({ ...record, key: { ...record.key, engineConfigHash: "" } })],
    ["another recorded digest of the glue", "digest", () => withFile(0, { sha256: "00" })],
    ["other glue", "digest", () => withFile(0, { content: new Blob([component.glue.replace("{}", "{;")]) })],
    ["other bytes of a core module", "digest", () => withFile(1, { content: new Blob([new Uint8Array(100)]) })],
    ["a shorter core module", "digest", () => withFile(1, { content: new Blob([new Uint8Array(99).fill(7)]) })],
    ["another recorded size", "digest", () => withFile(1, { size: 101 })],
    ["another digest of the whole", "digest", () => ({ ...record, digest: "00" })],
    ["no digest of the whole", "unreadable", () => ({ ...record, digest: undefined })],
    ["a file less", "digest", () => ({ ...record, files: record.files.slice(0, 1) })],
    ["a file more", "digest", () => ({ ...record, files: [...record.files, record.files[1]] })],
    ["files in another order", "digest", () => ({ ...record, files: [...record.files].reverse() })],
    ["a file of another name", "digest", () => withFile(1, { name: "plugin.core2.wasm" })],
    ["no files", "digest", () => ({ ...record, files: [] })],
    ["no glue", "digest", () => ({ ...record, files: record.files.slice(1) })],
    ["a file without content", "unreadable", () => withFile(1, { content: "text" })],
    ["no key", "unreadable", () => ({ ...record, key: undefined })],
    ["text", "unreadable", () => "record"],
    ["null", "unreadable", () => null],
    ["a schema that is no number", "unreadable", () => ({ ...record, schema: "1" })],
    ["content that can no longer be read", "unreadable", () => withFile(1, { content: lostBlob(100) })],
  ];

  test.each(altered)("%s: %s", async (_what, reason, make) => {
    expect(await read(make())).toEqual({ miss: reason });
  });

  test("the first field that differs is the reason", async () => {
    const all = { ...record, key: { wasmSha256: "x", transpilerVersion: "x", target: "x", engineConfigHash: "x" } };
    expect(await read({ ...all, schema: 9 })).toEqual({ miss: "schema" });
    expect(await read(all)).toEqual({ miss: "wasm" });
  });

  test("answers for whatever was stored", async () => {
    await fc.assert(
      fc.asyncProperty(fc.anything({ withTypedArray: true, withMap: true }), fc.constantFrom("schema", "key", "worldDigest", "files"), async (value, field) => {
        expect(await read(value)).toHaveProperty("miss");
        // Only the world's digest may be any text: it is compared by whoever knows the world.
        const answer = await read({ ...record, [field]: value });
        if (field !== "worldDigest" || typeof value !== "string") expect(answer).toHaveProperty("miss");
      }),
      { seed: 4, numRuns: 500 },
    );
  });
});

function lostBlob(size: number): Blob {
  const blob = new Blob([new Uint8Array(size).fill(7)]);
  blob.arrayBuffer = () => Promise.reject(new DOMException("gone", "NotReadableError"));
  return blob;
}

describe("cacheSlot", () => {
  test("is the same for the versions of one component's output, and apart for everything else", () => {
    const { key } = component;
    const slot = cacheSlot(key, "transpiled");
    expect(cacheSlot({ ...key, target: "browser-sync/2", transpilerVersion: "x", engineConfigHash: "y" }, "transpiled")).toBe(slot);
    expect(cacheSlot({ ...key, target: "browser-jspi/1" }, "transpiled")).not.toBe(slot);
    expect(cacheSlot(key, "manifest")).not.toBe(slot);
    expect(cacheSlot({ ...key, wasmSha256: "cd" }, "transpiled")).not.toBe(slot);
  });
});

describe("memoryCache", () => {
  test("keeps, names what is stale, keeps provenances apart, forgets", async () => {
    const cache = memoryCache();
    expect(await cache.read(component.key, "transpiled")).toEqual({ miss: "missing" });
    await cache.write(component, "transpiled");
    expect(await cache.read(component.key, "transpiled")).toEqual({ hit: component });
    expect(await cache.read(component.key, "other")).toEqual({ miss: "missing" });
    expect(await cache.read({ ...component.key, transpilerVersion: "jco-2" }, "transpiled")).toEqual({ miss: "transpiler" });
    await cache.clear();
    expect(await cache.read(component.key, "transpiled")).toEqual({ miss: "missing" });
  });

  test("the least recently used go first", async () => {
    const [one, two, three] = await Promise.all(["01", "02", "03"].map((digest) => cached(digest, 10_000)));
    if (one === undefined || two === undefined || three === undefined) throw new Error("three were made");
    const cache = memoryCache(2.5 * recordSize(await newCacheRecord(one, Number.MAX_SAFE_INTEGER)));
    await cache.write(one, "t");
    await cache.write(two, "t");
    await cache.read(one.key, "t");
    await cache.write(three, "t");
    expect(await cache.read(two.key, "t")).toEqual({ miss: "missing" });
    expect(await cache.read(one.key, "t")).toEqual({ hit: one });
    expect(await cache.read(three.key, "t")).toEqual({ hit: three });
    await expect(cache.write(await cached("04", 100_000), "t")).rejects.toThrow("more than the cache");
  });
});

describe("indexedDbCache where there is no IndexedDB", () => {
  test("reads as unreadable and says why it cannot write", async () => {
    const cache = indexedDbCache();
    expect(await cache.read(component.key, "transpiled")).toEqual({ miss: "unreadable" });
    await expect(cache.write(component, "transpiled")).rejects.toThrow("indexedDB");
    await expect(cache.clear()).rejects.toThrow();
  });
});
