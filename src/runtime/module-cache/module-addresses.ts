/** The one Cache Storage cache that modules are kept in, and answered from. */
export const MODULES = "portcullis-modules";
/** Under the same addresses: how large each is, and when it was last used. Apart, since writing an entry again costs it its compiled code. */
export const USAGE = "portcullis-modules-usage";

const FOLDER = ".portcullis/modules/";
const NAME = /^(?:served|[0-9a-f]{64}\.wasm)$/;

/** Where the module with this digest is below a service worker's scope. */
export function moduleUrl(scope: string, sha256: string): string {
  return new URL(`${FOLDER}${sha256}.wasm`, scope).href;
}

/** Answered by any service worker that serves modules, so that nothing is kept for one that does not. */
export function probeUrl(scope: string): string {
  return new URL(`${FOLDER}served`, scope).href;
}

/** Which of the addresses below `scope` this is: the probe's, a module's or none. */
export function addressKind(url: string, scope: string): "probe" | "module" | undefined {
  const folder = new URL(FOLDER, scope).href;
  const name = url.startsWith(folder) ? url.slice(folder.length) : "";
  if (!NAME.test(name)) return undefined;
  return name === "served" ? "probe" : "module";
}
