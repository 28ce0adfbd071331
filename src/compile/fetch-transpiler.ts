import { PluginError } from "../errors/plugin-error.js";
import type { TranspilerAssets } from "./transpiler-assets.js";

/** The transpiler's two core modules: compiled, or as bytes for a realm that takes no compiled ones. */
export interface TranspilerModules<Form extends WebAssembly.Module | Uint8Array> {
  readonly core: Form;
  readonly core2: Form;
}

/** Text of the worker's script. Fetched once per page; a failure is not remembered, nor a script that did not work. */
export const fetchTranspilerScript = oncePerPlace(async ({ worker }: TranspilerAssets, signal): Promise<string> => {
  const response = await fetchFile(worker, signal);
  return response.text();
});

/** The core modules, fetched and compiled once per page; a failure is not remembered. */
export const fetchTranspilerModules = oncePerPlace(
  async ({ core, core2 }: TranspilerAssets, signal): Promise<TranspilerModules<WebAssembly.Module>> => {
    const [one, two] = await Promise.all([compile(core, signal), compile(core2, signal)]);
    return { core: one, core2: two };
  },
);

/** The core modules' bytes. Not kept: 3.5 MB that only a fallback needs. */
export async function fetchTranspilerBytes({ core, core2 }: TranspilerAssets, signal?: AbortSignal): Promise<TranspilerModules<Uint8Array>> {
  const [one, two] = await Promise.all([fetchBytes(core, signal), fetchBytes(core2, signal)]);
  return { core: one, core2: two };
}

interface Fetching<Value> {
  readonly value: Promise<Value>;
  readonly controller: AbortController;
  /** How many wait for it. */
  waiting: number;
  settled: boolean;
}

interface FetchOnce<Value> {
  (assets: TranspilerAssets, signal?: AbortSignal): Promise<Value>;
  /** The next who asks gets it fetched again. */
  forget(assets: TranspilerAssets): void;
}

/** Fetches once for all who ask. A request that everyone has given up is aborted and not waited for again. */
function oncePerPlace<Value>(load: (assets: TranspilerAssets, signal: AbortSignal) => Promise<Value>): FetchOnce<Value> {
  const known = new Map<string, Fetching<Value>>();
  const placeOf = ({ worker, core, core2 }: TranspilerAssets): string => `${worker} ${core} ${core2}`;
  const fetchOnce = (assets: TranspilerAssets, signal?: AbortSignal): Promise<Value> => {
    const place = placeOf(assets);
    const forget = (fetching: Fetching<Value>): unknown => known.get(place) === fetching && known.delete(place);
    const begin = (): Fetching<Value> => {
      const controller = new AbortController();
      const begun: Fetching<Value> = { value: load(assets, controller.signal), controller, waiting: 0, settled: false };
      known.set(place, begun);
      begun.value.then(() => (begun.settled = true), () => forget(begun));
      return begun;
    };
    const fetching = known.get(place) ?? begin();
    fetching.waiting += 1;
    const leave = (): void => {
      fetching.waiting -= 1;
      if (fetching.waiting > 0 || fetching.settled) return;
      forget(fetching);
      fetching.controller.abort();
    };
    signal?.addEventListener("abort", leave, { once: true });
    if (signal?.aborted === true) leave();
    return fetching.value;
  };
  return Object.assign(fetchOnce, { forget: (assets: TranspilerAssets) => void known.delete(placeOf(assets)) });
}

async function compile(url: URL, signal: AbortSignal): Promise<WebAssembly.Module> {
  const response = await fetchFile(url, signal);
  try {
    // Streaming keeps the optimised code across page loads, but insists on the type `application/wasm`,
    // which not every file server sends.
    if (response.headers.get("content-type")?.split(";")[0]?.trim() === "application/wasm") {
      return await WebAssembly.compileStreaming(response);
    }
    return await WebAssembly.compile(await response.arrayBuffer());
  } catch (cause) {
    throw new PluginError({
      code: "compile-failed",
      stage: "transpile",
      message: `Cannot start the transpiler: ${url} is not the WebAssembly module that belongs there. Serve the files of this package's transpiler folder unchanged`,
      cause,
    });
  }
}

async function fetchBytes(url: URL, signal: AbortSignal | undefined): Promise<Uint8Array> {
  const response = await fetchFile(url, signal);
  return new Uint8Array(await response.arrayBuffer());
}

async function fetchFile(url: URL, signal: AbortSignal | undefined): Promise<Response> {
  const response = await fetch(url, signal === undefined ? {} : { signal }).catch((cause: unknown) => {
    throw unreachable(url, "the request failed", cause);
  });
  if (!response.ok) throw unreachable(url, `the server answered ${response.status}`);
  return response;
}

function unreachable(url: URL, found: string, cause?: unknown): PluginError {
  return new PluginError({
    code: "source-unreachable",
    stage: "transpile",
    message: `Cannot fetch the transpiler's file ${url}: ${found}. Serve the files of this package's transpiler folder, or say where they are with the option transpilerUrl`,
    cause,
  });
}
