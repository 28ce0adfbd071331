/*
 * jco's own output, as a package has it, in workers that have none of our layer. They stand in the same kind of
 * sandbox (a data: worker of a frame with the same content policy), because what is compared is the layer and not
 * the place.
 */
import { fetchFile, folderOf, readManifest } from "./fixture.js";

const POLICY = "default-src 'none'; script-src 'wasm-unsafe-eval'; worker-src data:";

/** The glue and the compiled core modules by name, for `target` (without its version). */
export async function readGlue(component, target) {
  const { transpiled } = await readManifest(component);
  const output = transpiled.find(({ key }) => key.target.startsWith(target));
  const [glue, bytes] = await Promise.all([
    fetchFile(`${folderOf(component)}/${output.glue}`).then((response) => response.text()),
    fetchFile(`${folderOf(component)}/component.wasm`).then((response) => response.arrayBuffer()),
  ]);
  const modules = await Promise.all(
    output.coreModules.map(async ({ name, offset, size }) => [name, await WebAssembly.compile(bytes.slice(offset, offset + size))]),
  );
  return { glue, modules: new Map(modules) };
}

/** @returns the frame's own constructor of workers. */
export async function frameWorker() {
  const frame = document.createElement("iframe");
  frame.hidden = true;
  frame.srcdoc = `<!doctype html><meta http-equiv="Content-Security-Policy" content="${POLICY}">`;
  await new Promise((resolve) => {
    frame.onload = resolve;
    document.body.append(frame);
  });
  // As in src/runtime/worker/policy-frame.ts: workers made before the browser knows the frame's document may never start.
  await frame.contentWindow.navigator.locks.query();
  return frame.contentWindow.Worker;
}

/**
 * A script that instantiates the glue when the modules come, which are the first message; the answer to it says
 * that the instance stands.
 *
 * @param {string} imports - an expression, evaluated once `parts`, the first message, is there.
 * @param {string} serve - statements that answer calls of `api`, the exported interface.
 */
export const gluedScript = ({ glue, interfaceName, imports = "{}", serve }) => `
  async function start(parts) {
    const instantiate = (function () { "use strict"; ${glue}\nreturn instantiate; })();
    const getModule = (name) => parts.modules.get(name);
    // Nothing is counted here: that is part of our layer.
    const uncounted = { handles() {}, take() {}, renew() {} };
    const instance = await instantiate(getModule, ${imports}, (core, table) => new WebAssembly.Instance(core, table), uncounted);
    const api = instance["${interfaceName}"];
    ${serve}
    postMessage("ready");
  }
  // Thrown again outside of the promise, for the page to hear of it.
  const fail = (error) => setTimeout(() => { throw error; });
  addEventListener("message", ({ data }) => void start(data).catch(fail), { once: true });`;

/** Starts a worker of a {@link gluedScript}; `parts` has its `modules`, and what else its imports need. */
export async function startWorker(Worker, script, parts) {
  const worker = new Worker(`data:text/javascript;charset=utf-8,${script.replace(/[%#\t\n\r\u0080-\uffff]+/g, encodeURIComponent)}`);
  await new Promise((resolve, reject) => {
    worker.onmessage = resolve;
    worker.onerror = (event) => reject(new Error(event.message));
    worker.postMessage(parts);
  });
  worker.onmessage = null;
  return worker;
}

/** Calls by bare messages with numbers: `{ id, value }` is the answer to `id`, anything else is for `onOther`. */
export function bareMessages(worker, onOther) {
  const waiting = new Map();
  let last = 0;
  worker.onmessage = ({ data }) => {
    if (data.id === undefined) return onOther(data);
    waiting.get(data.id)(data.value);
    waiting.delete(data.id);
  };
  return (name, values, moved) =>
    new Promise((resolve) => {
      last += 1;
      waiting.set(last, resolve);
      worker.postMessage({ id: last, name, values, transfer: moved !== undefined }, moved ?? []);
    });
}
