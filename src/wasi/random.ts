import type { ImportImplementation } from "./guest-context.js";
import { fillRandom } from "./platform.js";

// `crypto.getRandomValues` gives at most this many bytes at once (WebCrypto §10.1.1).
const QUOTA = 65_536;
// A guest asks with a 64-bit length; what exceeds this is an attack on the worker's memory, not a need.
const LARGEST_REQUEST = 16 * 1024 * 1024;

function randomBytes(length: bigint): Uint8Array {
  if (length > BigInt(LARGEST_REQUEST)) {
    throw new WebAssembly.RuntimeError(`cannot give ${length} random bytes at once: the most is ${LARGEST_REQUEST}`);
  }
  const bytes = new Uint8Array(Number(length));
  for (let start = 0; start < bytes.length; start += QUOTA) fillRandom(bytes.subarray(start, start + QUOTA));
  return bytes;
}

function randomInteger(): bigint {
  const [value = 0n] = fillRandom(new BigUint64Array(1));
  return value;
}

/** wasi:random 0.2, given with the capability `random`. The "insecure" interfaces are secure here too. */
export function randomImplementations(): ReadonlyMap<string, ImportImplementation> {
  const resources = new Map();
  return new Map<string, ImportImplementation>([
    [
      "wasi:random/random",
      {
        resources,
        functions: new Map<string, (...values: never[]) => unknown>([
          ["get-random-bytes", randomBytes],
          ["get-random-u64", randomInteger],
        ]),
      },
    ],
    [
      "wasi:random/insecure",
      {
        resources,
        functions: new Map<string, (...values: never[]) => unknown>([
          ["get-insecure-random-bytes", randomBytes],
          ["get-insecure-random-u64", randomInteger],
        ]),
      },
    ],
    [
      "wasi:random/insecure-seed",
      { resources, functions: new Map([["insecure-seed", () => [randomInteger(), randomInteger()]]]) },
    ],
  ]);
}
