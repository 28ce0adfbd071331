/* A host in a worker of the app, where there is no document: does what plugins.js does, on request. */
import * as plugins from "./plugins.js";
import * as portcullis from "../dist/index.js";

const actions = new Map([
  ["load", (request) => plugins.load(portcullis, request)],
  ["call", ([name, functionName, values, options]) => plugins.call(name, functionName, values, options)],
  ["disposeAll", () => plugins.disposeAll()],
]);

onmessage = async ({ data: { id, action, argument } }) => {
  try {
    postMessage({ id, value: await actions.get(action)(argument) });
  } catch (error) {
    postMessage({ id, failure: String(error) });
  }
};
