/** Starts `executor-script.ts` in processes of their own. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { build } from "vite";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const SCRIPT = join(ROOT, ".cache/executor-script/executor-script.mjs");

let bundled: Promise<void> | undefined;

export interface ExecutorProcess {
  readonly pid: number;
  /** Kills it, as a machine that is gone. */
  kill(): Promise<void>;
}

export async function startExecutorProcess(server: string): Promise<ExecutorProcess> {
  await (bundled ??= bundleScript());
  const child = spawn(process.execPath, [SCRIPT, server], { stdio: ["ignore", "pipe", "inherit"] });
  const exited = once(child, "exit");
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    await exited;
  };
  onTestFinished(kill);
  await Promise.race([once(child.stdout, "data"), exited.then(() => Promise.reject(new Error("the executor ended before it was ready")))]);
  return { pid: child.pid ?? 0, kill };
}

/** Node does not run TypeScript. */
async function bundleScript(): Promise<void> {
  const result = await build({
    configFile: false, root: ROOT, logLevel: "warn",
    ssr: { noExternal: true },
    build: { ssr: join(ROOT, "test/unit/node-bridge/executor-script.ts"), write: false, target: "node20", rolldownOptions: { output: { codeSplitting: false } } },
  });
  const [chunk] = Array.isArray(result) ? [] : "output" in result ? result.output : [];
  if (chunk?.type !== "chunk") throw new Error("The script became no script");
  await mkdir(join(SCRIPT, ".."), { recursive: true });
  // Several test files may make it at once.
  await writeFile(`${SCRIPT}.${process.pid}`, chunk.code);
  await rename(`${SCRIPT}.${process.pid}`, SCRIPT);
}
