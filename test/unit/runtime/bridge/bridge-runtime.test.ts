import { afterEach, describe, expect, test } from "vitest";
import type { AdmittedPlugin } from "../../../../src/admission/admit-plugin.js";
import { parseCapability } from "../../../../src/capability/capability.js";
import type { PluginError } from "../../../../src/errors/plugin-error.js";
import { DEFAULT_LIMITS } from "../../../../src/limits/plugin-limits.js";
import type { World } from "../../../../src/component/world.js";
import type { GuestEvent } from "../../../../src/rpc/messages.js";
import type { PluginInstance } from "../../../../src/runtime/plugin-instance.js";
import { type BridgeRuntime, bridgeRuntime } from "../../../../src/runtime/bridge/bridge-runtime.js";
import { encodeServerFrame, type ClientFrame, type ServerFrame } from "../../../../src/runtime/bridge/frames.js";
import { bytesOf, GREETER, WORLD } from "./greeter-world.js";
import { type Script, scriptedBridge, type ScriptedBridge } from "./scripted-bridge.js";

const opened: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0)) await close();
});

interface Plugin {
  readonly bridge: ScriptedBridge;
  readonly runtime: BridgeRuntime;
  readonly events: GuestEvent[];
  readonly broken: PluginError[];
  start(): Promise<PluginInstance>;
}

/** A plugin behind a bridge that answers as `onFrame` says; it opens whatever is asked unless `opens` is false. */
async function plugin(onFrame: (frame: ClientFrame, send: (frame: ServerFrame) => void) => void, options: { opens?: boolean; world?: World; grants?: readonly string[]; script?: Script; token?: () => string } = {}): Promise<Plugin> {
  const { opens = true, world = WORLD, grants = [], script = {}, token = () => "t".repeat(32) } = options;
  const bridge = await scriptedBridge({
    ...script,
    onFrame: (frame, { send }) => {
      if (opens && frame.tag === "open") send({ tag: "opened", val: { instance: frame.val.instance } });
      onFrame(frame, send);
    },
  });
  const runtime = bridgeRuntime({ url: bridge.url, token });
  opened.push(() => runtime.close(), () => bridge.close());
  const granted = grants.map((text) => parseCapability(text));
  const admitted = {
    manifest: { id: "acme.greeter", version: "1.0.0", runtime: "python", world, capabilities: [] },
    grants: granted, imports: { hostInterfaces: [], authorities: [] },
    verified: { package: { manifestBytes: new Uint8Array([1]) } },
  } as unknown as AdmittedPlugin;
  const events: GuestEvent[] = [];
  const broken: PluginError[] = [];
  return {
    bridge, runtime, events, broken,
    start: async () => {
      const ready = await runtime.prepare(admitted, { signal: new AbortController().signal, bounds: DEFAULT_LIMITS, onProgress: () => undefined, onNotStored: () => undefined });
      return ready.start({
        limits: { ...DEFAULT_LIMITS, instantiateMilliseconds: 2_000 }, config: undefined,
        listeners: { onEvent: (event) => events.push(event), onBroken: (error) => broken.push(error) },
        page: { grants: () => granted, provisions: {}, listeners: { onDenied: () => undefined, onDenialsCut: () => undefined, auditsHostCalls: false, onHostCall: () => undefined, onHostFailure: () => undefined } },
      });
    },
  };
}

const call = (instance: PluginInstance, name: string, values: readonly unknown[]) => instance.call({ target: `${GREETER}#${name}`, arguments: values }, [], 1_000);
const answer = (frame: ClientFrame, outcome: Extract<ServerFrame, { tag: "answer" }>["val"]["outcome"]): ServerFrame => {
  if (frame.tag !== "call" && frame.tag !== "drop") throw new Error(frame.tag);
  return { tag: "answer", val: { instance: frame.val.instance, call: frame.val.call, outcome } };
};

test("offers the token as a subprotocol, and opens by the manifest's digest", async () => {
  const { bridge, start } = await plugin(() => undefined, { token: () => "ü+/" });
  await start();
  expect(bridge.protocols).toEqual([["portcullis.bridge.1", "portcullis.token.w7wrLw"]]);
  expect(bridge.received[0]).toMatchObject({ tag: "open", val: { id: "acme.greeter", version: "1.0.0", manifestSha256: "4bf5122f344554c53bde2ebb8cd2b7e3d1600ad631c385a5d7cce23c7785459a", grants: [], config: undefined } });
});

test("carries values, errors, bytes and streams", async () => {
  const { start, bridge } = await plugin((frame, send) => {
    if (frame.tag === "drop") return send(answer(frame, { tag: "ok", val: new Uint8Array() }));
    if (frame.tag !== "call") return undefined;
    const name = frame.val.target.split("#")[1];
    if (name === "greet") return send(answer(frame, { tag: "ok", val: bytesOf("string", "Hello, Ada") }));
    if (name === "reverse") return send(answer(frame, { tag: "ok", val: frame.val.arguments }));
    if (name === "divide") return send(answer(frame, { tag: "err", val: bytesOf("string", "by zero") }));
    if (name === "tick") return send(answer(frame, { tag: "ok", val: bytesOf("u32", 1) }));
    return send(answer(frame, { tag: "ok", val: bytesOf({ kind: "option", value: "u32" }, 7) }));
  });
  const instance = await start();
  expect(await call(instance, "greet", ["Ada"])).toEqual({ kind: "ok", value: "Hello, Ada" });
  expect(await call(instance, "reverse", [new Uint8Array([1, 2])])).toEqual({ kind: "ok", value: new Uint8Array([1, 2]) });
  expect(await call(instance, "divide", [1n, 0n])).toEqual({ kind: "err", value: "by zero" });
  expect(await call(instance, "tick", [])).toEqual({ kind: "ok", value: 1 });
  expect(await call(instance, "[method]tick-stream.next", [1])).toEqual({ kind: "ok", value: 7 });
  expect(await instance.drop(1)).toEqual({ kind: "ok", value: undefined });
  expect(bridge.received.at(-1)).toMatchObject({ tag: "drop", val: { resource: 1 } });
});

describe("attacks of a bridge end the instance, once, and nothing is believed", () => {
  const hostile: readonly [name: string, frames: (frame: Extract<ClientFrame, { tag: "call" }>["val"]) => ServerFrame | Uint8Array, code: string][] = [
    ["an answer of another type", ({ instance, call: id }) => ({ tag: "answer", val: { instance, call: id, outcome: { tag: "ok", val: bytesOf("u32", 1) } } }), "result-invalid"],
    ["bytes after an answer's end", ({ instance, call: id }) => ({ tag: "answer", val: { instance, call: id, outcome: { tag: "ok", val: new Uint8Array(20) } } }), "result-invalid"],
    ["an error of a function that declares none", ({ instance, call: id }) => ({ tag: "answer", val: { instance, call: id, outcome: { tag: "err", val: new Uint8Array() } } }), "result-invalid"],
    ["an answer to a call that was not made", ({ instance, call: id }) => ({ tag: "answer", val: { instance, call: id + 1, outcome: { tag: "ok", val: bytesOf("string", "") } } }), "sandbox-violation"],
    ["that it was opened, twice", ({ instance }) => ({ tag: "opened", val: { instance } }), "sandbox-violation"],
    ["a host call that was not granted", ({ instance }) => ({ tag: "host-call", val: { instance, id: 0, target: "acme:notes/store@1.0.0#read", arguments: bytesOf({ kind: "tuple", items: ["string"] }, ["a"]) } }), "sandbox-violation"],
    ["a host call of what is not imported", ({ instance }) => ({ tag: "host-call", val: { instance, id: 0, target: "constructor#name", arguments: new Uint8Array() } }), "sandbox-violation"],
    ["output that was not granted", ({ instance }) => ({ tag: "event", val: { instance, event: { tag: "output", val: { stream: "stdout", text: "x" } } } }), "sandbox-violation"],
    ["bytes that are no frame", () => new Uint8Array([9, 9, 9, 9]), "bridge-disconnected"],
  ];
  test.each(hostile)("%s", async (_name, frames, code) => {
    const { start, broken, bridge } = await plugin((frame) => {
      if (frame.tag !== "call") return;
      const sent = frames(frame.val);
      bridge.sockets.at(-1)?.send(sent instanceof Uint8Array ? sent : encodeServerFrame(sent));
    });
    const instance = await start();
    await expect(call(instance, "greet", ["Ada"])).rejects.toMatchObject({ code });
    expect(broken.map((error) => error.code)).toEqual([code]);
    await expect(call(instance, "greet", ["Ada"])).rejects.toMatchObject({ code });
  });

  test("more output than the limit", async () => {
    const { start, broken, events } = await plugin((frame, send) => {
      if (frame.tag !== "call") return;
      for (let count = 0; count < 40; count += 1) send({ tag: "event", val: { instance: frame.val.instance, event: { tag: "output", val: { stream: "stderr", text: "x".repeat(32 * 1024) } } } });
    }, { grants: ["stderr"] });
    await expect(call(await start(), "greet", ["Ada"])).rejects.toMatchObject({ code: "sandbox-violation" });
    expect(events.length).toBeLessThan(33);
    expect(broken.length).toBe(1);
  });
});

describe("a connection that is lost", () => {
  test("fails what was under way, and the next instance gets a new one with a fresh token", async () => {
    let tokens = 0;
    const { start, bridge, broken } = await plugin((frame) => {
      if (frame.tag === "call") bridge.sockets.at(-1)?.terminate();
    }, { token: () => `token ${(tokens += 1)}` });
    await expect(call(await start(), "greet", ["Ada"])).rejects.toMatchObject({ code: "bridge-disconnected", message: expect.stringContaining("may or may not have been done") });
    expect(broken[0]?.code).toBe("bridge-disconnected");
    await start();
    expect(bridge.protocols.length).toBe(2);
    expect(new Set(bridge.protocols.map(([, token]) => token)).size).toBe(2);
  });

  test("before an instance stands fails its start", async () => {
    const { start, bridge, broken } = await plugin((frame) => {
      if (frame.tag === "open") bridge.sockets.at(-1)?.close(4001);
    }, { opens: false });
    await expect(start()).rejects.toMatchObject({ code: "bridge-disconnected", message: expect.stringContaining("its token has expired") });
    expect(broken).toEqual([]);
  });

  test("by the app ends for good", async () => {
    const { start, runtime } = await plugin(() => undefined);
    const instance = await start();
    const pending = call(instance, "greet", ["Ada"]);
    runtime.close();
    await expect(pending).rejects.toMatchObject({ code: "bridge-disconnected" });
    await expect(start()).rejects.toMatchObject({ code: "closed" });
  });

  test("because nothing answers any more is noticed by the heartbeat", async () => {
    const { start, broken } = await plugin(() => undefined, { script: { greeting: encodeServerFrame({ tag: "welcome", val: { heartbeatMilliseconds: 1, messageBytes: 1n, instances: 1, calls: 1 } }) } });
    await start();
    await expect.poll(() => broken[0]?.message, { timeout: 10_000 }).toContain("does not answer any more");
  });
});

describe("a bridge that cannot be had", () => {
  test("refuses the handshake", async () => {
    const { start } = await plugin(() => undefined, { script: { refuse: true } });
    await expect(start()).rejects.toMatchObject({ code: "bridge-unreachable", message: expect.stringContaining("allows this page's origin") });
  });
  test.each(["a text", encodeServerFrame({ tag: "pong", val: 1 }), new Uint8Array([1])])("greets with something else, %#", async (greeting) => {
    const { start } = await plugin(() => undefined, { script: { greeting } });
    await expect(start()).rejects.toMatchObject({ code: "bridge-unreachable", message: expect.stringContaining("does not speak portcullis.bridge.1") });
  });
  test("gives no token", async () => {
    const { start } = await plugin(() => undefined, { token: () => { throw new Error("logged out"); } });
    await expect(start()).rejects.toMatchObject({ code: "bridge-unreachable", message: expect.stringContaining("the app gave no token (logged out)") });
  });
  test("never opens the instance", async () => {
    const { start, bridge } = await plugin(() => undefined, { opens: false });
    await expect(start()).rejects.toMatchObject({ code: "timeout", stage: "instantiate" });
    // What it may still be starting is given up.
    await expect.poll(() => bridge.received.at(-1)?.tag).toBe("close");
  });
  test("refuses the instance with a reason, whatever code it names", async () => {
    const { start } = await plugin((frame, send) => {
      if (frame.tag === "open") send({ tag: "ended", val: { instance: frame.val.instance, failure: { code: "__proto__", stage: "constructor", message: "no" } } });
    }, { opens: false });
    await expect(start()).rejects.toMatchObject({ code: "bridge-refused", stage: "call", message: "no" });
  });
  test.each(["http s://x", "ftp://bridge.example/", "wss://user:secret@bridge.example/", "wss://bridge.example/#part"])("has no address: %s", (url) => {
    expect(() => bridgeRuntime({ url, token: "t" })).toThrow(expect.objectContaining({ code: "usage-invalid" }));
  });
});

describe("what a bridge cannot carry is refused before it is asked", () => {
  const exporting = (types: World["types"], result: number): World => ({ types, imports: { interfaces: [], functions: [] }, exports: { interfaces: [{ name: GREETER, resources: types.flatMap(({ kind }, position) => (kind === "resource" ? [position] : [])), functions: [{ name: "make", type: { async: false, parameters: [], result } }] }], functions: [] } });
  test.each<readonly [string, World]>([
    ["flags", exporting([{ kind: "flags", names: ["a"] }], 0)],
    ["a resource that is no stream", exporting([{ kind: "resource", name: "file", owner: GREETER }, { kind: "own", resource: 0 }], 1)],
    ["a stream of WASI 0.3", exporting([{ kind: "stream", element: "u8" }], 0)],
  ])("%s", async (_name, world) => {
    const { start, bridge } = await plugin(() => undefined, { world });
    await expect(start()).rejects.toMatchObject({ code: "component-unsupported" });
    expect(bridge.sockets).toEqual([]);
  });
  test("a capability that cannot be enforced on a server", async () => {
    const { start } = await plugin(() => undefined, { grants: ["fs:ro:/data"] });
    await expect(start()).rejects.toMatchObject({ code: "capability-invalid", message: expect.stringContaining("fs:ro:/data") });
  });
});
