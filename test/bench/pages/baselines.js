/* The plugin's own glue behind bare Comlink, and behind bare messages with numbers. */
import * as Comlink from "../comlink/comlink.mjs";
import { fetchFile } from "./fixture.js";
import { bareMessages, frameWorker, gluedScript, readGlue, startWorker } from "./glue-worker.js";

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

/** Both baselines, with the glue and the module that the package of small-c has. */
export async function startBaselines() {
  const [{ glue, modules }, comlink] = await Promise.all([
    readGlue("small-c", "browser-sync"), fetchFile("/comlink-script/comlink.js").then((response) => response.text()),
  ]);
  const Worker = await frameWorker();
  const start = (serve, before = "") => startWorker(Worker, before + gluedScript({ glue, interfaceName: INTERFACE, serve }), { modules });
  const comlinkWorker = await start(COMLINK_SCRIPT, comlink);
  return { comlink: Comlink.wrap(comlinkWorker), Comlink, post: bareMessages(await start(MESSAGE_SCRIPT)) };
}
