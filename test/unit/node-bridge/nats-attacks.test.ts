import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import type { InstanceEnd, InstanceOrder } from "../../../src/node/executor/executor.js";
import { NatsChannel } from "../../../src/node/executor/nats-channel.js";
import { connectNats, type NatsConnection } from "../../../src/node/executor/nats-connection.js";
import { createNatsExecutor } from "../../../src/node/executor/nats-executor.js";
import { runNatsExecutor } from "../../../src/node/executor/nats-executor-service.js";
import { OFFER, OFFER_REPLY, PART, SUBJECT, TO_BRIDGE, TO_EXECUTOR, type ToBridge } from "../../../src/node/executor/nats-messages.js";
import { encodeArguments, target } from "./echo-plugin.js";
import { EchoExecutor } from "./echo-executor.js";
import { MISSING_NATS, startNats } from "./nats-server.js";
import { until } from "./running-bridge.js";

const TIMES = { heartbeatMilliseconds: 50, silenceMilliseconds: 5_000 };
const ORDER: InstanceOrder = {
  id: "acme.echo", version: "1.0.0", manifestSha256: "0".repeat(64), grants: [], config: undefined,
  limits: { instantiateMilliseconds: 5_000, callMilliseconds: 5_000, memoryBytes: 1, messageBytes: 1, logBytes: 1 },
};
const NAME = "0123456789abcdef0123456789abcdef";

describe("a channel", () => {
  function channel(options: Partial<ConstructorParameters<typeof NatsChannel>[0]> = {}) {
    const [sent, received, broken]: [Uint8Array[], Uint8Array[], string[]] = [[], [], []];
    let ends = 0;
    const made = new NatsChannel({
      messageBytes: 2_048, receivedBytes: 1_000_000,
      publish: (bytes) => void sent.push(bytes), onMessage: (bytes) => void received.push(bytes), onBroken: (reason) => void broken.push(reason), onEnd: () => (ends += 1), ...options,
    });
    return { made, sent, received, broken, ends: () => ends };
  }

  test("carries messages of any size in order, and never has more under way than its window", () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 400_000 }), { minLength: 1, maxLength: 12 }), (sizes) => {
      const [from, to] = [channel({ messageBytes: 100_000 }), channel({ messageBytes: 100_000 })];
      const messages = sizes.map((size, index) => new Uint8Array(size).fill(index));
      for (const message of messages) from.made.send(message);
      let under = 0;
      while (from.sent.length > 0) {
        under = Math.max(under, from.sent.reduce((sum, { length }) => sum + length, 0));
        const [bytes = new Uint8Array()] = from.sent.splice(0, 1);
        to.made.receive(bytes);
        for (const word of to.sent.splice(0)) from.made.receive(word);
      }
      expect(under).toBeLessThan(1_300_000);
      expect(to.received.map(({ length, 0: first }) => [length, first])).toEqual(messages.map(({ length, 0: first }) => [length, first]));
      expect([from.broken, to.broken]).toEqual([[], []]);
    }), { numRuns: 30 });
  });

  const part = (number: number, bytes = new Uint8Array(10), isLast = true): Uint8Array => PART.encode({ tag: "part", val: { number, isLast, bytes } });

  test.each<[string, readonly Uint8Array[]]>([
    ["a part that is missing", [part(0), part(2)]],
    ["a part that comes twice", [part(0), part(0)]],
    ["a part of a stranger", [part(77)]],
    ["a message without end", Array.from({ length: 1_100 }, (_, index) => part(index, new Uint8Array(1_000), false))],
    ["that more was taken than was sent", [PART.encode({ tag: "taken", val: 5 })]],
    ["something of no known form", [new Uint8Array([9, 9])]],
    ["nothing", [new Uint8Array()]],
  ])("attack: %s breaks it, once", (_name, messages) => {
    const { made, broken, received } = channel();
    for (const message of messages) made.receive(message);
    made.receive(part(0));
    made.receive(new Uint8Array());
    expect(broken).toHaveLength(1);
    expect(received.length).toBeLessThan(2);
  });

  test("attack: anything at all", () => {
    fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), (messages) => {
      const { made } = channel();
      for (const message of messages) made.receive(message);
      for (const message of messages) {
        for (const form of [OFFER, OFFER_REPLY, PART, TO_BRIDGE, TO_EXECUTOR]) form.decode(message);
      }
    }));
  });

  test("ends at once, and forgets what waits", async () => {
    const { made, sent } = channel();
    made.send(new Uint8Array(5_000_000));
    const emptied = made.emptied();
    const before = sent.length;
    made.end();
    await emptied;
    expect(sent.slice(before).map((bytes) => PART.decode(bytes))).toEqual([{ tag: "end" }]);
  });
});

describe.skipIf(MISSING_NATS !== undefined)(MISSING_NATS ?? "attacks over NATS", () => {
  async function stranger(server: string): Promise<NatsConnection> {
    const connection = await connectNats({ servers: [server] }, () => undefined);
    onTestFinished(() => connection.close());
    return connection;
  }

  test("orders that are none are not taken, and take no place", async () => {
    const nats = await startNats();
    const service = await runNatsExecutor({ servers: [nats.url], executor: new EchoExecutor(), instances: 2, times: TIMES });
    onTestFinished(() => service.close());
    const connection = await stranger(nats.url);
    const offers = [new Uint8Array(), new Uint8Array(5_000), OFFER.encode({ bridge: "*", channel: NAME }), OFFER.encode({ bridge: ">", channel: NAME }), OFFER.encode({ bridge: NAME, channel: "a.b" })];
    for (const offer of offers) expect(await connection.request(SUBJECT.orders, offer, 50)).toBe("late");
    connection.publish(SUBJECT.orders, OFFER.encode({ bridge: NAME, channel: NAME }));
    // What comes after all of them is answered after them.
    const reply = await connection.request(SUBJECT.orders, OFFER.encode({ bridge: NAME, channel: "f".repeat(32) }), 5_000);
    expect(typeof reply === "string" ? reply : OFFER_REPLY.decode(reply)?.tag).toBe("accepted");
    expect(service.running).toBe(1);
  });

  test("messages that are none, before an order or after it, end what they were for, and no other", async () => {
    const nats = await startNats();
    const echo = new EchoExecutor();
    const service = await runNatsExecutor({ servers: [nats.url], executor: echo, times: TIMES });
    onTestFinished(() => service.close());
    const executor = await createNatsExecutor({ servers: [nats.url], times: TIMES });
    onTestFinished(() => executor.close());
    const kept = await executor.start(ORDER, { onEvent: () => undefined, onHostCall: () => undefined, onEnded: () => undefined }, new AbortController().signal);
    const connection = await stranger(nats.url);
    const part = (message: Parameters<typeof TO_EXECUTOR.encode>[0], number = 0): Uint8Array => PART.encode({ tag: "part", val: { number, isLast: true, bytes: TO_EXECUTOR.encode(message) } });
    const start = part({ tag: "start", val: { ...ORDER, grants: [] } });
    const attacks: readonly (readonly Uint8Array[])[] = [
      [new Uint8Array([1, 2, 3])],
      [part({ tag: "pause" })],
      [part({ tag: "call", val: { call: 1, target: "x", arguments: new Uint8Array(), milliseconds: 1 } })],
      [PART.encode({ tag: "part", val: { number: 0, isLast: true, bytes: new Uint8Array([99]) } })],
      [start, start],
      [start, part({ tag: "start", val: { ...ORDER, grants: [] } }, 1)],
    ];
    for (const [index, attack] of attacks.entries()) {
      const channel = index.toString(16).padStart(32, "0");
      const reply = await connection.request(SUBJECT.orders, OFFER.encode({ bridge: NAME, channel }), 2_000);
      const accepted = typeof reply === "string" ? undefined : OFFER_REPLY.decode(reply);
      if (accepted?.tag !== "accepted") throw new Error(`the offer was not accepted: ${String(reply)}`);
      for (const bytes of attack) connection.publish(SUBJECT.toExecutor(accepted.val.executor, channel), bytes);
      await connection.flushed();
      await until(() => service.running === 1 && echo.running === 1);
    }
    expect(await kept.call(target("check"), encodeArguments("check", "kept"), 2_000)).toMatchObject({ kind: "ok" });
  });

  test("an executor that lies loses its own instance, with an error of ours", async () => {
    const nats = await startNats();
    const connection = await stranger(nats.url);
    const failure = { code: "no-such-code", stage: "no-such-stage", message: "x".repeat(10_000) };
    const lies: readonly (readonly [ToBridge | "garbage", string])[] = [
      ["garbage", "bridge-disconnected"],
      [{ tag: "started" }, "bridge-disconnected"],
      [{ tag: "answer", val: { call: 5, outcome: { tag: "ok", val: new Uint8Array() } } }, "bridge-disconnected"],
      [{ tag: "ended", val: failure }, "crashed"],
    ];
    for (const [lie, code] of lies) {
      const executor = await createNatsExecutor({ servers: [nats.url], times: TIMES });
      let channel = { bridge: "", channel: "" };
      const stopOffers = connection.subscribe(SUBJECT.orders, undefined, (bytes, reply) => {
        channel = OFFER.decode(bytes) ?? channel;
        reply?.(OFFER_REPLY.encode({ tag: "accepted", val: { executor: NAME } }));
      });
      let sent = 0;
      const say = (message: ToBridge | "garbage"): void => {
        const bytes = message === "garbage" ? new Uint8Array([99]) : TO_BRIDGE.encode(message);
        connection.publish(SUBJECT.toBridge(channel.bridge, channel.channel), PART.encode({ tag: "part", val: { number: sent, isLast: true, bytes } }));
        sent += 1;
      };
      const stopInstances = connection.subscribe(SUBJECT.toExecutor(NAME, "*"), undefined, () => {
        if (sent === 0) say({ tag: "started" });
      });
      await connection.flushed();
      let onEnded: (end: InstanceEnd) => void = () => undefined;
      const ended = new Promise<InstanceEnd>((resolve) => (onEnded = resolve));
      const instance = await executor.start(ORDER, { onEvent: () => undefined, onHostCall: () => undefined, onEnded }, new AbortController().signal);
      const call = instance.call(target("check"), encodeArguments("check", "x"), 60_000);
      call.catch(() => undefined);
      say(lie);
      expect((await ended).code).toBe(code);
      expect((await ended).message.length).toBeLessThan(5_000);
      await expect(call).rejects.toMatchObject({ code });
      stopOffers();
      stopInstances();
      await executor.close();
    }
  });

  test("an executor with a name that reaches others is not believed", async () => {
    const nats = await startNats();
    const connection = await stranger(nats.url);
    connection.subscribe(SUBJECT.orders, undefined, (_bytes, reply) => reply?.(OFFER_REPLY.encode({ tag: "accepted", val: { executor: ">" } })));
    await connection.flushed();
    const executor = await createNatsExecutor({ servers: [nats.url], times: TIMES });
    onTestFinished(() => executor.close());
    const starting = executor.start({ ...ORDER, limits: { ...ORDER.limits, instantiateMilliseconds: 100 } }, { onEvent: () => undefined, onHostCall: () => undefined, onEnded: () => undefined }, new AbortController().signal);
    await expect(starting).rejects.toMatchObject({ code: "busy" });
  });
});
