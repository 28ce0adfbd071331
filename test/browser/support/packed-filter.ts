/** A filter of the bridge, called without a page: with what no slider can be set to. */
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { ROOT } from "../../../demo/command/paths.mjs";
import { decodeBincode } from "../../../src/bincode/decode-bincode.js";
import { encodeBincode } from "../../../src/bincode/encode-bincode.js";
import { DEFAULT_LIMITS } from "../../../src/limits/plugin-limits.js";
import { parseManifest } from "../../../src/package/parse-manifest.js";
import { type BridgeFunction, bridgeFunctions } from "../../../src/runtime/bridge/bridge-functions.js";

const VERSION = "1.0.0";
const INTERFACE = "darkroom:filters/filter@1.0.0";

export interface FilterAnswer {
  readonly kind: string;
  readonly value: unknown;
}

/**
 * Starts a filter as the bridge does, and gives what calls it to `work`.
 *
 * @param cache - the demo's folder.
 */
export async function withPackedFilter(cache: string, id: string, work: (apply: (image: unknown, settings: unknown) => Promise<FilterAnswer>) => Promise<void>): Promise<void> {
  const { createBridge, createLocalExecutor, trustKeys } = await import("portcullis/node");
  const [name = ""] = await readdir(join(ROOT, cache, "public/plugins"));
  const plugins = join(ROOT, cache, "public/plugins", name);
  const manifest = await readFile(join(plugins, id, VERSION, "manifest.json"));
  const apply = bridgeFunctions(parseManifest(manifest, DEFAULT_LIMITS).world, parseManifest(manifest, DEFAULT_LIMITS).world.exports).get(`${INTERFACE}#apply`);
  if (apply === undefined) throw new Error(`${id} has no function apply`);
  let executor: ReturnType<typeof createLocalExecutor> | undefined;
  const bridge = await createBridge({
    plugins, trust: trustKeys([(await readFile(join(ROOT, cache, "publisher.pub"), "utf8")).trim()]), origins: [], authenticate: () => Promise.resolve(undefined),
    executor: (catalogue) => (executor = createLocalExecutor({ catalogue })),
  });
  try {
    const { instantiateMilliseconds, callMilliseconds, memoryBytes, messageBytes, logBytes } = DEFAULT_LIMITS;
    const order = {
      id, version: VERSION, manifestSha256: createHash("sha256").update(manifest).digest("hex"), grants: [], config: undefined,
      limits: { instantiateMilliseconds, callMilliseconds, memoryBytes, messageBytes, logBytes },
    };
    const instance = await executor?.start(order, { onHostCall: () => undefined, onEvent: () => undefined, onEnded: () => undefined }, new AbortController().signal);
    await work(async (image, settings) => {
      const outcome = await instance?.call(apply.target, encodeBincode(apply.arguments, [image, settings]), callMilliseconds);
      return answerOf(outcome, apply);
    });
  } finally {
    await bridge.close();
  }
}

function answerOf(outcome: { readonly kind: string; readonly bytes?: Uint8Array; readonly message?: string } | undefined, { ok, err }: BridgeFunction): FilterAnswer {
  const type = outcome?.kind === "ok" ? ok : err;
  const isValue = outcome?.bytes !== undefined && type !== null;
  return { kind: outcome?.kind ?? "not started", value: isValue ? decodeBincode(type, outcome.bytes ?? new Uint8Array(), "the answer") : outcome?.message };
}
