import { once } from "node:events";
import { createServer, request } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { createBridge } from "../../../src/node/bridge/create-bridge.js";
import { serveBridge } from "../../../src/node/bridge/serve-bridge.js";
import { BridgeClient, ORIGIN, protocols, refusal, TOKEN } from "./bridge-client.js";
import { EchoExecutor } from "./echo-executor.js";
import { encodeResult, writePackage } from "./echo-plugin.js";
import { runningBridge, temporaryDirectory, trustTests } from "./running-bridge.js";

describe("a bridge that is going to stop", () => {
  test("lets running calls end, begins nothing, says so, and closes", async () => {
    const { service, connect, plugin, url, http, executor, metric } = await runningBridge();
    const [busy, idle] = [await connect(), await connect()];
    const instance = await busy.opened(plugin);
    const call = busy.begin(instance, "rest", [600]);
    await busy.settled();
    const drained = service.drain();
    await Promise.all([busy.frame("draining"), idle.frame("draining")]);
    expect(await (await fetch(new URL("/healthz", http))).json()).toEqual({ status: "draining" });
    expect((await fetch(new URL("/healthz", http))).status).toBe(503);
    expect(await metric("portcullis_bridge_draining")).toBe(1);
    expect(await refusal(url)).toMatchObject({ status: 503, code: "draining", headers: { "retry-after": "5" } });
    expect((await busy.ended(busy.open(plugin))).code).toBe("bridge-refused");
    expect((await idle.closed).code).toBe(1001);
    expect(await busy.answer(instance, call)).toEqual({ tag: "ok", val: encodeResult("rest", "ok", 600) });
    expect((await busy.closed).code).toBe(1001);
    await drained;
    expect(executor).toMatchObject({ running: 0, closed: true });
    await expect(fetch(new URL("/healthz", http))).rejects.toThrow();
  });

  test("lets a stream go on that is read step by step", async () => {
    const { service, connect, plugin } = await runningBridge();
    const client = await connect();
    const instance = await client.opened(plugin);
    const stream = await client.result(instance, "ticks", 30n);
    const drained = service.drain();
    for (let item = 0n; item < 30n; item += 1n) {
      expect(await client.result(instance, "[method]ticks-stream.next", stream)).toBe(item);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await drained;
  });

  test("does not wait without end", async () => {
    const { service, connect, plugin, executor } = await runningBridge({ limits: { drainMilliseconds: 50 } });
    const client = await connect();
    client.begin(await client.opened(plugin), "rest", [600_000]);
    await client.settled();
    await service.drain();
    expect((await client.closed).code).toBe(1001);
    expect(executor.running).toBe(0);
  });

  test("sends what it has to say before it closes, though its page takes a while to read it", async () => {
    const { service, executor, connect, plugin, until } = await runningBridge();
    const client = await connect();
    const instance = await client.opened(plugin);
    const [running] = executor.instances;
    client.socket.pause();
    // More than systems hold between two ends.
    const call = client.begin(instance, "echo", [new Uint8Array(12_000_000)]);
    await until(() => running?.received.includes("echo") === true);
    const drained = service.drain();
    await until(() => executor.running === 0);
    client.socket.resume();
    expect((await client.answer(instance, call)).tag).toBe("ok");
    await drained;
  });
});

describe("a bridge", () => {
  test("that comes back at its port serves the same page again: it has kept nothing that is missed", async () => {
    const first = await runningBridge();
    const client = await first.connect();
    await client.opened(first.plugin);
    await first.service.close();
    expect((await client.closed).code).toBe(1001);
    const executor = new EchoExecutor();
    const second = await serveBridge({ plugins: first.directory, trust: await trustTests(), origins: [ORIGIN], tokens: [{ token: TOKEN }], listen: `127.0.0.1:${first.service.port}`, executor: () => executor });
    onTestFinished(() => second.close());
    const again = await BridgeClient.connect(second.url);
    expect(await again.result(await again.opened(first.plugin), "check", "back")).toBe("back");
    await expect(serveBridge({ plugins: first.directory, trust: await trustTests(), origins: [ORIGIN], tokens: [{ token: TOKEN }], listen: `127.0.0.1:${second.port}`, executor: () => executor })).rejects.toMatchObject({ code: "usage-invalid" });
  });

  test("can be mounted on the app's own server, beside the app's own paths and sockets", async () => {
    const directory = await temporaryDirectory();
    const plugin = await writePackage(directory);
    const bridge = await createBridge({ plugins: directory, trust: await trustTests(), origins: [ORIGIN], tokens: [{ token: TOKEN }], path: "/bridge", executor: () => new EchoExecutor() });
    const server = createServer((request, response) => void (bridge.handleRequest(request, response) || response.end("the app's")));
    server.on("upgrade", (request, socket, head) => {
      if (!bridge.handleUpgrade(request, socket, head)) socket.end("HTTP/1.1 418 I'm the app's\r\nContent-Length: 18\r\n\r\n{\"code\":\"the-app\"}");
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    onTestFinished(async () => {
      await bridge.close();
      server.close();
    });
    const base = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const client = await BridgeClient.connect(`ws://${base}/bridge?page=1`);
    expect(await client.result(await client.opened(plugin), "check", "mounted")).toBe("mounted");
    expect(await refusal(`ws://${base}/bridge/`)).toMatchObject({ status: 418, code: "the-app" });
    expect(await (await fetch(`http://${base}/healthz`)).text()).toBe("the app's");
    expect((await fetch(`http://${base}/bridge/healthz`)).status).toBe(200);
    expect(await (await fetch(`http://${base}/bridge/metrics`)).text()).toContain("portcullis_bridge_executor_echoes 1");
  });

  test("tells in its log what happened, in one object a line, and nothing of what was said", async () => {
    const { connect, plugin, lines, log, until } = await runningBridge();
    const client = await connect();
    const instance = await client.opened(plugin, { grants: ["stdout"] });
    await client.call(instance, "print", "a secret\n\u202e");
    await client.call(instance, "check", "!a secret");
    client.socket.close(1000, "a secret");
    await until(() => log.some(({ event }) => event === "connection-closed"));
    expect(log.map(({ event }) => event)).toEqual(["package-listed", "connection-opened", "instance-started", "instance-ended", "connection-closed"]);
    expect(log.every(({ time, level }) => !Number.isNaN(Date.parse(time)) && ["info", "warn", "error"].includes(level))).toBe(true);
    expect(lines.join("\n")).not.toMatch(/secret|a-token|\u202e/);
    expect(lines.every((line) => !line.includes("\n"))).toBe(true);
  });

  test("gives figures that Prometheus reads", async () => {
    const { connect, plugin, http, metric } = await runningBridge();
    const client = await connect();
    const instance = await client.opened(plugin);
    await client.call(instance, "check", "yes");
    await client.call(instance, "check", "!no");
    const text = await (await fetch(new URL("/metrics", http))).text();
    for (const line of text.trim().split("\n")) expect(line).toMatch(/^(?:# (?:HELP|TYPE) [a-z_]+ .+|[a-z_]+(?:\{[a-z]+="[^"]*"\})? [0-9.e+-]+)$/);
    expect(text).toContain('portcullis_bridge_calls_total{outcome="ok"} 1\n');
    expect(text).toContain('portcullis_bridge_calls_total{outcome="err"} 1\n');
    expect(text).toMatch(/portcullis_bridge_call_seconds_bucket\{le="\+Inf"\} 2\nportcullis_bridge_call_seconds_sum [0-9.e-]+\nportcullis_bridge_call_seconds_count 2\n/);
    expect(await metric("portcullis_bridge_connections")).toBe(1);
    expect(await metric("portcullis_bridge_instances")).toBe(1);
    expect(await metric("portcullis_bridge_sent_bytes_total")).toBeGreaterThan(0);
    expect(text).not.toMatch(/acme|echo\/echo/);
  });

  test.each(["not a frame at all, but long enough to be read as one", "\xff\xff\xff\xff", "\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff"])("does not fall over what is no WebSocket: %j", async (bytes) => {
    const { connect, service: { port }, plugin } = await runningBridge();
    const asked = request({
      port, host: "127.0.0.1",
      headers: { Origin: ORIGIN, Connection: "Upgrade", Upgrade: "websocket", "Sec-WebSocket-Version": 13, "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Protocol": protocols().join(", ") },
    });
    asked.end();
    const [, socket] = (await once(asked, "upgrade")) as [unknown, Socket];
    socket.write(Buffer.from(bytes, "latin1"));
    socket.resume();
    await once(socket, "close");
    await (await connect()).opened(plugin);
  });
});
