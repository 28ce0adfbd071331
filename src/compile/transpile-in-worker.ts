import type { World } from "../component/world.js";
import { isPluginError, PluginError } from "../errors/plugin-error.js";
import type { CompileTarget } from "./compile-key.js";
import { fetchTranspilerBytes, fetchTranspilerModules, fetchTranspilerScript } from "./fetch-transpiler.js";
import type { TranspiledComponent } from "./transpile-component.js";
import { parseTranspileResponse, type TranspileRequest } from "./transpile-messages.js";
import type { TranspilerAssets } from "./transpiler-assets.js";

export { transpilerAssets } from "./transpiler-assets.js";

/** A worker in a locked realm, as far as transpiling needs one. */
export interface DisposableWorker {
  /** Whether a compiled `WebAssembly.Module` can be posted to it. Where not, it is given bytes. */
  readonly takesModules: boolean;
  postMessage(message: unknown, transfer?: Transferable[]): void;
  onMessage(listener: (message: unknown) => void): void;
  onFailure(listener: (error: Error) => void): void;
  terminate(): void;
}

export interface TranspileInWorkerOptions {
  /** Starts a worker whose one script, a classic one, is `script`. */
  readonly startWorker: (script: string) => Promise<DisposableWorker>;
  readonly assets: TranspilerAssets;
  readonly component: Uint8Array;
  /** What the component reader decoded from `component`. */
  readonly world: World;
  readonly target: CompileTarget;
  readonly signal?: AbortSignal | undefined;
  /** For starting the worker, and again for transpiling; not for fetching the transpiler. Default: 30 000. */
  readonly timeoutMilliseconds?: number;
}

/**
 * Transpiles a component in a worker of its own, which is thrown away afterwards: a component that makes
 * the transpiler trap, hang or fill its memory takes nothing else with it.
 *
 * @throws {PluginError} `transpile-failed`, `component-invalid` or `target-unsupported` as
 * `transpileComponent`; `timeout`; `aborted`; `source-unreachable` if the transpiler cannot be fetched.
 */
export async function transpileInWorker(options: TranspileInWorkerOptions): Promise<TranspiledComponent> {
  const { startWorker, assets, component, world, target, signal, timeoutMilliseconds = 30_000 } = options;
  const ending = endOf(signal);
  const givenUp = new AbortController();
  try {
    // Begun before the worker needs them. Who waits for them, or why nobody does, is decided below.
    const modules = fetchTranspilerModules(assets, AbortSignal.any(signal === undefined ? [givenUp.signal] : [signal, givenUp.signal]));
    modules.catch(() => undefined);
    const script = await ending.race(fetchTranspilerScript(assets, signal));
    const worker = await startedWorker(startWorker, script, ending, timeoutMilliseconds);
    try {
      const answer = answerOf(worker);
      const tool = await ending.race(worker.takesModules ? modules : fetchTranspilerBytes(assets, signal));
      ending.startTimeout(timeoutMilliseconds);
      // Copied, not transferred: the caller keeps the component.
      worker.postMessage({ ...tool, component, world, target } satisfies TranspileRequest);
      return parseTranspileResponse(await ending.race(answer));
    } finally {
      worker.terminate();
    }
  } catch (error) {
    // Or the next load would wait for a download that belongs to this failure.
    givenUp.abort();
    if (isPluginError(error)) throw error;
    // What was served as its script may have been something else: a login page, or an app's page for every address.
    fetchTranspilerScript.forget(assets);
    throw workerFailure(error);
  } finally {
    ending.clear();
  }
}

async function startedWorker(
  startWorker: TranspileInWorkerOptions["startWorker"],
  script: string,
  ending: Ending,
  timeoutMilliseconds: number,
): Promise<DisposableWorker> {
  ending.startTimeout(timeoutMilliseconds);
  const starting = startWorker(script);
  try {
    return await ending.race(starting);
  } catch (error) {
    // A worker that starts after all is ended too.
    starting.then((late) => late.terminate(), () => undefined);
    throw error;
  } finally {
    ending.clearTimeout();
  }
}

/** Its first message, or its failure. To be asked for before anything is awaited, or an early failure is missed. */
function answerOf(worker: DisposableWorker): Promise<unknown> {
  const answer = new Promise((resolve, reject) => {
    worker.onMessage(resolve);
    worker.onFailure(reject);
  });
  // It may fail while nobody waits for it yet.
  answer.catch(() => undefined);
  return answer;
}

interface Ending {
  /** The result of `work`, unless the end comes first. */
  race<Value>(work: Promise<Value>): Promise<Value>;
  startTimeout(milliseconds: number): void;
  clearTimeout(): void;
  clear(): void;
}

/** What ends the work early: `signal`, or a time that is over. */
function endOf(signal: AbortSignal | undefined): Ending {
  let reject: (error: PluginError) => void = () => undefined;
  const end = new Promise<never>((_resolve, rejectEnd) => {
    reject = rejectEnd;
  });
  // It is raced several times, and may come when nobody waits.
  end.catch(() => undefined);
  const abort = (): void => reject(failure("aborted", "the load was aborted", signal?.reason));
  if (signal?.aborted === true) abort();
  signal?.addEventListener("abort", abort, { once: true });
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stopTimer = (): void => clearTimeout(timer);
  return {
    race: (work) => Promise.race([work, end]),
    startTimeout: (milliseconds) => {
      stopTimer();
      timer = setTimeout(() => reject(failure("timeout", `it took longer than ${milliseconds} ms`)), milliseconds);
    },
    clearTimeout: stopTimer,
    clear: () => {
      stopTimer();
      signal?.removeEventListener("abort", abort);
    },
  };
}

function workerFailure(error: unknown): PluginError {
  const found = error instanceof Error ? error.message : String(error);
  return failure("transpile-failed", `the transpiler's worker failed: ${found}`, error);
}

function failure(code: "aborted" | "timeout" | "transpile-failed", found: string, cause?: unknown): PluginError {
  return new PluginError({ code, stage: "transpile", message: `Cannot transpile the component: ${found}`, cause });
}
