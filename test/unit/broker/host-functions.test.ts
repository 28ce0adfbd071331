import { expect, it } from "vitest";
import type { BrokerContext, Denial } from "../../../src/broker/broker.js";
import { DeniedCall, InterfaceError, MalformedCall, ReportedFailure } from "../../../src/broker/call-errors.js";
import { HandleTable } from "../../../src/broker/handle-table.js";
import { createHostFunctionBroker } from "../../../src/broker/host-functions.js";
import { parseCapability } from "../../../src/capability/capability.js";
import { defineHostInterface, type HostCaller } from "../../../src/capability/host-interface.js";
import { hostInterface, ResultError } from "../../../src/capability/implement-interface.js";
import type { InterfaceShape, World } from "../../../src/component/world.js";
import { DEFAULT_LIMITS } from "../../../src/limits/plugin-limits.js";

const NAME = "acme:notes/store@1.0.0";
const shape: InterfaceShape = {
  name: NAME,
  resources: [],
  functions: [
    { name: "now", type: { async: false, parameters: [], result: "u64" } },
    { name: "read", type: { async: false, parameters: [{ name: "path", type: "string" }], result: 0 } },
  ],
};
const world: World = { types: [{ kind: "result", ok: "string", err: "string" }], imports: { interfaces: [shape], functions: [] }, exports: { interfaces: [], functions: [] } };

interface Store {
  now(): bigint;
  read(path: string): string;
}

function serve(implementation: { now?: (caller: HostCaller) => unknown; read?: (path: string, caller: HostCaller) => unknown }, granted = [`host:${NAME}`]) {
  const ended = new AbortController();
  const denials: Denial[] = [];
  const failures: [string, unknown][] = [];
  const context: BrokerContext = {
    plugin: { id: "acme.test", version: "1.0.0" },
    limits: DEFAULT_LIMITS,
    grants: () => granted.map((text) => parseCapability(text)),
    handles: new HandleTable(),
    signal: ended.signal,
    deny: (denial) => void denials.push(denial),
    reportFailure: () => undefined,
  };
  const offered = hostInterface(defineHostInterface<Store>({ name: NAME, world }), { now: () => 1n, read: (path: string) => path, ...implementation } as never, { documentation: "Notes", timeoutMs: 30 });
  const { operations } = createHostFunctionBroker(context, [{ world, shape, offered }], (name, error) => void failures.push([name, error]));
  const call = async (functionName: string, ...values: unknown[]) => operations.get("host.call")?.([NAME, functionName, values], { signal: ended.signal });
  return { call, denials, failures, ended };
}

it("answers with what the app answers, at once or later", async () => {
  expect(await serve({}).call("read", "a")).toBe("a");
  expect(await serve({ read: async (path) => `${path}!` }).call("read", "a")).toBe("a!");
});

it("says who calls, and gives a signal that aborts when the time is over", async () => {
  let caller: HostCaller | undefined;
  const { call, failures } = serve({ read: (_path, given) => { caller = given; return new Promise(() => given.signal); } });
  await expect(call("read", "a")).rejects.toMatchObject({ payload: `${NAME}#read failed in the app` });
  expect(caller?.plugin).toEqual({ id: "acme.test", version: "1.0.0" });
  expect(caller?.signal.aborted).toBe(true);
  expect(String(failures[0]?.[1])).toContain("30 ms");
});

it("gives an aborted signal also to who asks for it too late", async () => {
  let caller: HostCaller | undefined;
  const { call } = serve({ now: (given) => { caller = given; return new Promise(() => undefined); } });
  await expect(call("now")).rejects.toBeInstanceOf(ReportedFailure);
  expect(caller?.signal.aborted).toBe(true);
});

it("aborts the signal when the instance ends", async () => {
  let signal: AbortSignal | undefined;
  const { call, ended } = serve({ read: (_path, caller) => { signal = caller.signal; return new Promise(() => undefined); } });
  const answer = call("read", "a").catch(() => undefined);
  await Promise.resolve();
  ended.abort(new Error("the instance ended"));
  expect(signal?.aborted).toBe(true);
  await answer;
});

it("refuses what is not granted, with the interface's own error or as a denial, and the app hears nothing of it", async () => {
  let heard = 0;
  const { call, denials } = serve({ now: () => { heard += 1; return 1n; }, read: (path) => { heard += 1; return path; } }, [`host:${NAME}#read?path=/public/*`]);
  await expect(call("read", "/private/a")).rejects.toBeInstanceOf(InterfaceError);
  await expect(call("now")).rejects.toBeInstanceOf(DeniedCall);
  expect(heard).toBe(0);
  expect(denials.map(({ function: name }) => name)).toEqual([`${NAME}#read`, `${NAME}#now`]);
  expect(await call("read", "/public/a")).toBe("/public/a");
});

it("turns an error result into the interface's, and anything else that is thrown into one that says nothing", async () => {
  await expect(serve({ read: () => { throw new ResultError("no such note"); } }).call("read", "a")).rejects.toMatchObject({ payload: "no such note" });
  await expect(serve({ read: () => { throw new Error("the password is 1234"); } }).call("read", "a")).rejects.toMatchObject({ payload: `${NAME}#read failed in the app` });
  await expect(serve({ now: () => { throw new Error("the password is 1234"); } }).call("now")).rejects.toThrow(`${NAME}#now failed in the app`);
});

it.each([[[]], [["a", "b"]], [[5]], [[undefined]], [[{ toString: "a" }]], [[["a"]]]])("takes no call with the arguments %j for one of our runtime's", async (values) => {
  await expect(serve({}).call("read", ...values)).rejects.toBeInstanceOf(MalformedCall);
});

it.each(["write", "__proto__", "constructor", "", "read "])("knows no function %j", async (name) => {
  await expect(serve({}).call(name)).rejects.toBeInstanceOf(MalformedCall);
});

it.each([[{ toString: () => "read" }], [["read"]], [undefined], [7]])("knows no function whose name is %j", async (name) => {
  await expect(serve({}).call(name as string, "a")).rejects.toBeInstanceOf(MalformedCall);
});

it("tells the plugin that it said too much, as the interface's own error, and the app hears nothing of it", async () => {
  let heard = 0;
  const { call } = serve({ read: (path) => { heard += 1; return path; } });
  await expect(call("read", "x".repeat(DEFAULT_LIMITS.messageBytes))).rejects.toMatchObject({ payload: expect.stringContaining("messageBytes") as string });
  expect(heard).toBe(0);
  expect(await call("read", "a")).toBe("a");
});

it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31])("takes no time bound of %s milliseconds", (timeoutMs) => {
  const offer = () => hostInterface(defineHostInterface<Store>({ name: NAME, world }), { now: () => 1n, read: (path: string) => path }, { documentation: "Notes", timeoutMs });
  expect(offer).toThrow(expect.objectContaining({ code: "usage-invalid" }) as Error);
});
