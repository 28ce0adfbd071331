/*
 * The plugin's own glue in workers that have none of our layer: behind bare Comlink, and behind bare messages
 * with numbers. They stand in the same kind of sandbox (a data: worker of a frame with the same content policy),
 * because what is compared is the layer and not the place.
 */
import * as Comlink from "../comlink/comlink.mjs";

const POLICY = "default-src 'none'; script-src 'wasm-unsafe-eval'; worker-src data:";
const INTERFACE = "bench:echo/echo@1.0.0";

const COMLINK_SCRIPT = `
  Comlink.expose({ add: api.add, echo: api.echo, echoTransfer(bytes) {
    const result = api.echo(bytes);
    return Comlink.transfer(result, [result.buffer]);
  } });`;

const MESSAGE_SCRIPT = `
  onmessage = ({ data: { id, name, values, transfer } }) => {
    const value = api[name](...values);
    postMessage({ id, value }, transfer ? [value.buffer] : []);
  };`;

/** The module is the first message; the answer to it says that the instance stands. */
const starting = (glue, serve) => `
  addEventListener("message", async ({ data: module }) => {
    const instantiate = (function () { "use strict"; ${glue}\nreturn instantiate; })();
    const instance = await instantiate(() => module, {}, (core, imports) => new WebAssembly.Instance(core, imports));
    const api = instance["${INTERFACE}"];
    ${serve}
    postMessage("ready");
  }, { once: true });`;

/** @returns the frame's own constructor of workers. */
async function frameWorker() {
  const frame = document.createElement("iframe");
  frame.hidden = true;
  frame.srcdoc = `<!doctype html><meta http-equiv="Content-Security-Policy" content="${POLICY}">`;
  await new Promise((resolve) => {
    frame.onload = resolve;
    document.body.append(frame);
  });
  return frame.contentWindow.Worker;
}

async function startWorker(Worker, script, module) {
  const worker = new Worker(`data:text/javascript;charset=utf-8,${script.replace(/[%#\t\n\r\u0080-\uffff]+/g, encodeURIComponent)}`);
  await new Promise((resolve, reject) => {
    worker.onmessage = resolve;
    worker.onerror = (event) => reject(new Error(event.message));
    worker.postMessage(module);
  });
  worker.onmessage = null;
  return worker;
}

/** Both baselines, with the glue and the module that the package of small-c has. */
export async function startBaselines() {
  const folder = "/packages/registry/fixture.small-c/1.0.0";
  const read = async (path) => {
    const response = await fetch(path);
    if (!response.ok) throw new Error(`${path}: ${response.status}`);
    return response;
  };
  const manifest = await (await read(`${folder}/manifest.json`)).json();
  const output = manifest.transpiled.find(({ key }) => key.target.startsWith("browser-sync"));
  const { offset, size } = output.coreModules[0];
  const [glue, component, comlink] = await Promise.all([
    (await read(`${folder}/${output.glue}`)).text(), (await read(`${folder}/component.wasm`)).arrayBuffer(), (await read("/comlink-script/comlink.js")).text(),
  ]);
  const module = await WebAssembly.compile(component.slice(offset, offset + size));
  const Worker = await frameWorker();
  const comlinkWorker = await startWorker(Worker, comlink + starting(glue, COMLINK_SCRIPT), module);
  const messageWorker = await startWorker(Worker, starting(glue, MESSAGE_SCRIPT), module);
  return { comlink: Comlink.wrap(comlinkWorker), Comlink, post: bareMessages(messageWorker) };
}

function bareMessages(worker) {
  const waiting = new Map();
  let last = 0;
  worker.onmessage = ({ data: { id, value } }) => {
    waiting.get(id)(value);
    waiting.delete(id);
  };
  return (name, values, moved) =>
    new Promise((resolve) => {
      last += 1;
      waiting.set(last, resolve);
      worker.postMessage({ id: last, name, values, transfer: moved !== undefined }, moved ?? []);
    });
}
