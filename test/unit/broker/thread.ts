/** Runs TypeScript in a thread of Node: the side of a plugin's worker whose thread waits. */
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { build } from "vite";

const built = new Map<string, Promise<string>>();

/** @param entry - a file's URL; it is bundled with what it imports. */
export async function startThread(entry: URL, workerData: unknown): Promise<Worker> {
  let code = built.get(entry.href);
  if (code === undefined) built.set(entry.href, (code = bundle(fileURLToPath(entry))));
  return new Worker(new URL(`data:text/javascript,${encodeURIComponent(await code)}`), { workerData });
}

async function bundle(entry: string): Promise<string> {
  const output = await build({ configFile: false, logLevel: "silent", build: { ssr: entry, write: false, target: "node20" }, ssr: { noExternal: true } });
  const [chunk] = "output" in output ? output.output : [];
  if (chunk?.type !== "chunk") throw new Error(`${entry} cannot be bundled`);
  return chunk.code;
}
