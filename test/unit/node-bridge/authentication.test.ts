import { once } from "node:events";
import { rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { connect as connectTcp } from "node:net";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { BRIDGE_PROTOCOL, TOKEN_PROTOCOL_PREFIX } from "../../../src/runtime/bridge/frame-types.js";
import { ORIGIN, protocols, refusal, TOKEN } from "./bridge-client.js";
import { runningBridge, temporaryDirectory, until } from "./running-bridge.js";

const OTHER_TOKEN = "another-token-that-is-long-enough-0002";

async function tokenFile(text: string): Promise<string> {
  const path = join(await temporaryDirectory(), "tokens");
  await writeFile(path, text);
  return path;
}

describe("attacks on the way in", () => {
  test.each<[string, Parameters<typeof refusal>[1], number, string]>([
    ["a token that is not known", { token: OTHER_TOKEN }, 401, "token"],
    ["a token that differs in its last character", { token: `${TOKEN.slice(0, -1)}2` }, 401, "token"],
    ["a token with more behind it", { token: `${TOKEN}0` }, 401, "token"],
    ["no token", { protocols: [BRIDGE_PROTOCOL] }, 401, "token"],
    ["an empty token", { protocols: [BRIDGE_PROTOCOL, TOKEN_PROTOCOL_PREFIX] }, 401, "token"],
    ["two tokens", { protocols: [...protocols(TOKEN), ...protocols(OTHER_TOKEN).slice(1)] }, 401, "token"],
    ["a token in another encoding", { protocols: [BRIDGE_PROTOCOL, `${TOKEN_PROTOCOL_PREFIX}${TOKEN}!`] }, 401, "token"],
    ["another protocol", { protocols: ["chat", ...protocols().slice(1)] }, 400, "protocol"],
    ["no protocol", { protocols: [] }, 400, "protocol"],
    ["another origin", { origin: "https://evil.example.com" }, 403, "origin"],
    ["an origin that begins like ours", { origin: `${ORIGIN}.evil.com` }, 403, "origin"],
    ["an origin with another port", { origin: `${ORIGIN}:444` }, 403, "origin"],
    ["the origin of a sandboxed frame", { origin: "null" }, 403, "origin"],
    ["no origin", { origin: undefined }, 403, "origin"],
    ["a name that leads here by DNS rebinding", { host: "evil.example.com" }, 403, "host"],
    ["our name with another port", { host: "127.0.0.1:1" }, 403, "host"],
    ["another path", { path: "other" }, 400, "path"],
    ["a path that climbs", { path: "x/.." , host: "evil.example.com" }, 403, "host"],
  ])("%s", async (_name, options, status, code) => {
    const { url, log, lines, metric } = await runningBridge();
    expect(await refusal(url, options)).toMatchObject({ status, code, headers: { "content-type": "application/json" } });
    if (code !== "path") {
      expect(log.filter(({ event }) => event === "refused").map(({ refusal: found }) => found)).toEqual([code]);
      expect(await metric(`portcullis_bridge_refused_total{reason="${code}"}`)).toBe(1);
    }
    expect(lines.join()).not.toContain(TOKEN.slice(0, -1));
    expect(lines.join()).not.toContain(OTHER_TOKEN);
  });

  test("two host headers are refused, whichever comes first", async () => {
    const { service: { port } } = await runningBridge();
    for (const hosts of [[`127.0.0.1:${port}`, "evil.example.com"], ["evil.example.com", `127.0.0.1:${port}`]]) {
      const socket = connectTcp(port, "127.0.0.1");
      const lines = ["GET / HTTP/1.1", ...hosts.map((host) => `Host: ${host}`), `Origin: ${ORIGIN}`, "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", `Sec-WebSocket-Protocol: ${protocols().join(", ")}`];
      socket.write(`${lines.join("\r\n")}\r\n\r\n`);
      const [answer] = (await once(socket, "data")) as [Buffer];
      expect(answer.toString()).toMatch(/^HTTP\/1\.1 40[03] /);
      socket.destroy();
    }
  });

  test("health and figures are told only under the bridge's own name, without a token", async () => {
    const { service: { port } } = await runningBridge();
    const status = (path: string, host: string, method = "GET") => new Promise<number | undefined>((resolve) => {
      request({ port, host: "127.0.0.1", path, method, headers: { Host: host } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      }).end();
    });
    for (const path of ["/healthz", "/metrics"]) {
      expect(await status(path, `localhost:${port}`)).toBe(200);
      expect(await status(path, "evil.example.com")).toBe(403);
      expect(await status(path, `localhost:${port}`, "POST")).toBe(405);
    }
    expect(await status("/", `localhost:${port}`)).toBe(404);
  });

  test("whoever tries token after token waits longer and longer, and keeps out nobody who has one", async () => {
    const { url, connect, metric } = await runningBridge();
    const tries = Array.from({ length: 6 }, (_, index) => refusal(url, { token: `${OTHER_TOKEN}${index}` }));
    await Promise.all(tries.map(async (attempt) => expect((await attempt).status).toBe(401)));
    await connect();
    expect(await metric('portcullis_bridge_refused_total{reason="token"}')).toBe(6);
  });

  test("a crowd of connections", async () => {
    const { url, connect } = await runningBridge({ limits: { connections: 3, connectionsPerToken: 2 }, tokens: [{ token: TOKEN }, { token: OTHER_TOKEN }] });
    const [first] = [await connect(), await connect()];
    expect(await refusal(url)).toMatchObject({ status: 429, code: "too-many-connections" });
    await connect({ token: OTHER_TOKEN });
    expect(await refusal(url, { token: OTHER_TOKEN })).toMatchObject({ status: 429, headers: { "retry-after": "5" } });
    first?.socket.close();
    await first?.closed;
    const again = await connect({ token: OTHER_TOKEN });
    again.socket.close();
  });

  test("a crowd that comes at once gets no more places than there are", async () => {
    const { url, connect } = await runningBridge({ limits: { connections: 4 }, authenticate: () => new Promise((resolve) => setTimeout(() => resolve({}), 20)) });
    const attempts = await Promise.allSettled(Array.from({ length: 12 }, () => connect({ token: OTHER_TOKEN })));
    expect(attempts.filter(({ status }) => status === "fulfilled")).toHaveLength(4);
    expect((await refusal(url, { token: OTHER_TOKEN })).status).toBe(429);
  });
});

describe("tokens", () => {
  test("only the protocol is echoed, never the token", async () => {
    const { connect } = await runningBridge();
    expect((await connect()).socket.protocol).toBe(BRIDGE_PROTOCOL);
  });

  test("programs without an origin come in where that is allowed, and pages of others still do not", async () => {
    const { connect, url } = await runningBridge({ allowMissingOrigin: true });
    await connect({ origin: undefined });
    expect((await refusal(url, { origin: "https://evil.example.com" })).code).toBe("origin");
  });

  test("names can be allowed", async () => {
    const { connect, url } = await runningBridge({ hosts: ["Bridge.Example.com"] });
    await connect({ host: "bridge.example.com" });
    expect((await refusal(url)).code).toBe("host");
  });

  test("that expired open nothing, and end what they opened", async () => {
    let now = new Date("2030-01-01T00:00:00Z");
    const path = await tokenFile(`# ours\n${TOKEN} 2030-01-01T00:00:10Z\n${OTHER_TOKEN} # for ever\n`);
    const { connect, url, executor, plugin, until } = await runningBridge({ tokenFile: path, now: () => now });
    const [client, other] = [await connect(), await connect({ token: OTHER_TOKEN })];
    await client.opened(plugin);
    now = new Date("2030-01-01T00:00:10Z");
    expect(await refusal(url)).toMatchObject({ status: 401, code: "token-expired" });
    expect((await client.closed).code).toBe(4001);
    await until(() => executor.running === 0);
    await other.opened(plugin);
  });

  test("that are taken off their file end what they opened, and new ones are known", async () => {
    const path = await tokenFile(`${TOKEN}\n`);
    const { connect, url, until, log } = await runningBridge({ tokenFile: path });
    const client = await connect();
    expect((await refusal(url, { token: OTHER_TOKEN })).status).toBe(401);
    await writeFile(path, `${OTHER_TOKEN}\nshort\n`);
    expect((await client.closed).code).toBe(4001);
    expect((await refusal(url)).status).toBe(401);
    const other = await connect({ token: OTHER_TOKEN });
    // What is no token is nobody's.
    expect((await refusal(url, { token: "short" })).status).toBe(401);
    expect(log.find(({ event }) => event === "token-ignored")).toMatchObject({ reason: expect.stringContaining("line 2") });
    await rm(path);
    expect((await other.closed).code).toBe(4001);
    await until(() => log.some(({ event }) => event === "tokens-unreadable"));
  });

  test("of the app's own are asked for, and end when it said", async () => {
    let now = new Date("2030-01-01T00:00:00Z");
    const asked: string[] = [];
    const { connect, url, log } = await runningBridge({
      now: () => now,
      authenticate: (token) => {
        asked.push(token);
        if (token === "broken") return Promise.reject(new Error("the database is away"));
        return Promise.resolve(token === "alice" ? { expires: new Date("2030-01-01T00:00:05Z"), subject: "Alice" } : undefined);
      },
    });
    const client = await connect({ token: "alice" });
    expect(log.find(({ event }) => event === "connection-opened")).toMatchObject({ subject: "Alice" });
    expect(await refusal(url, { token: "mallory" })).toMatchObject({ status: 401, code: "token" });
    expect(await refusal(url, { token: "broken" })).toMatchObject({ status: 503, code: "unavailable" });
    expect(asked).toEqual(["alice", "mallory", "broken"]);
    // The origin is looked at first: no stranger's page makes the app look for anything.
    expect((await refusal(url, { token: "alice", origin: "https://evil.example.com" })).code).toBe("origin");
    expect(asked).toHaveLength(3);
    now = new Date("2030-01-01T00:00:05Z");
    expect((await client.closed).code).toBe(4001);
  });

  test("are not waited for without end", async () => {
    const { url } = await runningBridge({ limits: { handshakeMilliseconds: 20 }, authenticate: () => new Promise(() => undefined) });
    expect(await refusal(url)).toMatchObject({ status: 503, code: "timeout" });
  });

  test("are not asked for again and again by whoever guesses", async () => {
    let asked = 0;
    const { url } = await runningBridge({
      authenticate: () => {
        asked += 1;
        return Promise.resolve(undefined);
      },
    });
    // Their answers are held back, and they count from the moment they fail.
    const sockets = Array.from({ length: 40 }, (_, index) => new WebSocket(url, protocols(`guess-${index}`), { origin: ORIGIN }));
    for (const socket of sockets) socket.on("error", () => undefined);
    await until(() => asked >= 30);
    expect(await refusal(url, { token: "guess-again" })).toMatchObject({ status: 429, code: "too-many-failures" });
    for (const socket of sockets) socket.terminate();
    expect(asked).toBeLessThanOrEqual(40);
  });
});

describe("what cannot be set up", () => {
  test.each([
    [{ origins: ["https://app.example.com/"] }, "without a path"],
    [{ origins: ["null"] }, "null"],
    [{ origins: ["*"] }, "*"],
    [{ tokens: [{ token: "short" }] }, "at least 32"],
    [{ tokens: [] }, "nobody could connect"],
    [{ limits: { calls: 0 } }, "calls"],
    [{ limits: { idleMilliseconds: 2 ** 31 } }, "idleMilliseconds"],
    [{ path: "bridge" }, "/bridge"],
    [{ listen: "0.0.0.0:0" }, "--behind-tls-proxy"],
    [{ listen: "127.0.0.1" }, "127.0.0.1:4010"],
  ])("%j", async (options, message) => {
    await expect(runningBridge(options)).rejects.toMatchObject({ code: "usage-invalid", message: expect.stringContaining(message) as string });
  });

  test("a token file without tokens, and a directory that is not there", async () => {
    const path = await tokenFile("# none yet\n");
    await expect(runningBridge({ tokenFile: path })).rejects.toMatchObject({ code: "usage-invalid" });
    await expect(runningBridge({ tokenFile: `${path}.other` })).rejects.toMatchObject({ code: "source-unreachable" });
    await expect(runningBridge({ plugins: path })).rejects.toMatchObject({ code: "source-unreachable" });
  });
});
