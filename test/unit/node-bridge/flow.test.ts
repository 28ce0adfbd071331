import { describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { ORIGIN, protocols } from "./bridge-client.js";
import { encodeResult, STORE } from "./echo-plugin.js";
import { runningBridge } from "./running-bridge.js";

describe("attacks by amounts", () => {
  test("whoever floods is read more slowly, and nobody else", async () => {
    const { connect, plugin } = await runningBridge({ limits: { framesPerSecond: 50 } });
    const [flooder, other] = [await connect(), await connect()];
    const startedAt = performance.now();
    // Of them, 50 are free, and the others take 20 ms each.
    const flood = Array.from({ length: 100 }, () => flooder.settled());
    const instance = await other.opened(plugin);
    expect(await other.result(instance, "check", "here")).toBe("here");
    await Promise.all(flood);
    // The last frames may have come in one piece, and are paid for before the next is read.
    await flooder.settled();
    expect(performance.now() - startedAt).toBeGreaterThan(900);
  });

  test("a page that does not read is produced for no further, and goes on when it reads", async () => {
    const { connect, plugin, executor, until, metric } = await runningBridge({ limits: { outgoingBytes: 1_000_000 } });
    const client = await connect();
    const instance = await client.opened(plugin, { grants: ["stdout"] });
    const [running] = executor.instances;
    client.socket.pause();
    // 50 MB of output, with a call behind it.
    const flood = client.begin(instance, "flood", [800]);
    await until(() => (running?.pauses ?? 0) > 0);
    const held = client.begin(instance, "check", ["held"]);
    const sent = await metric("portcullis_bridge_sent_bytes_total");
    // What systems hold between two ends is some megabytes more.
    expect(sent).toBeLessThan(25_000_000);
    expect(running?.received).toEqual(["flood"]);
    client.socket.resume();
    expect(await client.answer(instance, flood)).toEqual({ tag: "ok", val: encodeResult("flood", "ok", 800) });
    expect((await client.answer(instance, held)).tag).toBe("ok");
    expect(client.frames.filter(({ tag }) => tag === "event")).toHaveLength(800);
  });

  test("no call is begun for a page that has not read the answers to those before", async () => {
    const { connect, plugin, executor, until, metric } = await runningBridge({ limits: { outgoingBytes: 1_000_000 } });
    const client = await connect();
    const instance = await client.opened(plugin);
    const [running] = executor.instances;
    client.socket.pause();
    // More than systems hold between two ends.
    const large = client.begin(instance, "echo", [new Uint8Array(20_000_000)]);
    const held = client.begin(instance, "check", ["held"]);
    await until(() => running?.received.includes("echo") === true);
    // Both had come by then, and the bridge has had its turns since.
    for (let turn = 0; turn < 5; turn += 1) await metric("portcullis_bridge_sent_bytes_total");
    expect(running?.received).toEqual(["echo"]);
    client.socket.resume();
    expect((await client.answer(instance, large)).tag).toBe("ok");
    expect((await client.answer(instance, held)).tag).toBe("ok");
  });

  test("a page that asks without end and reads no answer is not listened to, and taken for dead", async () => {
    const { connect, until, metric, log } = await runningBridge({ limits: { outgoingBytes: 100_000, heartbeatMilliseconds: 100 } });
    const client = await connect();
    client.socket.pause();
    // A manifest for each question.
    let request = 0;
    const asking = setInterval(() => {
      for (let index = 0; index < 200; index += 1) client.send({ tag: "read", val: { request: (request += 1), id: "acme.echo", version: undefined } });
    }, 1);
    await until(() => log.some(({ event }) => event === "connection-dropped"));
    clearInterval(asking);
    const received = await metric("portcullis_bridge_received_bytes_total");
    // Each question has 26 bytes.
    expect(received).toBeLessThan(request * 26);
  });

  test("a page that sends more than may be under way is read no further, and then again", async () => {
    const { connect, plugin, metric } = await runningBridge({ limits: { bytesInFlight: 1_000_000 } });
    const client = await connect();
    const instance = await client.opened(plugin);
    const received = await metric("portcullis_bridge_received_bytes_total");
    client.begin(instance, "rest", [400]);
    const calls = Array.from({ length: 20 }, () => client.begin(instance, "echo", [new Uint8Array(900_000)]));
    expect((await metric("portcullis_bridge_received_bytes_total")) - received).toBeLessThan(4_000_000);
    for (const call of calls) expect((await client.answer(instance, call)).tag).toBe("ok");
  });

  test("a plugin that waits for its page is answered, however much that page has sent", async () => {
    const { connect, plugin } = await runningBridge({ limits: { bytesInFlight: 1_000, calls: 2 } });
    const client = await connect();
    const [asking, resting] = [await client.opened(plugin, { grants: [`host:${STORE}`] }), await client.opened(plugin)];
    const call = client.begin(asking, "ask", ["/notes/today"]);
    const { id } = (await client.frame("host-call")).val;
    client.begin(resting, "rest", [600_000]);
    client.begin(resting, "echo", [new Uint8Array(1_200)]);
    client.send({ tag: "host-answer", val: { instance: asking, id, answer: { tag: "ok", val: encodeResult("read", "ok", "milk") } } });
    expect((await client.answer(asking, call)).tag).toBe("ok");
  });

  test("calls beyond all room are refused", async () => {
    const { connect, plugin } = await runningBridge({ limits: { calls: 2 } });
    const client = await connect();
    const instance = await client.opened(plugin, { grants: [`host:${STORE}`] });
    // While a plugin waits for its page, that is read on.
    client.begin(instance, "ask", ["/notes/today"]);
    await client.frame("host-call");
    const calls = Array.from({ length: 6 }, () => client.begin(instance, "check", ["more"]));
    for (const call of calls.slice(3)) expect(await client.answer(instance, call)).toMatchObject({ tag: "failed", val: { code: "busy" } });
  });

  test("a peer that is gone without a word is let go, with its instances", async () => {
    const { connect, plugin, url, executor, until, log } = await runningBridge({ limits: { heartbeatMilliseconds: 50 } });
    const gone = new WebSocket(url, protocols(), { origin: ORIGIN, autoPong: false });
    gone.on("error", () => undefined);
    const closed = new Promise((resolve) => void gone.on("close", resolve));
    const living = await connect();
    await living.opened(plugin);
    await closed;
    expect(log.find(({ event }) => event === "connection-dropped")).toMatchObject({ reason: "it gives no sign of life" });
    await living.settled();
    expect(executor.running).toBe(1);
    living.socket.terminate();
    await until(() => executor.running === 0);
  });

  test("a page that is read no further is told that the bridge lives, since its own questions are not answered", async () => {
    const { connect } = await runningBridge({ limits: { framesPerSecond: 20, heartbeatMilliseconds: 50 } });
    const client = await connect();
    // They are read at once, and paid for in the three seconds after that.
    for (let number = 1; number <= 80; number += 1) client.send({ tag: "ping", val: number });
    await client.frame("pong", ({ val }) => val === 0);
  });

  test("what a peer sends is a sign of life, as an answer to a ping is", async () => {
    const { connect, log } = await runningBridge({ limits: { heartbeatMilliseconds: 200 } });
    const client = await connect({ autoPong: false });
    let pings = 0;
    await new Promise<void>((resolve) => {
      client.socket.on("ping", () => {
        client.send({ tag: "ping", val: pings });
        pings += 1;
        if (pings === 4) resolve();
      });
      void client.closed.then(() => resolve());
    });
    expect(pings).toBe(4);
    expect(log.filter(({ event }) => event === "connection-dropped")).toEqual([]);
  });

  test("a connection that does nothing is closed, and one with an instance is not", async () => {
    const { connect, plugin } = await runningBridge({ limits: { idleMilliseconds: 60, heartbeatMilliseconds: 20 } });
    const [idle, busy] = [await connect(), await connect()];
    const instance = await busy.opened(plugin);
    expect((await idle.closed).code).toBe(4408);
    expect(await busy.result(instance, "check", "here")).toBe("here");
    busy.send({ tag: "close", val: { instance } });
    expect((await busy.closed).code).toBe(4408);
  });
});
