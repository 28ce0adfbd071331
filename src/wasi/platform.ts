/*
 * What the import implementations use of the platform, captured when the runtime loads: the worker's globals
 * are gone by the time a plugin calls.
 */

/** Milliseconds of a clock that never goes back. */
export const monotonicNow: () => number = performance.now.bind(performance);

/** Fills a typed array with random bytes from the platform's generator. */
export const fillRandom: <Bytes extends Uint8Array | BigUint64Array>(bytes: Bytes) => Bytes = crypto.getRandomValues.bind(crypto) as never;

const PlatformTextDecoder = TextDecoder;

/** A decoder for output meant for people: malformed text is replaced, where the glue's own decoder refuses it. */
export function createOutputDecoder(): TextDecoder {
  return new PlatformTextDecoder();
}
