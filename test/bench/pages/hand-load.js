/* The same by hand: jco's own output in a module worker, as its documentation shows it. No sandbox, no checks. */
export async function measureHandLoad({ component, files, wasi }) {
  const started = performance.now();
  const worker = new Worker(`${files}/hand-worker.js?component=${component}${wasi ? "&wasi" : ""}`, { type: "module" });
  const next = () =>
    new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => (data.error === undefined ? resolve(data) : reject(new Error(data.error)));
      worker.onerror = (event) => reject(new Error(event.message));
    });
  await next();
  const ready = performance.now();
  worker.postMessage({ id: 1, values: [2, 3] });
  const { value } = await next();
  const answered = performance.now();
  if (value !== 5) throw new Error(`${component} says that 2 + 3 is ${value}`);
  worker.terminate();
  return { total: answered - started, load: ready - started, firstCall: answered - ready };
}
