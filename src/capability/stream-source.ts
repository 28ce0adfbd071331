/**
 * What an app may give where a plugin reads a stream, which is a resource with a `next` method: anything with items. The
 * plugin pulls one item at a time. When it drops the stream before the end, the source's `return` is called, or `cancel`.
 * An object with the resource's own methods can be given as well.
 */
export type StreamSource<Item> = AsyncIterable<Item> | Iterable<Item> | ReadableStream<Item>;

/** Whether `object` is one. An object that is iterable and has a `next` of its own is read by iterating it. */
export function isStreamSource(object: object): boolean {
  return [Symbol.asyncIterator, Symbol.iterator, "getReader"].some((name) => typeof Reflect.get(object, name) === "function");
}
