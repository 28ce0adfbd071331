/* Page side of the specs of grants: one host that asks with the permission dialog, and what it told. */
import { describeError } from "./plugins.js";

export const events = [];
export const asked = [];

let host;

/** Makes the host. `answer` stands for a person: without it the dialog asks. */
export function open(portcullis, prompt, { key, limits = {}, answer, store }) {
  const ask = prompt.askWithDialog();
  const grant = (request) => {
    asked.push(request.capability);
    return answer === undefined ? ask(request) : answer === "silence" ? new Promise(() => undefined) : answer;
  };
  const sources = [portcullis.urlSource("../packages/registry/index.json")];
  host = new portcullis.PluginHost({
    sources, trust: portcullis.trustKeys([key]), grant, limits, ...(store === undefined ? {} : { grantStore: store }), onEvent: (event) => events.push(event),
  });
}

let handle;

/** Loads from the host. @returns `{ grants }` or `{ error }` */
export async function loadPlugin(portcullis, id, descriptor) {
  try {
    handle = await host.load(id, portcullis.defineInterface(descriptor));
    return { grants: [...handle.grants] };
  } catch (error) {
    return { error: describeError(error) };
  }
}

/** What the plugin that was loaded last has now. */
export function grantsNow() {
  return [...handle.grants];
}

export async function callPlugin(name, values) {
  try {
    return { value: await handle.call(name, values) };
  } catch (error) {
    return { error: describeError(error) };
  }
}

export async function remembered() {
  return (await host.grants.list()).map(({ pluginId, capability, decision, version, vouchers }) => ({ pluginId, capability, decision, version, vouchers: vouchers.length }));
}

export function revoke(pluginId, capability) {
  return host.grants.revoke(pluginId, capability);
}
