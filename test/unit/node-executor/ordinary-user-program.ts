/** What `ordinary-user.test.ts` runs as a user who is not root: one executor for each isolation, and what is left after each attack. */
import { readdirSync, readFileSync } from "node:fs";
import { createLocalExecutor } from "../../../src/node/executor/local-executor.js";
import { ATTACK, catalogueOf, makePlugin } from "./plugin-fixture.js";

export interface AttackResult {
  readonly isolation: string;
  readonly attack: string;
  /** The answer, or the error's code and message. */
  readonly outcome: string;
  /** Processes of this user that are left. */
  readonly left: readonly string[];
}

const [runner = "", folder = "", isolation = "", ...attacks] = process.argv.slice(2);
const MEBIBYTE = 1024 * 1024;

function textValue(text: string): Uint8Array {
  const content = new TextEncoder().encode(text);
  const bytes = new Uint8Array(8 + content.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(content.length), true);
  bytes.set(content, 8);
  return bytes;
}

function ownProcesses(): readonly string[] {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid).flatMap((pid) => {
    try {
      const status = readFileSync(`/proc/${pid}/status`, "latin1");
      const isOwn = Number(/^Uid:\s+(\d+)/m.exec(status)?.[1]) === process.geteuid?.() && !/^State:\s+[ZX]/m.test(status);
      return isOwn ? [`${pid} ${readFileSync(`/proc/${pid}/cmdline`, "latin1").replaceAll("\0", " ")}`] : [];
    } catch {
      return [];
    }
  });
}

const plugin = await makePlugin();
const executor = createLocalExecutor({
  catalogue: catalogueOf(plugin), isolation: isolation === "required" ? "required" : "none", warm: { perPlugin: 0 }, folder,
  limits: { memoryBytes: 64 * MEBIBYTE, messageBytes: MEBIBYTE, diskBytes: 8 * MEBIBYTE, diskFiles: 500, processes: 24 },
  runtimes: { python: "/usr/bin/python3", pythonRunner: runner, nativeHost: runner },
});
const order = { id: "acme.attack", version: "1.0.0", manifestSha256: plugin.manifestSha256, grants: [], config: undefined, limits: { instantiateMilliseconds: 30_000, callMilliseconds: 30_000, memoryBytes: 64 * MEBIBYTE, messageBytes: MEBIBYTE, logBytes: 1000 } };
for (const attack of attacks) {
  const instance = await executor.start(order, { onEvent: () => {}, onHostCall: () => {}, onEnded: () => {} }, new AbortController().signal);
  const outcome = await instance.call(`${ATTACK}#run`, textValue(attack), 20_000).then(
    (answer) => ("bytes" in answer ? new TextDecoder().decode(answer.bytes.subarray(8)) : answer.message),
    (error: unknown) => String(error),
  );
  await instance.end();
  const result: AttackResult = { isolation, attack, outcome, left: ownProcesses() };
  process.stdout.write(`${JSON.stringify(result)}\n`);
}
await executor.close();
