/** What guests do with wasi:keyvalue, made with the types of each draft. */
import type { World } from "../../../src/component/world.js";
import { disposeSymbol } from "../../../src/wasi/guest-context.js";
import { createImportTable } from "../../../src/wasi/import-table.js";
import { keyValueExtension } from "../../../src/wasi/keyvalue.js";
import { error, type Guest, type Scenario, waited } from "./guest-scenarios.js";
import { KEY_VALUE_WORLDS } from "./keyvalue-worlds.js";

// What jco's glue sees: classes and functions by their JavaScript names.
interface Bucket {
  get(key: string): unknown;
  set(key: string, value: Uint8Array): unknown;
  delete(key: string): unknown;
  exists(key: string): unknown;
  listKeys(cursor: unknown): { readonly keys: readonly string[]; readonly cursor: unknown };
}
type Members = Record<string, ((...values: unknown[]) => unknown) & { new?: (...values: unknown[]) => unknown; newWithRead?: (...values: unknown[]) => unknown }>;

export function imports(guest: Guest, version: keyof typeof KEY_VALUE_WORLDS): { readonly store: Members; readonly atomics: Members; readonly batch: Members } {
  const world: World = KEY_VALUE_WORLDS[version];
  const table = createImportTable(world, new Map(world.imports.interfaces.map(({ name }) => [name, "keyvalue"])), guest, [keyValueExtension]);
  const named = (name: string) => {
    const found = Object.entries(table).find(([full]) => full.startsWith(`wasi:keyvalue/${name}@`));
    if (found === undefined) throw new Error(`no ${name} in ${version}`);
    return found[1] as Members;
  };
  return { store: named("store"), atomics: named("atomics"), batch: named("batch") };
}

async function opened(guest: Guest, version: keyof typeof KEY_VALUE_WORLDS, name: string): Promise<Bucket> {
  return (await waited(guest, imports(guest, version).store["open"]?.(name))) as Bucket;
}

const bytes = (value: string): Uint8Array => new TextEncoder().encode(value);
const text = (value: unknown): unknown => (value instanceof Uint8Array ? new TextDecoder().decode(value) : value);

async function listAll(guest: Guest, bucket: Bucket): Promise<{ readonly keys: number; readonly cursors: readonly string[] }> {
  const cursors: string[] = [];
  let keys = 0;
  let cursor: unknown;
  do {
    const page = await waited(guest, bucket.listKeys(cursor));
    keys += page.keys.length;
    cursor = page.cursor;
    cursors.push(typeof cursor);
  } while (cursor !== undefined);
  return { keys, cursors };
}

export const KEY_VALUE_SCENARIOS: Readonly<Record<string, Scenario>> = {
  async "keep and read"(guest) {
    const bucket = await opened(guest, "draft", "notes");
    const before = [await waited(guest, bucket.get("k")), await bucket.exists("k")];
    await waited(guest, bucket.set("k", bytes("value")));
    const other = await opened(guest, "draft", "notes");
    const after = [text(await other.get("k")), await other.exists("k")];
    await other.delete("k");
    // The guest frees its buckets; glue calls this if it is there.
    Reflect.get(bucket, disposeSymbol)?.call(bucket);
    return [...before, ...after, await other.get("k")];
  },
  async "no such store"(guest) {
    return [await error(() => imports(guest, "draft").store["open"]?.("b".repeat(257))), await error(() => imports(guest, "draft2").store["open"]?.("b".repeat(257)))];
  },
  async "list page by page"(guest) {
    const { batch } = imports(guest, "draft");
    const bucket = await opened(guest, "draft", "");
    await batch["setMany"]?.(bucket, Array.from({ length: 1_200 }, (_item, index) => [`k${index}`, bytes("v")]));
    const numbered = await listAll(guest, bucket);
    const named = await listAll(guest, await opened(guest, "draft2", ""));
    return { numbered, named, unknown: await error(() => bucket.listKeys(77n)) };
  },
  async batches(guest) {
    const answers: unknown[] = [];
    for (const version of ["draft", "draft2", "draft2 of 2026"] as const) {
      const bucket = await opened(guest, version, version);
      const { batch } = imports(guest, version);
      await waited(guest, batch["setMany"]?.(bucket, [["a", bytes("1")], ["__proto__", bytes("2")]]));
      const pairs = (await waited(guest, batch["getMany"]?.(bucket, ["a", "none", "__proto__"]))) as readonly (readonly [string, unknown] | undefined)[];
      answers.push(pairs.map((pair) => (pair === undefined ? undefined : [pair[0], text(pair[1])])));
      await batch["deleteMany"]?.(bucket, ["a", "none"]);
      answers.push((await waited(guest, bucket.listKeys(undefined))).keys);
    }
    return answers;
  },
  async increments(guest) {
    const unsigned = imports(guest, "draft").atomics["increment"];
    const signed = imports(guest, "draft2").atomics["increment"];
    const bucket = await opened(guest, "draft", "");
    return [
      await waited(guest, unsigned?.(bucket, "n", 5n)), await signed?.(bucket, "n", -15n), await error(() => unsigned?.(bucket, "n", 1n)),
      await signed?.(bucket, "n", 10n), await error(() => unsigned?.(bucket, "n", 2n ** 64n - 1n)), await error(() => unsigned?.(bucket, "n", 1n)),
    ];
  },
  async swaps(guest) {
    const { atomics } = imports(guest, "draft2");
    const bucket = await opened(guest, "draft2", "");
    const cas = (await waited(guest, atomics["Cas"]?.new?.(bucket, "k"))) as { current(): unknown };
    const seen = [text(cas.current())];
    await waited(guest, atomics["swap"]?.(cas, bytes("first")));
    // The same handle again: glue has consumed it, and its value is not the present one any more.
    const stale = (await error(() => atomics["swap"]?.(cas, bytes("second")))) as { readonly tag: string; readonly val: typeof cas };
    seen.push(stale.tag, text(stale.val.current()));
    await atomics["swap"]?.(stale.val, bytes("third"));
    return [...seen, text(await bucket.get("k")), await error(() => atomics["swap"]?.(stale.val, new Uint8Array(10_000_000))).then((answer) => (answer as { tag: string }).tag)];
  },
  async "swaps with values"(guest) {
    const { atomics } = imports(guest, "draft2 of 2026");
    const bucket = await opened(guest, "draft2 of 2026", "");
    await bucket.set("k", bytes("now"));
    const [cas, value] = (await waited(guest, atomics["Cas"]?.newWithRead?.(bucket, "k"))) as readonly [unknown, unknown];
    await bucket.set("k", bytes("changed"));
    const failed = (await error(() => atomics["swap"]?.(cas, bytes("mine")))) as { readonly tag: string; readonly val: readonly [unknown, unknown] };
    await atomics["swap"]?.(failed.val[0], bytes("mine"));
    return [text(value), failed.tag, text(failed.val[1]), text(await bucket.get("k"))];
  },
  async "a store that fails in a swap"(guest) {
    const { atomics } = imports(guest, "draft2");
    const bucket = await opened(guest, "draft2", "");
    const cas = await waited(guest, atomics["Cas"]?.new?.(bucket, "k"));
    return error(() => atomics["swap"]?.(cas, new Uint8Array(100)));
  },
};

