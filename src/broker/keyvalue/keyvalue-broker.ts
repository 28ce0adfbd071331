import { quotedText } from "../../bytes/quoted-text.js";
import type { Broker, BrokerContext, HostOperation } from "../broker.js";
import { isByteArray } from "../byte-array.js";
import { InterfaceError, MalformedCall } from "../call-errors.js";
import type { KeyValueBackend, KeyValueBucket } from "./backend.js";
import { isBucketName, parseBytes, parseKey, parseKeys, parsePairs, parseText } from "./call-values.js";
import { incremented, parseIncrement } from "./increment.js";
import { checkQuota, grantedQuota, otherError, usageAfter } from "./quota.js";

// Keys that one answer lists. With the longest keys it has half a mebibyte.
const PAGE_KEYS = 500;

/**
 * wasi:keyvalue on the page, for one instance.
 *
 * A bucket is a name within the plugin's own namespace, and every call says it again: nothing is kept here between
 * calls, so that there is no handle to forge, to exhaust or to outlive its grant.
 *
 * @param identity - whose data it is: {@link keyValueIdentity}.
 */
export function createKeyValueBroker(context: BrokerContext, backend: KeyValueBackend, identity: string): Broker {
  return { operations: new KeyValueCalls(context, backend, identity).operations() };
}

type Perform = (bucket: KeyValueBucket, values: readonly unknown[], quota: number) => Promise<unknown>;

class KeyValueCalls {
  readonly #context: BrokerContext;
  readonly #backend: KeyValueBackend;
  readonly #identity: string;

  constructor(context: BrokerContext, backend: KeyValueBackend, identity: string) {
    this.#context = context;
    this.#backend = backend;
    this.#identity = identity;
  }

  operations(): ReadonlyMap<string, HostOperation> {
    const rows: readonly (readonly [operation: string, imported: string, perform: Perform])[] = [
      ["keyvalue.open", "store#open", async () => undefined],
      ["keyvalue.get", "store#[method]bucket.get", async (bucket, [key]) => this.#read(bucket, parseKey(key))],
      ["keyvalue.set", "store#[method]bucket.set", (bucket, [key, value], quota) => this.#write(bucket, new Map([[parseKey(key), parseBytes(value)]]), quota)],
      ["keyvalue.delete", "store#[method]bucket.delete", (bucket, [key], quota) => this.#write(bucket, new Map([[parseKey(key), undefined]]), quota)],
      ["keyvalue.exists", "store#[method]bucket.exists", async (bucket, [key]) => (await this.#read(bucket, parseKey(key))) !== undefined],
      ["keyvalue.list-keys", "store#[method]bucket.list-keys", (bucket, [after]) => this.#list(bucket, after === undefined ? undefined : parseKey(after))],
      ["keyvalue.get-many", "batch#get-many", (bucket, [keys]) => this.#readMany(bucket, parseKeys(keys))],
      ["keyvalue.set-many", "batch#set-many", (bucket, [pairs], quota) => this.#write(bucket, parsePairs(pairs), quota)],
      ["keyvalue.delete-many", "batch#delete-many", (bucket, [keys], quota) => this.#write(bucket, new Map(parseKeys(keys).map((key) => [key, undefined])), quota)],
      ["keyvalue.increment", "atomics#increment", (bucket, values, quota) => this.#increment(bucket, values, quota)],
      ["keyvalue.swap", "atomics#swap", (bucket, values, quota) => this.#swap(bucket, values, quota)],
    ];
    return new Map(rows.map(([operation, imported, perform]) => [operation, this.#checked(`wasi:keyvalue/${imported}`, perform)]));
  }

  /** Does a call of something that is granted now, in a bucket that can be. */
  #checked(imported: string, perform: Perform): HostOperation {
    const { grants, limits, deny, reportFailure } = this.#context;
    return async ([bucketName, ...values]) => {
      const bucket = parseText(bucketName);
      const quota = grantedQuota(grants, limits);
      if (quota === undefined) {
        deny({ capability: "keyvalue", function: imported, summary: `bucket ${quotedText(bucket)}` });
        throw new InterfaceError({ tag: "access-denied" });
      }
      if (!isBucketName(bucket)) throw new InterfaceError({ tag: "no-such-store" });
      try {
        return await perform({ namespace: this.#identity, bucket }, values, quota);
      } catch (error) {
        if (error instanceof InterfaceError || error instanceof MalformedCall) throw error;
        reportFailure(error);
        throw otherError(failureText(error));
      }
    };
  }

  async #read(bucket: KeyValueBucket, key: string): Promise<Uint8Array | undefined> {
    const [value] = await this.#backend.get(bucket, [key]);
    return checkedValue(value);
  }

  async #readMany(bucket: KeyValueBucket, keys: readonly string[]): Promise<readonly (Uint8Array | undefined)[]> {
    const distinct = [...new Set(keys)];
    const values = await this.#backend.get(bucket, distinct);
    const found = new Map(distinct.map((key, index) => [key, checkedValue(values[index])]));
    const answer = keys.map((key) => found.get(key));
    // A key may be named again and again, so that an answer can have many times the quota's bytes.
    const bytes = answer.reduce((sum, value) => sum + (value?.length ?? 0), 0);
    if (bytes > this.#context.limits.messageBytes) throw otherError(`these values have ${bytes} bytes, and one answer at most ${this.#context.limits.messageBytes}: ask for fewer at once`);
    return answer;
  }

  async #list(bucket: KeyValueBucket, after: string | undefined): Promise<{ readonly keys: readonly string[]; readonly last: string | undefined }> {
    const found: readonly unknown[] = await this.#backend.keys(bucket, after, PAGE_KEYS + 1);
    const keys = found.slice(0, PAGE_KEYS).filter((key) => typeof key === "string");
    return { keys, last: found.length > PAGE_KEYS ? keys.at(-1) : undefined };
  }

  /** Writes all or nothing. `undefined` deletes. */
  async #write(bucket: KeyValueBucket, values: ReadonlyMap<string, Uint8Array | undefined>, quota: number): Promise<void> {
    await this.#change(bucket, [...values.keys()], quota, () => [...values.values()]);
  }

  async #increment(bucket: KeyValueBucket, values: readonly unknown[], quota: number): Promise<bigint> {
    const { key, delta, range } = parseIncrement(values);
    let sum = delta;
    await this.#change(bucket, [key], quota, ([old]) => {
      const result = incremented(key, old, delta, range);
      sum = result.sum;
      return [result.text];
    });
    return sum;
  }

  /**
   * Replaces a value if it is still the expected one. That another value was there in between is not seen; nothing
   * that the guest can read of the store tells the two apart.
   */
  async #swap(bucket: KeyValueBucket, [givenKey, expected, given]: readonly unknown[], quota: number): Promise<unknown> {
    const key = parseKey(givenKey);
    const value = parseBytes(given);
    const wanted = expected === undefined ? undefined : parseBytes(expected);
    let conflict: { readonly current: Uint8Array | undefined } | undefined;
    await this.#change(bucket, [key], quota, ([old]) => {
      conflict = isSame(old, wanted) ? undefined : { current: old };
      return [conflict === undefined ? value : old];
    });
    return conflict;
  }

  #change(
    bucket: KeyValueBucket,
    keys: readonly string[],
    quota: number,
    next: (values: readonly (Uint8Array | undefined)[]) => readonly (Uint8Array | undefined)[],
  ): Promise<void> {
    return this.#backend.update(bucket, keys, (stored, usage) => {
      const before = stored.map(checkedValue);
      const after = next(before);
      checkQuota(usage, usageAfter(usage, bucket.bucket, keys, before, after), quota);
      return after;
    });
  }
}

/** What an app's backend answers is not known to be bytes until it is seen. */
function checkedValue(value: unknown): Uint8Array | undefined {
  if (value === undefined || isByteArray(value)) return value;
  throw new TypeError(`the key-value backend gave a value that is no Uint8Array, but ${typeof value}`);
}

function isSame(one: Uint8Array | undefined, other: Uint8Array | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}

/** Why the store failed, as far as a plugin may learn it: a browser's or an app's own messages may name things that are not its. */
function failureText(error: unknown): string {
  const name = typeof error === "object" && error !== null && "name" in error ? error.name : undefined;
  return name === "QuotaExceededError" ? "the browser has no room left. Nothing was stored" : "the store failed";
}
