/*
 * The same glue with `now` written by hand: in the worker itself, and as the least that can ask the page and wait for
 * its answer under the same mode: a message each way (JSPI), a message and a shared buffer (synchronous glue).
 */
import { bareMessages, frameWorker, gluedScript, readGlue, startWorker } from "./glue-worker.js";
import { expectedTarget, NOW } from "./notes.js";

const imports = (now) => `{ "probe:notes/store@1.0.0": {
  now: ${now}, read() {}, write() {}, echo() {}, checksum() {}, open() {}, share() {}, Cursor: class { next() {} static close() {} },
} }`;

// An export of glue for JSPI answers with a promise, one of synchronous glue does not.
const SERVE = `
  addEventListener("message", async ({ data: { id, name, values } }) => {
    if (id !== undefined) postMessage({ id, value: await api[name](...values) });
  });`;

const IN_WORKER = imports(`() => ${NOW}n`);

const ASKING = `
  let answered;
  addEventListener("message", ({ data }) => data.answer !== undefined && answered(data.answer));`;

const BY_MESSAGES = imports(`() => new Promise((resolve) => {
  answered = resolve;
  postMessage({ question: "now" });
})`);

const BY_SHARED_MEMORY = imports(`() => {
  postMessage({ question: "now" });
  Atomics.wait(parts.words, 0, 0);
  parts.words[0] = 0;
  return parts.values[0];
}`);

/** @returns `many` of each baseline, for the kind of page that this is. */
export async function startHostCallBaselines() {
  const { glue, modules } = await readGlue("notes-rust", expectedTarget());
  const Worker = await frameWorker();
  const script = (source) => gluedScript({ glue, interfaceName: "probe:notes/notes-user@1.0.0", imports: source, serve: SERVE });
  const inWorker = await startWorker(Worker, script(IN_WORKER), { modules });
  const shared = crossOriginIsolated ? sharedAnswer() : undefined;
  const roundTrip = await startWorker(Worker, shared === undefined ? ASKING + script(BY_MESSAGES) : script(BY_SHARED_MEMORY), { modules, ...shared });
  const answer = shared === undefined ? () => roundTrip.postMessage({ answer: NOW }) : () => writeShared(shared);
  return { inWorker: manyOf(bareMessages(inWorker)), roundTrip: manyOf(bareMessages(roundTrip, answer)) };
}

const manyOf = (post) => (count) => post("many", [count]);

function sharedAnswer() {
  const buffer = new SharedArrayBuffer(16);
  return { words: new Int32Array(buffer, 0, 1), values: new BigUint64Array(buffer, 8, 1) };
}

function writeShared({ words, values }) {
  values[0] = NOW;
  Atomics.store(words, 0, 1);
  Atomics.notify(words, 0);
}
