/* Page side of the specs: loads plugins and keeps them by name, so that a spec can talk to them in several steps. */
const handles = new Map();
const hosts = [];
const hostsByPlugin = new Map();
export const events = [];

/** Error as data: what a spec asserts on. */
export function describeError(error) {
  return { name: error.name, code: error.code, stage: error.stage, pluginId: error.pluginId, message: error.message, payload: error.payload, stderr: error.stderr };
}

// Beside this module, with the policy that an app serves it with.
const SANDBOX_WORKER = new URL("../sealed/dist/sandbox-worker.js", import.meta.url);

/** Gives a host whose events are kept. */
export function createHost(portcullis, options) {
  const relay = options.sandbox === "policy-worker" ? { sandboxWorkerUrl: SANDBOX_WORKER } : {};
  const host = new portcullis.PluginHost({ ...relay, ...options, onEvent: (event) => events.push(plainEvent(event)) });
  hosts.push(host);
  return host;
}

function plainEvent(event) {
  return "error" in event ? { ...event, error: describeError(event.error) } : event;
}

/**
 * Loads a plugin and keeps it as `name`. `onStep` is told each step of its progress.
 * @returns `{ report, progress, grants, info }` or `{ error }`
 */
export async function load(portcullis, { name, id, source, descriptor, trust, host: { setup, ...hostOptions } = {}, load: loadOptions = {}, onStep }) {
  const progress = [];
  try {
    // What cannot be sent from a spec, such as functions of the app, a module of the page makes.
    const made = setup === undefined ? {} : await (await import(`./${setup.module}`))[setup.create](portcullis, setup.argument);
    const host = createHost(portcullis, { sources: [await createSource(portcullis, source)], trust: createTrust(portcullis, trust), ...hostOptions, ...made });
    hostsByPlugin.set(name, host);
    const handle = await host.load(id, portcullis.defineInterface(descriptor), { ...loadOptions, onProgress: (step) => {
      progress.push(step);
      onStep?.(step);
    } });
    handles.set(name, handle);
    return { report: handle.report, grants: [...handle.grants], info: handle.info, progress };
  } catch (error) {
    return { error: describeError(error), progress };
  }
}

async function createSource(portcullis, source) {
  if (source.index !== undefined) return portcullis.urlSource(source.index);
  const response = await fetch(source.file);
  const bytes = new Uint8Array(await response.arrayBuffer());
  return portcullis.fileSource(source.as === "bytes" ? bytes : new File([bytes], source.file.split("/").pop()), source.options);
}

function createTrust(portcullis, trust) {
  return trust.unsigned === undefined ? portcullis.trustKeys(trust.keys) : portcullis.dangerouslyTrustUnsigned(trust.unsigned, { alsoTrust: trust.keys ?? [] });
}

export function handle(name) {
  const found = handles.get(name);
  if (found === undefined) throw new Error(`no plugin ${name} was loaded`);
  return found;
}

/** The host that loaded the plugin kept as `name`. */
export function hostOf(name) {
  return hostsByPlugin.get(name);
}

/** Calls and answers with `{ value }` or `{ error }`. */
export async function call(name, functionName, values, options) {
  try {
    return { value: await handle(name).call(functionName, values, options) };
  } catch (error) {
    return { error: describeError(error) };
  }
}

export async function disposeAll() {
  await Promise.all(hosts.map((host) => host.dispose()));
  handles.clear();
}

/** What of the sandboxes is left in the document. */
export function sandboxFrames() {
  return document.querySelectorAll("iframe").length;
}

/** How many streams live inside and after blocks that declare one. */
export async function useInBlocks(handle) {
  const live = () => handle.call("live", []);
  const counts = {};
  {
    using ticks = await handle.call("ticks", [9n]);
    counts.inside = await live();
    void ticks;
  }
  counts.afterUsing = await live();
  {
    await using ticks = await handle.call("ticks", [9n]);
    counts.insideAsync = await live();
    void ticks;
  }
  counts.afterAwaitUsing = await live();
  try {
    await using ticks = await handle.call("ticks", [9n]);
    throw new Error(ticks.resourceName);
  } catch {
    counts.afterThrow = await live();
  }
  return { ...counts, dropped: await handle.call("dropped", []) };
}
