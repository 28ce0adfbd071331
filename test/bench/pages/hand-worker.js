/* Instantiates jco's output, streaming its core modules, and answers calls of `add`. */
const query = new URL(location.href).searchParams;
const folder = new URL(`./${query.get("component")}/`, location.href);
const interfaceName = "bench:echo/echo@1.0.0";

async function instance() {
  const [{ instantiate }, imports] = await Promise.all([import(new URL("plugin.js", folder)), query.has("wasi") ? wasiImports() : {}]);
  return instantiate((name) => WebAssembly.compileStreaming(fetch(new URL(name, folder))), imports);
}

async function wasiImports() {
  const { WASIShim } = await import("./wasi-shim.js");
  return new WASIShim().getImportObject();
}

try {
  const exports = (await instance())[interfaceName];
  self.onmessage = ({ data: { id, values } }) => postMessage({ id, value: exports.add(...values) });
  postMessage({ ready: true });
} catch (error) {
  postMessage({ error: String(error.stack) });
}
