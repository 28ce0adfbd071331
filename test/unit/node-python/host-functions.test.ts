import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import type { BincodeType } from "../../../src/bincode/bincode-type.js";
import { decodeBincode } from "../../../src/bincode/decode-bincode.js";
import { encodeBincode } from "../../../src/bincode/encode-bincode.js";
import { toUtf8 } from "../../../src/bytes/utf8.js";
import type { BridgeFunction } from "../../../src/runtime/bridge/bridge-functions.js";
import { bridgeFunction, describePython, type FunctionShape, PLUGIN_ERROR, type PluginShape, type PythonProcess, refusedPlugin, startedPlugin } from "./python-process.js";

const bytes: BincodeType = { kind: "list", element: "u8" };
const STORE = "acme:notes/store@1.0.0";
const ENTRY: BincodeType = { kind: "record", fields: [{ name: "file-name", type: "string" }] };
const read = bridgeFunction({ name: "read-all", parameters: ["string", ENTRY], ok: { kind: "list", element: ENTRY }, err: { kind: "enum", cases: ["gone"] } }, STORE);
const write = bridgeFunction({ name: "write", parameters: ["string"] }, STORE);
const other = bridgeFunction({ name: "write", ok: "u8" }, "other:things/store@2.0.0");
const call = bridgeFunction({ name: "call", parameters: ["string", "u32", "u64", "u32", bytes], ok: { kind: "tuple", items: ["s32", bytes] } }, "fidius:host-call/host@0.1.0");

interface HostCall {
  readonly target: string;
  readonly values: unknown;
}

/** A plugin whose `run` evaluates a text, in an app that answers with `answers` in turn. */
async function withApp(imports: readonly BridgeFunction[], answers: readonly (readonly [kind: number, bytes: Uint8Array])[], more: Partial<PluginShape> = {}): Promise<{ readonly plugin: PythonProcess; readonly calls: HostCall[] }> {
  const calls: HostCall[] = [];
  const functions: readonly FunctionShape[] = [{ name: "run", parameters: ["string"], ok: "string", err: PLUGIN_ERROR }, { name: "quiet", parameters: ["string"], ok: "string" }];
  const plugin = await startedPlugin({
    source: "import portcullis_host\ndef run(text):\n    found = {}\n    exec(text, globals(), found)\n    return repr(found.get('r'))\nquiet = run\n",
    functions, imports,
    onHostCall: (target, args) => {
      const type = imports.find((described) => described.target === target)?.arguments;
      calls.push({ target, values: type && decodeBincode(type, args) });
      return answers[calls.length - 1] ?? [2, toUtf8("there is no answer left")];
    },
    ...more,
  });
  return { plugin, calls };
}

describePython("functions of the app", () => {
  test("are called by snake_case names with positional arguments, and answer with values", async () => {
    const { plugin, calls } = await withApp([read, write], [[0, encodeBincode({ kind: "list", element: ENTRY }, [{ "file-name": "a" }])], [0, new Uint8Array()]]);
    expect(await plugin.call("run", ["from portcullis_host.store import read_all\nr = read_all('x', {'file_name': 'b'}), portcullis_host.store.write('y')"])).toMatchObject({ kind: "ok", value: "([{'file_name': 'a'}], None)" });
    expect(calls).toEqual([{ target: read.target, values: ["x", { "file-name": "b" }] }, { target: write.target, values: ["y"] }]);
  });

  test("raise their own errors with the payload, and what a plugin does not catch becomes its own", async () => {
    const gone = encodeBincode({ kind: "enum", cases: ["gone"] }, "gone");
    const { plugin } = await withApp([read], [[1, gone], [1, gone]]);
    const statement = "portcullis_host.store.read_all('x', {'file_name': ''})";
    expect(await plugin.call("run", [`try: ${statement}\nexcept portcullis_host.HostError as error: r = error.payload`])).toMatchObject({ kind: "ok", value: "{'Gone': None}" });
    expect(await plugin.call("run", [statement])).toMatchObject({ kind: "err", value: { code: "HostError" } });
  });

  test("a denial can be caught, and is the outcome where it is not, whether or not the function can fail", async () => {
    const denied = [2, toUtf8("acme:notes/store was denied")] as const;
    const { plugin } = await withApp([write], [denied, denied, denied]);
    expect(await plugin.call("run", ["try: portcullis_host.store.write('')\nexcept RuntimeError as error: r = str(error)"])).toMatchObject({ value: "'acme:notes/store was denied'" });
    for (const name of ["run", "quiet"]) expect(await plugin.call(name, ["portcullis_host.store.write('')"])).toEqual({ kind: "host-failed", message: "acme:notes/store was denied" });
  });

  test.each([["one too few", "portcullis_host.store.write()"], ["a wrong one", "portcullis_host.store.write(5)"], ["one by its name", "portcullis_host.store.write(text='a')"], ["one that is too large", "portcullis_host.store.write('x' * 9_000_000)"]])("arguments are checked before they are sent: %s", async (_what, statement) => {
    const { plugin, calls } = await withApp([write], []);
    expect(await plugin.call("run", [statement])).toMatchObject({ kind: "err", value: { code: "TypeError" } });
    expect(calls).toEqual([]);
  });

  test("of interfaces with the same name have longer names, and what was not granted is not there", async () => {
    const { plugin } = await withApp([write, other], [[0, Uint8Array.of(9)]]);
    expect(await plugin.call("run", ["r = portcullis_host.other_things_store.write(), hasattr(portcullis_host, 'store'), hasattr(portcullis_host, 'acme_notes_store'), hasattr(portcullis_host, 'call')"])).toMatchObject({ value: "(9, False, True, False)" });
  });

  test("of fidius have its status and bytes", async () => {
    const { plugin, calls } = await withApp([call], [[0, encodeBincode({ kind: "tuple", items: ["s32", bytes] }, [-7, Uint8Array.of(1, 2)])]]);
    expect(await plugin.call("run", ["r = portcullis_host.call('Clock', 1, 2**64 - 1, 3, b'ab')"])).toMatchObject({ value: String.raw`(-7, b'\x01\x02')` });
    expect(calls).toEqual([{ target: call.target, values: ["Clock", 1, 2n ** 64n - 1n, 3, Uint8Array.of(97, 98)] }]);
  });

  test("can be called from other threads while a call is answered", async () => {
    const { plugin } = await withApp([other], [[0, Uint8Array.of(1)], [0, Uint8Array.of(2)]], { source: `
import portcullis_host, threading
def run(text):
    found = []
    threads = [threading.Thread(target=lambda: found.append(portcullis_host.store.write())) for _ in range(2)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    return str(sorted(found))
quiet = run
` });
    expect(await plugin.call("run", [""])).toMatchObject({ value: "[1, 2]" });
  });

  test("attack: a thread that calls between calls would take the next order for its answer", async () => {
    const { plugin, calls } = await withApp([other], [], { source: `
import os, portcullis_host, threading, time
def later(path):
    while not os.path.exists(path): time.sleep(0.01)
    try: portcullis_host.store.write()
    except BaseException as error: print("refused:", error)
def run(path):
    threading.Thread(target=later, args=(path,), daemon=True).start()
    return path
def quiet(text): return text
` });
    const sign = join(await mkdtemp(join(tmpdir(), "python-thread-")), "answered");
    onTestFinished(() => rm(dirname(sign), { recursive: true }));
    await plugin.call("run", [sign]);
    await writeFile(sign, "");
    await vi.waitFor(() => expect(plugin.log).toContain("can be called only while the plugin is answering a call"), { timeout: 30_000 });
    expect(await plugin.call("quiet", ["next"])).toMatchObject({ kind: "ok", value: "next" });
    expect(calls).toEqual([]);
  });

  test("cannot be called while the plugin is loaded", async () => {
    const refused = await refusedPlugin({ source: "import portcullis_host\nportcullis_host.store.write('')\n", functions: [], imports: [write] });
    expect(refused).toMatchObject({ code: "instantiate-failed", message: expect.stringContaining("can be called only while the plugin is answering a call") });
  });

  test("attack: an answer that is none of its type", async () => {
    const { plugin } = await withApp([other], [[0, new Uint8Array()]]);
    expect(await plugin.call("run", ["portcullis_host.store.write()"])).toMatchObject({ kind: "host-failed", message: expect.stringContaining("was answered with what is not of its type") });
  });
});
