import { InterfaceError } from "../../../src/broker/call-errors.js";
import { type KeyValueBackend, keyValueIdentity } from "../../../src/broker/keyvalue/backend.js";
import { createKeyValueBroker } from "../../../src/broker/keyvalue/keyvalue-broker.js";
import { memoryKeyValue } from "../../../src/broker/keyvalue/memory-keyvalue.js";
import { fromUtf8, toUtf8 } from "../../../src/bytes/utf8.js";
import type { PluginLimits } from "../../../src/limits/plugin-limits.js";
import { perform, testInstance, type TestInstance } from "../broker/broker-context.js";

export const IDENTITY = keyValueIdentity("acme.test", "publisher");

/** A plugin's wasi:keyvalue, from its calls to the backend. */
export interface Store {
  readonly instance: TestInstance;
  call(operation: string, ...values: readonly unknown[]): Promise<unknown>;
  /** What a call's error result is. */
  error(operation: string, ...values: readonly unknown[]): Promise<unknown>;
  set(key: string, value: string, bucket?: string): Promise<unknown>;
  get(key: string, bucket?: string): Promise<string | undefined>;
}

export function store(backend: KeyValueBackend = memoryKeyValue(), grant = "keyvalue", limits: Partial<PluginLimits> = {}, identity = IDENTITY): Store {
  const instance = testInstance([grant], limits);
  const { operations } = createKeyValueBroker(instance.context, backend, identity);
  const call = (operation: string, ...values: readonly unknown[]) => perform(operations, `keyvalue.${operation}`, values);
  return {
    instance,
    call,
    error: (operation, ...values) => call(operation, ...values).then((value) => ({ "it answered": value }), (error: unknown) => (error instanceof InterfaceError ? error.payload : error)),
    set: (key, value, bucket = "") => call("set", bucket, key, toUtf8(value)),
    async get(key, bucket = "") {
      const value = await call("get", bucket, key);
      return value instanceof Uint8Array ? fromUtf8(value) : undefined;
    },
  };
}
