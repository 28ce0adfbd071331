/** Plugins' key-value data in IndexedDB: kept, shared by tabs, exact in its account, and a failure and no hang where storage fails. */
import type { Page } from "@playwright/test";
import type * as Backends from "../../src/backends.js";
import { expect, test, type TestServer } from "../support/browser-test.js";

type Work<Argument> = (tools: { readonly backend: Backends.KeyValueBackend; readonly backends: typeof Backends }, argument: Argument) => unknown;

/** Runs `work` in the page with a backend, which the page keeps between runs. */
async function withBackend<Argument>(page: Page, server: TestServer, work: Work<Argument>, argument: Argument): Promise<unknown> {
  const tools = await page.evaluateHandle(async (url) => {
    const backends = (await import(url)) as typeof Backends;
    const holder = globalThis as { keptBackend?: Backends.KeyValueBackend };
    holder.keptBackend ??= backends.indexedDbKeyValue({ timeoutMilliseconds: 2_000 });
    return { backend: holder.keptBackend, backends };
  }, server.url("dist/backends.js"));
  return tools.evaluate(work as never, argument as never);
}

/** Changes the raw database, as any script of the origin can. */
function tamper(page: Page, changes: readonly { readonly key: unknown; readonly value: unknown }[]): Promise<unknown> {
  return page.evaluate(async (list) => {
    const database = await new Promise<IDBDatabase>((resolve, reject) => {
      const request = indexedDB.open("portcullis-keyvalue");
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(new Error("cannot open"));
    });
    const transaction = database.transaction("entries", "readwrite");
    for (const { key, value } of list) transaction.objectStore("entries").put(value, key as IDBValidKey);
    await new Promise((resolve) => (transaction.oncomplete = resolve));
    database.close();
  }, changes);
}

const NAMES = ["", "a", "__proto__", "constructor", "a/b", "\u0000", "\uffff", "é", "🗝", '["x"]', "entry"];

test("any name in any namespace and bucket is kept apart, across a reload", async ({ page, server }) => {
  await withBackend(page, server, async ({ backend }, names) => {
    for (const namespace of names) for (const bucket of names) await backend.update({ namespace, bucket }, names, () => names.map((key) => new TextEncoder().encode(`${namespace}|${bucket}|${key}`)));
  }, NAMES);
  await page.reload();
  const wrong = await withBackend(page, server, async ({ backend }, names) => {
    const found: string[] = [];
    for (const namespace of names) {
      for (const bucket of names) {
        const values = await backend.get({ namespace, bucket }, names);
        for (const [index, value] of values.entries()) if (new TextDecoder().decode(value) !== `${namespace}|${bucket}|${names[index]}`) found.push(`${namespace}|${bucket}|${names[index]}`);
        const keys = await backend.keys({ namespace, bucket }, undefined, 100);
        if (keys.join("\n") !== names.toSorted().join("\n")) found.push(`the keys of ${namespace}|${bucket}`);
      }
    }
    return found;
  }, NAMES);
  expect(wrong).toEqual([]);
  const left = await withBackend(page, server, async ({ backend }) => {
    await backend.forget("__proto__");
    const count = async (namespace: string) => (await backend.usage(namespace)).entries;
    return [await count("__proto__"), await count("constructor"), await count(""), (await backend.keys({ namespace: "__proto__", bucket: "a" }, undefined, 10)).length];
  }, undefined);
  expect(left).toEqual([0, NAMES.length ** 2, NAMES.length ** 2, 0]);
});

test("keys are listed after a key, as many as are asked for", async ({ page, server }) => {
  const pages = await withBackend(page, server, async ({ backend }) => {
    const place = { namespace: "n", bucket: "b" };
    const keys = Array.from({ length: 25 }, (_item, index) => `k${String(index).padStart(2, "0")}`);
    await backend.update(place, keys, () => keys.map(() => new Uint8Array()));
    await backend.update({ namespace: "n", bucket: "c" }, ["x"], () => [new Uint8Array()]);
    return [await backend.keys(place, undefined, 10), await backend.keys(place, "k09", 10), await backend.keys(place, "k19", 10), await backend.keys(place, "k1", 2), await backend.keys(place, "k24", 10)];
  }, undefined);
  const keys = (from: number, to: number) => Array.from({ length: to - from }, (_item, index) => `k${String(from + index).padStart(2, "0")}`);
  expect(pages).toEqual([keys(0, 10), keys(10, 20), keys(20, 25), ["k10", "k11"], []]);
});

test("only the bytes that a view shows are stored", async ({ page, server }) => {
  const stored = await withBackend(page, server, async ({ backend }) => {
    const place = { namespace: "n", bucket: "b" };
    await backend.update(place, ["k"], () => [new Uint8Array([1, 2, 3])]);
    const [value] = await backend.get(place, ["k"]);
    return [value instanceof Uint8Array, value?.buffer.byteLength, await backend.usage("n")];
  }, undefined);
  expect(stored).toEqual([true, 3, { bytes: 5, entries: 1 }]);
});

test("a change that throws changes nothing, and its error comes back as it is", async ({ page, server }) => {
  const result = await withBackend(page, server, async ({ backend }) => {
    const place = { namespace: "n", bucket: "b" };
    await backend.update(place, ["k"], () => [new Uint8Array([1])]);
    const refusal = new Error("refused");
    const thrown: unknown = await backend.update(place, ["k", "l"], () => { throw refusal; }).then(() => "nothing", (error: unknown) => error);
    return [thrown === refusal, (await backend.get(place, ["k", "l"])).map((value) => value?.length), await backend.usage("n")];
  }, undefined);
  expect(result).toEqual([true, [1, undefined], { bytes: 3, entries: 1 }]);
});

test("two tabs that write at once stay within one quota, to the byte", async ({ page, server, context }) => {
  const other = await context.newPage();
  await other.goto(server.url("pages/blank.html"));
  const write: Work<string> = async ({ backend }, tab) => {
    // What the broker does with what a backend tells it.
    const one = (key: string) =>
      backend.update({ namespace: "n", bucket: "b" }, [key], (_values, usage) => {
        if (usage.bytes + 20 > 1_000) throw new Error("quota");
        return [new Uint8Array(16)];
      });
    const outcomes = await Promise.allSettled(Array.from({ length: 40 }, (_item, index) => one(`${tab}${String(index).padStart(2, "0")}`)));
    return outcomes.filter(({ status }) => status === "fulfilled").length;
  };
  const written = await Promise.all([withBackend(page, server, write, "p"), withBackend(other, server, write, "q")]);
  expect(Number(written[0]) + Number(written[1])).toBe(50);
  for (const tab of [page, other]) expect(await withBackend(tab, server, ({ backend }) => backend.usage("n"), undefined)).toEqual({ bytes: 1_000, entries: 50 });
});

test("two tabs that count lose nothing", async ({ page, server, context }) => {
  const other = await context.newPage();
  await other.goto(server.url("pages/blank.html"));
  const count: Work<undefined> = async ({ backend }) => {
    await Promise.all(Array.from({ length: 100 }, () => backend.update({ namespace: "n", bucket: "" }, ["n"], ([old]) => [new TextEncoder().encode(String(Number(new TextDecoder().decode(old)) + 1))])));
  };
  await Promise.all([withBackend(page, server, count, undefined), withBackend(other, server, count, undefined)]);
  expect(await withBackend(page, server, async ({ backend }) => new TextDecoder().decode((await backend.get({ namespace: "n", bucket: "" }, ["n"]))[0]), undefined)).toBe("200");
});

const ACCOUNTS: readonly (readonly [what: string, value: unknown])[] = [
  ["missing", undefined], ["a text", "nothing"], ["negative", { bytes: -1_000_000, entries: -5 }], ["not a number", { bytes: Number.NaN, entries: 1 }], ["without entries", { bytes: 3 }],
  ["much too small, but well formed", { bytes: 0, entries: 0 }], ["much too large, but well formed", { bytes: 9_000_000, entries: 900 }],
];
for (const [what, value] of ACCOUNTS) {
  test(`an account that is ${what} is made again from what is stored`, async ({ page, server }) => {
    const place = { namespace: "n", bucket: "b" };
    await withBackend(page, server, ({ backend }, given) => backend.update(given, ["k"], () => [new Uint8Array(10)]), place);
    await tamper(page, [{ key: ["usage", "n"], value }]);
    await page.reload();
    const seen = await withBackend(page, server, async ({ backend }, given) => {
      let told: unknown;
      await backend.update(given, ["l"], (_values, usage) => {
        told = usage;
        return [new Uint8Array(5)];
      });
      return [told, await backend.usage("n")];
    }, place);
    expect(seen).toEqual([{ bytes: 12, entries: 1 }, { bytes: 19, entries: 2 }]);
  });
}

test("what something else stored in the place of a value is no value, and can be replaced", async ({ page, server }) => {
  const place = { namespace: "n", bucket: "b" };
  await withBackend(page, server, ({ backend }, given) => backend.update(given, ["k"], () => [new Uint8Array(10)]), place);
  await tamper(page, [{ key: ["entry", "n", "b", "text"], value: "text" }, { key: ["entry", "n", "b", "object"], value: { length: 3 } }, { key: ["entry", "n", 7, 8], value: 1 }, { key: "loose", value: 1 }]);
  await page.reload();
  const seen = await withBackend(page, server, async ({ backend }, given) => {
    const before = await backend.get(given, ["text", "object", "k"]);
    await backend.update(given, ["text"], () => [new Uint8Array(2)]);
    return [before.map((value) => value?.length), (await backend.get(given, ["text"]))[0]?.length, await backend.usage("n")];
  }, place);
  expect(seen).toEqual([[undefined, undefined, 10], 2, { bytes: 19, entries: 2 }]);
});

// How a browser's IndexedDB can fail, as a script that runs before the page's own.
const FAILURES: readonly (readonly [how: string, script: string])[] = [
  ["is not there", "Object.defineProperty(globalThis, 'indexedDB', { value: undefined });"],
  ["throws when it is opened", "IDBFactory.prototype.open = () => { throw new DOMException('denied', 'SecurityError'); };"],
  ["never answers when it is opened", "IDBFactory.prototype.open = () => new EventTarget();"],
  ["has no room when it is written", "IDBObjectStore.prototype.put = () => { throw new DOMException('full', 'QuotaExceededError'); };"],
  ["aborts what it has written", "{ const put = IDBObjectStore.prototype.put; IDBObjectStore.prototype.put = function (...values) { const request = put.apply(this, values); request.onsuccess = () => this.transaction.abort(); return request; }; }"],
  ["never ends a transaction", "IDBObjectStore.prototype.get = function () { const again = () => { this.count().onsuccess = again; }; again(); return new EventTarget(); }; "],
  ["starts no transaction", "IDBDatabase.prototype.transaction = () => { throw new DOMException('closing', 'InvalidStateError'); };"],
];

for (const [how, script] of FAILURES) {
  test(`where IndexedDB ${how}, every call fails in time and nothing is stored`, async ({ page, server, context }) => {
    await page.addInitScript(script);
    await page.reload();
    const outcomes = await withBackend(page, server, async ({ backend }) => {
      const place = { namespace: "n", bucket: "b" };
      const written = await backend.update(place, ["k"], () => [new Uint8Array([1])]).then(() => "written", (error: unknown) => (error instanceof Error ? error.name : typeof error));
      return { written, again: await backend.update(place, ["k"], () => [new Uint8Array([1])]).then(() => "written", () => "failed") };
    }, undefined);
    expect(outcomes).toEqual({ written: expect.not.stringMatching(/^written$/) as unknown, again: "failed" });
    const whole = await context.newPage();
    await whole.goto(server.url("pages/blank.html"));
    expect(await withBackend(whole, server, async ({ backend }) => [(await backend.get({ namespace: "n", bucket: "b" }, ["k"]))[0], await backend.usage("n")], undefined)).toEqual([undefined, { bytes: 0, entries: 0 }]);
    await withBackend(whole, server, ({ backend }) => backend.update({ namespace: "n", bucket: "b" }, ["k"], () => [new Uint8Array([1])]), undefined);
  });
}

test("a database that another tab deletes is made anew", async ({ page, server, context }) => {
  const place = { namespace: "n", bucket: "b" };
  const set: Work<typeof place> = ({ backend }, given) => backend.update(given, ["k"], () => [new Uint8Array([1])]);
  await withBackend(page, server, set, place);
  const other = await context.newPage();
  await other.goto(server.url("pages/blank.html"));
  await other.evaluate(() => new Promise((resolve, reject) => {
    const request = indexedDB.deleteDatabase("portcullis-keyvalue");
    request.onsuccess = resolve;
    request.onblocked = () => reject(new Error("blocked"));
  }));
  expect(await withBackend(page, server, async ({ backend }, given) => (await backend.get(given, ["k"]))[0], place)).toBeUndefined();
  await withBackend(page, server, set, place);
  expect(await withBackend(page, server, ({ backend }) => backend.usage("n"), undefined)).toEqual({ bytes: 3, entries: 1 });
});
