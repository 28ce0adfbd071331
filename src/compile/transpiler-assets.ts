/** Where the transpiler's files are: 1.2 MB compressed, fetched only when something must be transpiled. */
export interface TranspilerAssets {
  /** The worker's script, a classic script. */
  readonly worker: URL;
  readonly core: URL;
  readonly core2: URL;
}

/**
 * The transpiler's files: beside this package's own script, or in the folder `base`.
 *
 * The three URLs are written out in the form that Vite, webpack and rspack know as a reference to a file,
 * so that they copy the files and put their new names here.
 *
 * @param base address of a folder that holds `transpiler-worker.js`, `transpiler.core.wasm` and
 * `transpiler.core2.wasm`, for pages whose bundler does not copy them.
 */
export function transpilerAssets(base?: URL | string): TranspilerAssets {
  if (base !== undefined) return assetsIn(base);
  return {
    worker: new URL("./transpiler/transpiler-worker.js", import.meta.url),
    core: new URL("./transpiler/transpiler.core.wasm", import.meta.url),
    core2: new URL("./transpiler/transpiler.core2.wasm", import.meta.url),
  };
}

function assetsIn(base: URL | string): TranspilerAssets {
  const folder = String(base).endsWith("/") ? String(base) : `${base}/`;
  // A page's relative address is meant relative to the page.
  const from = new URL(folder, globalThis.location?.href);
  return {
    worker: new URL("transpiler-worker.js", from),
    core: new URL("transpiler.core.wasm", from),
    core2: new URL("transpiler.core2.wasm", from),
  };
}
