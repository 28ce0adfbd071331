import { splitInterfaceName } from "../component/component-names.js";
import type { FunctionType, InterfaceShape, TypeDefinition, TypeReference, World } from "../component/world.js";
import { after, attempt, type Awaitable } from "./awaitable.js";
import { type GuestContext, type ImportImplementation, ImportError } from "./guest-context.js";
import type { HostChannel } from "./host-channel.js";
import type { ImportExtension } from "./import-table.js";

/*
 * wasi:keyvalue, given with the capability `keyvalue`. The drafts differ in a few types, and the text `0.2.0-draft2` stands
 * for several states of the second one. The component says which types it was made with, so each is served by those
 * and not by the version's name:
 *   cursors of `list-keys`: u64 or string; `increment`: u64 or s64; entries of `get-many`: option<tuple<key, value>> or
 *   tuple<key, option<value>>; `cas-failed`: cas or tuple<cas, option<value>>.
 */

/** `wasi:keyvalue/store` `bucket`. It is a name only: there is nothing on the page to free. */
class Bucket {
  readonly channel: HostChannel;
  readonly name: string;
  readonly #cursors: Cursors;

  constructor(channel: HostChannel, name: string, cursors: Cursors) {
    this.channel = channel;
    this.name = name;
    this.#cursors = cursors;
  }

  get(key: string): Awaitable<unknown> {
    return this.channel.call("keyvalue.get", [this.name, key]);
  }
  set(key: string, value: Uint8Array): Awaitable<unknown> {
    return this.channel.call("keyvalue.set", [this.name, key, value]);
  }
  delete(key: string): Awaitable<unknown> {
    return this.channel.call("keyvalue.delete", [this.name, key]);
  }
  exists(key: string): Awaitable<unknown> {
    return this.channel.call("keyvalue.exists", [this.name, key]);
  }
  listKeys(cursor: unknown): Awaitable<unknown> {
    return after(this.channel.call("keyvalue.list-keys", [this.name, this.#cursors.keyOf(cursor)]), (answer) => {
      const { keys, last } = answer as { readonly keys: readonly string[]; readonly last: string | undefined };
      return { keys, cursor: last === undefined ? undefined : this.#cursors.cursorOf(last) };
    });
  }
}

/** How a list goes on: after a key, and not at a position, so that no key is passed over when others are deleted meanwhile. */
interface Cursors {
  keyOf(cursor: unknown): string | undefined;
  cursorOf(lastKey: string): unknown;
}

const textCursors: Cursors = { keyOf: (cursor) => (typeof cursor === "string" ? cursor : undefined), cursorOf: (lastKey) => lastKey };

// Lists that one instance goes through at the same time.
const KEPT_CURSORS = 1_024;

/** Cursors that are numbers stand for keys, which are kept here. */
function numberCursors(): Cursors {
  const keys = new Map<bigint, string>();
  let next = 1n;
  return {
    keyOf(cursor) {
      if (typeof cursor !== "bigint") return undefined;
      const key = keys.get(cursor);
      if (key === undefined) throw new ImportError({ tag: "other", val: `${cursor} is no cursor that list-keys gave, or ${KEPT_CURSORS} others came after it` });
      return key;
    },
    cursorOf(lastKey) {
      const cursor = next;
      next += 1n;
      keys.set(cursor, lastKey);
      keys.delete(cursor - BigInt(KEPT_CURSORS));
      return cursor;
    },
  };
}

/** `wasi:keyvalue/atomics` `cas`: a value as it was, to be replaced if it still is. */
class Cas {
  readonly bucket: Bucket;
  readonly key: string;
  readonly value: unknown;

  constructor(bucket: Bucket, key: string, value: unknown) {
    this.bucket = bucket;
    this.key = key;
    this.value = value;
  }

  static new(bucket: Bucket, key: string): Awaitable<Cas> {
    return after(bucket.get(key), (value) => new Cas(bucket, key, value));
  }
  static newWithRead(bucket: Bucket, key: string): Awaitable<readonly [Cas, unknown]> {
    return after(Cas.new(bucket, key), (cas) => [cas, cas.value]);
  }
  current(): unknown {
    return this.value;
  }
}

function swap(cas: Cas, value: Uint8Array, answersWithValue: boolean): Awaitable<undefined> {
  const { bucket, key } = cas;
  return attempt(
    () => bucket.channel.call("keyvalue.swap", [bucket.name, key, cas.value, value]),
    (answer) => {
      if (answer === undefined) return undefined;
      const { current } = answer as { readonly current: unknown };
      const renewed = new Cas(bucket, key, current);
      throw new ImportError({ tag: "cas-failed", val: answersWithValue ? [renewed, current] : renewed });
    },
    (error) => {
      throw error instanceof ImportError ? new ImportError({ tag: "store-error", val: error.payload }) : error;
    },
  );
}

/** Implements wasi:keyvalue of every version that the component imports, by the types that it was made with. */
export const keyValueExtension: ImportExtension = (context, world) => {
  if (!context.grants.has("keyvalue")) return [];
  return world.imports.interfaces.flatMap((shape): readonly (readonly [string, ImportImplementation])[] => {
    switch (splitInterfaceName(shape.name).base) {
      case "wasi:keyvalue/store": return [[shape.name, store(context, world, shape)]];
      case "wasi:keyvalue/atomics": return [[shape.name, atomics(world, shape)]];
      case "wasi:keyvalue/batch": return [[shape.name, batch(world, shape)]];
      default: return [];
    }
  });
};

type Functions = Map<string, (...values: never[]) => unknown>;

function store({ channel }: GuestContext, world: World, shape: InterfaceShape): ImportImplementation {
  const cursor = definition(world, typeOf(shape, "[method]bucket.list-keys")?.parameters.at(-1)?.type);
  const cursors = cursor?.kind === "option" && cursor.value === "string" ? textCursors : numberCursors();
  const open = (name: string) => after(channel.call("keyvalue.open", [name]), () => new Bucket(channel, name, cursors));
  return { functions: new Map([["open", open]]), resources: new Map([["bucket", Bucket]]) };
}

function atomics(world: World, shape: InterfaceShape): ImportImplementation {
  const isSigned = typeOf(shape, "increment")?.parameters.at(-1)?.type === "s64";
  const error = definition(world, result(world, shape, "swap")?.err);
  const conflict = error?.kind === "variant" ? error.cases.find(({ name }) => name === "cas-failed") : undefined;
  const answersWithValue = definition(world, conflict?.type)?.kind === "tuple";
  const functions: Functions = new Map<string, (...values: never[]) => unknown>([
    ["increment", (bucket: Bucket, key: string, delta: bigint) => bucket.channel.call("keyvalue.increment", [bucket.name, key, delta, isSigned])],
    ["swap", (cas: Cas, value: Uint8Array) => swap(cas, value, answersWithValue)],
  ]);
  return { functions, resources: new Map([["cas", Cas]]) };
}

function batch(world: World, shape: InterfaceShape): ImportImplementation {
  const list = definition(world, result(world, shape, "get-many")?.ok);
  const namesEveryKey = list?.kind === "list" && definition(world, list.element)?.kind === "tuple";
  const functions: Functions = new Map<string, (...values: never[]) => unknown>([
    [
      "get-many",
      (bucket: Bucket, keys: readonly string[]) =>
        after(bucket.channel.call("keyvalue.get-many", [bucket.name, keys]), (values) =>
          (values as readonly unknown[]).map((value, index) => (value === undefined && !namesEveryKey ? undefined : [keys[index], value]))),
    ],
    ["set-many", (bucket: Bucket, pairs: unknown) => bucket.channel.call("keyvalue.set-many", [bucket.name, pairs])],
    ["delete-many", (bucket: Bucket, keys: unknown) => bucket.channel.call("keyvalue.delete-many", [bucket.name, keys])],
  ]);
  return { functions, resources: new Map() };
}

function typeOf(shape: InterfaceShape, name: string): FunctionType | undefined {
  return shape.functions.find((named) => named.name === name)?.type;
}

function result(world: World, shape: InterfaceShape, name: string): Extract<TypeDefinition, { kind: "result" }> | undefined {
  const found = definition(world, typeOf(shape, name)?.result);
  return found?.kind === "result" ? found : undefined;
}

function definition(world: World, type: TypeReference | null | undefined): TypeDefinition | undefined {
  return typeof type === "number" ? world.types[type] : undefined;
}
