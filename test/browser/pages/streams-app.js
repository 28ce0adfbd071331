/* An app that implements probe:streams/sources with every kind of thing that can be iterated. */
import { hostInterface, ResultError } from "../dist/index.js";

/** What happened to sources, in order. */
export const log = [];

/** Counts up, and logs how it is left. `at` says what happens where. */
export async function* counting(count, at = {}) {
  try {
    for (let number = 0; number < count; number += 1) {
      log.push(`make ${number}`);
      if (at.error === number) throw new ResultError("the source's own error");
      if (at.throws === number) throw new Error("the secret of the app");
      if (at.hangs === number) await new Promise(() => undefined);
      yield at.wrong === number ? "no number" : at.nothing === number ? undefined : number;
    }
  } finally {
    log.push("left");
  }
}

export function readableNumbers(count) {
  let number = 0;
  return new ReadableStream({
    pull(controller) {
      if (number === count) return controller.close();
      log.push(`make ${number}`);
      controller.enqueue(number);
      number += 1;
    },
    cancel: () => void log.push("cancelled"),
  }, { highWaterMark: 0 });
}

/** `total` bytes in chunks of `size`. */
export async function* bytes(total, size, error) {
  for (let left = total; left > 0; left -= size) yield new Uint8Array(Math.min(left, size));
  if (error !== undefined) throw error;
}

/** Implements the resource by its methods, and logs its end. */
export class Meter {
  constructor(count) {
    this.count = count;
    this.given = 0;
  }
  next() {
    if (this.given === this.count) return undefined;
    this.given += 1;
    return this.given;
  }
  total() {
    return this.given;
  }
  [Symbol.dispose]() {
    log.push("disposed");
  }
}

const numbers = {
  array: () => [1, 2, 3],
  set: () => new Set([4, 5]),
  generator: () => counting(5),
  endless: () => counting(Infinity),
  readable: () => readableNumbers(5),
  object: () => new Meter(3),
  error: () => counting(5, { error: 2 }),
  throws: () => counting(5, { throws: 2 }),
  hangs: () => counting(5, { hangs: 2 }),
  wrong: () => counting(5, { wrong: 2 }),
  nothing: () => counting(5, { nothing: 2 }),
  broken: () => ({ [Symbol.asyncIterator]: () => ({ next: () => 5 }) }),
  unusable: () => ({}),
};

const chunks = {
  error: () => bytes(20, 10, new ResultError("the disk is gone")),
  throws: () => bytes(20, 10, new Error("the secret of the app")),
  readable: () => new Blob([new Uint8Array(100_000)]).stream(),
};

export function createSources(portcullis, { world }) {
  const implementation = {
    openNumbers: (name) => numbers[name](),
    openChunks: (name) => {
      if (!Object.hasOwn(chunks, name)) throw new ResultError(`no chunks ${name}`);
      return chunks[name]();
    },
    openMeter: () => new Meter(4),
  };
  const descriptor = portcullis.defineHostInterface({ name: "probe:streams/sources@1.0.0", world });
  return { imports: [hostInterface(descriptor, implementation, { documentation: "Read streams", timeoutMs: 300 })] };
}
