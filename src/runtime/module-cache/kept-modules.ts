import { MODULES, USAGE } from "./module-addresses.js";

const WASM = "application/wasm";
const BYTES = "portcullis-bytes";
const USED = "portcullis-used";

/** The modules in Cache Storage, bounded in bytes. Any script of the origin can write there: what is read is never trusted. */
export class KeptModules {
  readonly #maxBytes: number;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Keeps `bytes` at `url` unless something is there, and marks it as used. */
  async keep(url: string, bytes: Uint8Array): Promise<void> {
    const cache = await caches.open(MODULES);
    // First, so that no module stands without its size when a page ends here.
    await this.#markUsed(url, bytes.length);
    if ((await cache.match(url)) !== undefined) return;
    await this.#put(cache, url, bytes);
  }

  /** Whether exactly `bytes` are kept at `url`. Puts them there if not. */
  async repair(url: string, bytes: Uint8Array): Promise<"intact" | "replaced"> {
    const cache = await caches.open(MODULES);
    const kept = await cache.match(url);
    if (kept !== undefined && (await isIntact(kept, bytes))) return "intact";
    await this.#put(cache, url, bytes);
    return "replaced";
  }

  async clear(): Promise<void> {
    await Promise.all([caches.delete(MODULES), caches.delete(USAGE)]);
  }

  async #put(cache: Cache, url: string, bytes: Uint8Array): Promise<void> {
    // One at a time over all tabs, or each would find room that another takes.
    await navigator.locks.request(MODULES, async () => {
      await this.#makeRoom(cache, url, bytes.length);
      await cache.put(url, new Response(bytes as Uint8Array<ArrayBuffer>, { headers: { "content-type": WASM } }));
    });
  }

  async #markUsed(url: string, bytes: number): Promise<void> {
    const usage = await caches.open(USAGE);
    await usage.put(url, new Response(null, { headers: { [BYTES]: String(bytes), [USED]: String(Date.now()) } }));
  }

  /** Removes the least recently used, and whatever has no size that can be believed, until `bytes` more fit. */
  async #makeRoom(cache: Cache, url: string, bytes: number): Promise<void> {
    const usage = await caches.open(USAGE);
    const others = (await cache.keys()).map((request) => request.url).filter((other) => other !== url);
    const known = await Promise.all(others.map(async (other) => ({ url: other, ...readUsage(await usage.match(other)) })));
    let total = bytes;
    known.sort((a, b) => b.used - a.used);
    for (const entry of known) {
      total += entry.bytes;
      if (total > this.#maxBytes) await Promise.all([cache.delete(entry.url), usage.delete(entry.url)]);
    }
  }
}

function readUsage(record: Response | undefined): { readonly bytes: number; readonly used: number } {
  const [bytes, used] = [BYTES, USED].map((name) => record?.headers.get(name) ?? "");
  const isKnown = /^\d{1,15}$/.test(bytes ?? "") && /^\d{1,15}$/.test(used ?? "");
  // What nobody knows the size of has no room.
  return isKnown ? { bytes: Number(bytes), used: Number(used) } : { bytes: Number.POSITIVE_INFINITY, used: -1 };
}

/** Compared as it is read, so that an endless body ends at its first difference. */
async function isIntact(response: Response, bytes: Uint8Array): Promise<boolean> {
  const reader = response.ok && response.headers.get("content-type") === WASM ? response.body?.getReader() : undefined;
  if (reader === undefined) return false;
  let position = 0;
  for (;;) {
    const { value } = await reader.read();
    if (value === undefined) return position === bytes.length;
    if (!value.every((byte, index) => byte === bytes[position + index])) {
      reader.cancel().catch(() => undefined);
      return false;
    }
    position += value.length;
  }
}
