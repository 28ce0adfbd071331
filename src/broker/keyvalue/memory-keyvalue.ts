import type { KeyValueBackend, KeyValueBucket, KeyValueUsage } from "./backend.js";
import { usageAfter } from "./quota.js";

interface Namespace {
  readonly buckets: Map<string, Map<string, Uint8Array>>;
  usage: KeyValueUsage;
}

const NOTHING: KeyValueUsage = { bytes: 0, entries: 0 };

/**
 * Keeps plugins' data in this page's memory: for tests, and for apps that want nothing kept. Instances share what was
 * stored through the same object.
 *
 * @example
 * new PluginHost({ provide: { keyvalue: memoryKeyValue() }, … });
 */
export function memoryKeyValue(): KeyValueBackend {
  const namespaces = new Map<string, Namespace>();
  const bucketOf = ({ namespace, bucket }: KeyValueBucket) => namespaces.get(namespace)?.buckets.get(bucket);
  return {
    async get(bucket, keys) {
      return keys.map((key) => bucketOf(bucket)?.get(key)?.slice());
    },
    async keys(bucket, after, most) {
      const all = [...(bucketOf(bucket)?.keys() ?? [])].filter((key) => after === undefined || key > after);
      // Without a comparison function: by code units, as the interface wants.
      return all.sort().slice(0, most);
    },
    async update(place, keys, change) {
      const namespace = namespaces.get(place.namespace) ?? { buckets: new Map<string, Map<string, Uint8Array>>(), usage: NOTHING };
      const bucket = namespace.buckets.get(place.bucket) ?? new Map<string, Uint8Array>();
      const before = keys.map((key) => bucket.get(key)?.slice());
      const after = change(before, namespace.usage).map((value) => value?.slice());
      namespace.usage = usageAfter(namespace.usage, place.bucket, keys, before, after);
      for (const [index, key] of keys.entries()) {
        const value = after[index];
        if (value === undefined) bucket.delete(key);
        else bucket.set(key, value);
      }
      if (bucket.size > 0) namespace.buckets.set(place.bucket, bucket);
      else namespace.buckets.delete(place.bucket);
      namespaces.set(place.namespace, namespace);
    },
    async usage(namespace) {
      return namespaces.get(namespace)?.usage ?? NOTHING;
    },
    async forget(namespace) {
      namespaces.delete(namespace);
    },
  };
}
