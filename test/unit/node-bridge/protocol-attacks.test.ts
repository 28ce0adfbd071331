import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeClientFrame, type ClientFrame } from "../../../src/runtime/bridge/frames.js";
import type { BridgeClient } from "./bridge-client.js";
import { encodeArguments, STORE, target } from "./echo-plugin.js";
import { runningBridge } from "./running-bridge.js";

/** Each with an instance 1 that stands, with one call that runs. */
const ATTACKS: readonly (readonly [name: string, attack: (client: BridgeClient) => void])[] = [
  ["a text message, though its bytes are a frame", (client) => client.socket.send(Buffer.from(encodeClientFrame({ tag: "ping", val: 1 })).toString("latin1"))],
  ["an empty message", (client) => client.socket.send(new Uint8Array())],
  ["a frame of an unknown kind", (client) => client.socket.send(new Uint8Array([200, 0, 0, 0]))],
  ["a frame with more behind it", (client) => client.socket.send(Buffer.concat([encodeClientFrame({ tag: "ping", val: 1 }), Buffer.from([0])]))],
  ["a frame that claims a list of 2^60 items", (client) => client.socket.send(Buffer.concat([Buffer.from([6, 0, 0, 0, 1, 0, 0, 0]), Buffer.from([0, 0, 0, 0, 0, 0, 0, 16])]))],
  ["a frame that only a bridge sends", (client) => client.socket.send(Buffer.from([4, 0, 0, 0]))],
  ["a call of an instance that was never opened", (client) => client.send({ tag: "call", val: { instance: 77, call: 1, target: target("echo"), arguments: encodeArguments("echo", new Uint8Array()), milliseconds: 1_000 } })],
  ["the closing of an instance that was never opened", (client) => client.send({ tag: "close", val: { instance: 77 } })],
  ["a call's number that another call has", (client) => client.send({ tag: "drop", val: { instance: 1, call: 1, resource: 1 } })],
  ["an instance's number that another has", (client) => client.send({ tag: "open", val: openFrame(1) })],
  ["the answer to a host call that was not asked", (client) => client.send({ tag: "host-answer", val: { instance: 1, id: 1, answer: { tag: "ok", val: new Uint8Array() } } })],
  ["an order with a name without end", (client) => client.send({ tag: "open", val: { ...openFrame(2), id: "x".repeat(10_000) } })],
  ["an order with grants without end", (client) => client.send({ tag: "open", val: { ...openFrame(2), grants: Array.from({ length: 1_000 }, () => "log") } })],
  ["a list of grants without end", (client) => client.send({ tag: "revoke", val: { instance: 1, grants: Array.from({ length: 1_000 }, () => "log") } })],
  ["the first call of an instance that does not stand yet", (client) => {
    client.send({ tag: "open", val: openFrame(2) });
    client.send({ tag: "drop", val: { instance: 2, call: 1, resource: 1 } });
  }],
];

function openFrame(instance: number): Extract<ClientFrame, { readonly tag: "open" }>["val"] {
  const limits = { instantiateMilliseconds: 1_000, callMilliseconds: 1_000, memoryBytes: 1n, messageBytes: 1n, logBytes: 1n };
  return { instance, id: "acme.echo", version: "1.0.0", manifestSha256: "0".repeat(64), grants: [], config: undefined, limits };
}

describe("attacks by frames end their own connection, and no other", () => {
  test.each(ATTACKS)("%s", async (_name, attack) => {
    const { connect, plugin, executor, until, log, metric } = await runningBridge();
    const [attacker, other] = [await connect(), await connect()];
    await attacker.opened(plugin);
    attacker.begin(1, "rest", [600_000]);
    const instance = await other.opened(plugin);
    attack(attacker);
    expect((await attacker.closed).code).toBe(4400);
    await until(() => executor.running === 1);
    expect(await other.result(instance, "check", "still here")).toBe("still here");
    const [reason] = log.filter(({ event }) => event === "protocol-violation");
    expect(reason).toMatchObject({ level: "warn", connection: 1, reason: expect.any(String) as string });
    expect(await metric("portcullis_bridge_protocol_violations_total")).toBe(1);
  });

  test("the number of an instance that has ended is not free again", async () => {
    const { connect, plugin } = await runningBridge();
    const client = await connect();
    const instance = await client.opened(plugin);
    client.send({ tag: "close", val: { instance } });
    client.open(plugin, { instance });
    expect((await client.closed).code).toBe(4400);
  });

  test("another connection's instance cannot be reached by any number", async () => {
    const { connect, plugin, executor } = await runningBridge();
    const victim = await connect();
    const instance = await victim.opened(plugin, { instance: 4_000_000_000, grants: [`host:${STORE}`] });
    const call = victim.begin(instance, "ask", ["/notes/today"]);
    const { id } = (await victim.frame("host-call")).val;
    const frames: readonly ClientFrame[] = [
      { tag: "call", val: { instance, call: 900, target: target("check"), arguments: encodeArguments("check", "stolen"), milliseconds: 1_000 } },
      { tag: "drop", val: { instance, call: 900, resource: 1 } },
      { tag: "host-answer", val: { instance, id, answer: { tag: "ok", val: encodeArguments("check", "forged") } } },
      { tag: "revoke", val: { instance, grants: [] } },
      { tag: "close", val: { instance } },
    ];
    for (const frame of frames) {
      const attacker = await connect();
      attacker.send(frame);
      expect((await attacker.closed).code).toBe(4400);
    }
    const [running] = executor.instances;
    expect(running?.received).toEqual(["ask"]);
    victim.send({ tag: "host-answer", val: { instance, id, answer: { tag: "ok", val: encodeArguments("check", "mine") } } });
    expect((await victim.answer(instance, call)).tag).toBe("ok");
  });

  test("a message that is too large", async () => {
    const { connect, until, metric } = await runningBridge({ limits: { messageBytes: 100_000 } });
    const client = await connect();
    client.socket.on("error", () => undefined);
    client.socket.send(new Uint8Array(200_000));
    expect((await client.closed).code).toBe(1009);
    await until(async () => (await metric("portcullis_bridge_connections")) === 0);
  });

  test("arguments that are larger than the instance may take", async () => {
    const { connect, plugin, executor } = await runningBridge();
    const client = await connect();
    const instance = await client.opened(plugin, { limits: { instantiateMilliseconds: 1_000, callMilliseconds: 1_000, memoryBytes: 1n, messageBytes: 100n, logBytes: 1n } });
    const running = [...executor.instances];
    expect(await client.call(instance, "echo", new Uint8Array(200))).toMatchObject({ tag: "failed", val: { code: "argument-invalid" } });
    expect(running.map(({ received }) => received)).toEqual([[]]);
  });

  test.each(["__proto__", "acme:echo/echo@1.0.0#erase", `${STORE}#read`, "toString"])("a call of %s", async (called) => {
    const { connect, plugin, executor } = await runningBridge();
    const client = await connect();
    const instance = await client.opened(plugin);
    const running = [...executor.instances];
    client.send({ tag: "call", val: { instance, call: 1, target: called, arguments: new Uint8Array(), milliseconds: 1_000 } });
    expect(await client.answer(instance, 1)).toMatchObject({ tag: "failed", val: { code: "function-unknown" } });
    expect(running.map(({ received }) => received)).toEqual([[]]);
  });

  test("anything at all", async () => {
    const { connect, plugin, executor, until } = await runningBridge();
    const other = await connect();
    const instance = await other.opened(plugin);
    const mutated = fc.record({
      frame: fc.constantFrom<ClientFrame>(
        { tag: "ping", val: 1 }, { tag: "list", val: { request: 1 } }, { tag: "read", val: { request: 1, id: "acme.echo", version: undefined } },
        { tag: "open", val: openFrame(5) }, { tag: "revoke", val: { instance: 5, grants: ["log"] } },
        { tag: "call", val: { instance: 5, call: 1, target: target("check"), arguments: encodeArguments("check", "x"), milliseconds: 50 } },
      ),
      changes: fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { maxLength: 4 }),
      cut: fc.nat(400),
    }).map(({ frame, changes, cut }) => {
      const bytes = encodeClientFrame(frame);
      for (const [position, value] of changes) if (position < bytes.length) bytes[position] = value;
      return bytes.subarray(0, cut);
    });
    await fc.assert(fc.asyncProperty(fc.array(fc.oneof(fc.uint8Array({ maxLength: 200 }), mutated), { minLength: 1, maxLength: 6 }), async (messages) => {
      const attacker = await connect();
      for (const message of messages) attacker.socket.send(message);
      attacker.socket.close();
      await attacker.closed;
    }), { numRuns: 150 });
    expect(await other.result(instance, "check", "still here")).toBe("still here");
    await until(() => executor.running === 1);
  });
});

describe("limits of a connection", () => {
  test("instances", async () => {
    const { connect, plugin } = await runningBridge({ limits: { instances: 2 } });
    const client = await connect();
    const [first] = [await client.opened(plugin), await client.opened(plugin)];
    expect((await client.ended(client.open(plugin))).code).toBe("instances-exhausted");
    client.send({ tag: "close", val: { instance: first } });
    expect((await client.ended(client.open(plugin))).code).toBe("busy");
  });

  test("starts in a second", async () => {
    const { connect, plugin } = await runningBridge({ limits: { instances: 3, opensPerSecond: 1 } });
    const client = await connect();
    const codes: string[] = [];
    for (let index = 0; index < 5; index += 1) {
      const instance = client.open(plugin, { manifestSha256: "0".repeat(64) });
      codes.push((await client.ended(instance)).code);
    }
    expect(codes).toEqual(["manifest-mismatch", "manifest-mismatch", "manifest-mismatch", "busy", "busy"]);
  });

  test("questions", async () => {
    const { connect } = await runningBridge({ limits: { requests: 2 } });
    const client = await connect();
    for (const request of [1, 2, 3, 4]) client.send({ tag: "list", val: { request } });
    await client.settled();
    expect(client.frames.flatMap((frame) => (frame.tag === "refused" ? [[frame.val.request, frame.val.failure.code]] : []))).toEqual([[3, "busy"], [4, "busy"]]);
  });

  test("numbers of instances in no order", async () => {
    const { connect, plugin } = await runningBridge({ limits: { framesPerSecond: 1_000_000 } });
    const client = await connect();
    for (let index = 0; index < 10_001; index += 1) client.open(plugin, { instance: index * 2 + 1 });
    expect((await client.closed).code).toBe(4400);
  });
});
