import { PluginError } from "../errors/plugin-error.js";
import type { TranspilerAssets } from "./transpiler-assets.js";

/** The transpiler's two core modules: compiled, or as bytes for a realm that takes no compiled ones. */
export interface TranspilerModules<Form extends WebAssembly.Module | Uint8Array> {
  readonly core: Form;
  readonly core2: Form;
}

/** Text of the worker's script. Fetched once per page; a failure is not remembered. */
export const fetchTranspilerScript = oncePerPlace(async ({ worker }: TranspilerAssets): Promise<string> => {
  const response = await fetchFile(worker);
  return response.text();
});

/** The core modules, fetched and compiled once per page; a failure is not remembered. */
export const fetchTranspilerModules = oncePerPlace(
  async ({ core, core2 }: TranspilerAssets): Promise<TranspilerModules<WebAssembly.Module>> => {
    const [one, two] = await Promise.all([compile(core), compile(core2)]);
    return { core: one, core2: two };
  },
);

/** The core modules' bytes. Not kept: 3.5 MB that only a fallback needs. */
export async function fetchTranspilerBytes({ core, core2 }: TranspilerAssets): Promise<TranspilerModules<Uint8Array>> {
  const [one, two] = await Promise.all([fetchBytes(core), fetchBytes(core2)]);
  return { core: one, core2: two };
}

function oncePerPlace<Value>(
  load: (assets: TranspilerAssets) => Promise<Value>,
): (assets: TranspilerAssets) => Promise<Value> {
  const loaded = new Map<string, Promise<Value>>();
  return (assets) => {
    const place = `${assets.worker} ${assets.core} ${assets.core2}`;
    const known = loaded.get(place);
    if (known !== undefined) return known;
    const loading = load(assets);
    loaded.set(place, loading);
    loading.catch(() => loaded.delete(place));
    return loading;
  };
}

async function compile(url: URL): Promise<WebAssembly.Module> {
  const response = await fetchFile(url);
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

async function fetchBytes(url: URL): Promise<Uint8Array> {
  const response = await fetchFile(url);
  return new Uint8Array(await response.arrayBuffer());
}

async function fetchFile(url: URL): Promise<Response> {
  const response = await fetch(url).catch((cause: unknown) => {
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
