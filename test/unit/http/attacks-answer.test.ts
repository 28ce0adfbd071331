/** Servers that mean harm to who asks them, and guests that ask for too much. */
import { describe, expect, it } from "vitest";
import { disposeSymbol } from "../../../src/wasi/guest-context.js";
import { guestOf, open, send } from "./attempt.js";
import { answerOf, codeOf, HttpError, makeRequest, readAll, request } from "./guest.js";
import { startHttpServer } from "./http-server.js";
import { Page } from "./page.js";
import { grantedOrigin, servedOrigin } from "./served-origins.js";

const { server, granted, url } = await grantedOrigin();
const other = await servedOrigin();

describe("a redirect", () => {
  it.each([301, 302, 303, 307, 308, 300, 305])("%d is refused, to the same origin and to another", async (status) => {
    const { page, http, sent } = open({ grants: [granted(), `http:GET:${other.origin}`] });
    for (const to of [`${other.origin}/http/echo`, url("echo"), "/http/echo", "//evil.test/"]) {
      expect(await codeOf(request(http, { url: url(`status/${status}?location=${encodeURIComponent(to)}`) }))).toBe("HTTP-protocol-error");
    }
    expect(sent).toHaveLength(4);
    expect(other.seen).toEqual([]);
    expect(server.seen.at(-1)?.url).toContain("/http/status/");
    expect(page.denials.map(({ summary }) => summary)).toEqual(Array.from({ length: 4 }, () => `GET ${url(`status/${status}`)} (answered with a redirect)`));
  });
  it.each([302, 307])("%d without a place to go is one too, as browsers have it", async (status) => {
    const { http } = open({ grants: [granted()] });
    expect(await codeOf(request(http, { url: url(`status/${status}`) }))).toBe("HTTP-protocol-error");
  });
  it.each([300, 304])("%d without a place to go is an answer", async (status) => {
    const { http } = open({ grants: [granted()] });
    expect((await request(http, { url: url(`status/${status}`) })).status).toBe(status);
  });
  it.each(["opaqueredirect", "opaque", "error"] as const)("an answer of the type %s gives nothing away", async (type) => {
    // Node's own fetch has no answers of these types: a browser's has.
    const answer = new Response("hidden", { headers: { "x-hidden": "1" } });
    Object.defineProperty(answer, "type", { value: type });
    const page = new Page({ grants: [granted()], fetch: () => Promise.resolve(answer) });
    const http = guestOf(page);
    expect(await codeOf(request(http, { url: url("echo") }))).toBe(type === "opaqueredirect" ? "HTTP-protocol-error" : "internal-error");
  });
  it("an app's own fetch that followed one is found out", async () => {
    const page = new Page({ grants: [granted()], fetch: (input, init) => fetch(input, { ...init, redirect: "follow" }) });
    const http = guestOf(page);
    expect(await codeOf(request(http, { url: url(`status/302?location=${encodeURIComponent(url("echo"))}`) }))).toBe("HTTP-protocol-error");
  });
});

describe("a server without end", () => {
  it("a compressed bomb stops at the bound of decoded bytes", async () => {
    const { http } = open({ grants: [granted()], limits: { httpResponseBytes: 1_000_000 } });
    const response = await answerOf(await http.handle(makeRequest(http, { url: url("gzip/200000000") })));
    await expect(readAll(http, response.consume())).rejects.toEqual(new HttpError({ tag: "HTTP-response-body-size", val: undefined }));
  });
  it("a body that announces more than the bound is not begun", async () => {
    const { http } = open({ grants: [granted()], limits: { httpResponseBytes: 1_000_000 } });
    await expect(request(http, { url: url("bytes/1000001") })).rejects.toEqual(new HttpError({ tag: "HTTP-response-body-size", val: 1_000_001n }));
  });
  it.each([["never answers", "hang"], ["sends its head and nothing more", "stall"], ["drips", "drip"]])("one that %s ends with the exchange's time", async (_, path) => {
    const { http } = open({ grants: [granted()], limits: { httpMilliseconds: 200 } });
    expect(await codeOf(request(http, { url: url(path) }))).toBe("HTTP-response-timeout");
  });
  it("an app's own fetch that never answers ends there too", async () => {
    const page = new Page({ grants: [granted()], limits: { httpMilliseconds: 50 }, fetch: () => new Promise(() => undefined) });
    const http = guestOf(page);
    expect(await codeOf(request(http, { url: url("echo") }))).toBe("HTTP-response-timeout");
  });
  it("a guest that does not finish its body ends there as well, and is told why", async () => {
    const { http, sent } = open({ grants: [granted()], limits: { httpMilliseconds: 50 } });
    const outgoing = makeRequest(http, { method: "POST", url: url("echo") });
    const body = outgoing.body();
    expect(await codeOf(answerOf(await http.handle(outgoing)))).toBe("connection-write-timeout");
    expect(sent).toEqual([]);
    await expect((async () => http.OutgoingBody.finish(body, undefined))()).rejects.toMatchObject({ payload: { tag: "connection-write-timeout" } });
  });
  it("a server that nobody runs is an error that says so", async () => {
    const gone = await startHttpServer();
    await gone.stop();
    const { http } = open({ grants: [`http:GET:${gone.origin}`] });
    await expect(request(http, { url: `${gone.origin}/` })).rejects.toThrow("the server cannot be reached");
  });
});

describe("many at once", () => {
  it("more exchanges than the bound are refused, and there is room again when some end", async () => {
    const { http } = open({ grants: [granted()], limits: { httpConcurrent: 3 } });
    const waiting = await Promise.all([1, 2, 3].map(async () => http.handle(makeRequest(http, { url: url("hang") }))));
    expect(await codeOf(request(http, { url: url("bytes/1") }))).toBe("connection-limit-reached");
    waiting[0]?.[disposeSymbol]();
    expect((await request(http, { url: url("bytes/1") })).status).toBe(200);
    const unread = await answerOf(await http.handle(makeRequest(http, { url: url("drip") })));
    expect(await codeOf(request(http, { url: url("bytes/1") }))).toBe("connection-limit-reached");
    unread[disposeSymbol]();
    expect((await request(http, { url: url("bytes/1") })).status).toBe(200);
  });
  it("bodies have one bound together, in however small pieces they come", async () => {
    const { page } = open({ grants: [granted()], limits: { httpRequestBytes: 100_000 } });
    const [first, second] = await Promise.all([page.serve("http.body.open", []), page.serve("http.body.open", [])]);
    const write = (body: typeof first, length: number) => page.serve("http.body.write", [(body as { value: number }).value, new Uint8Array(length)]);
    for (let count = 0; count < 1_000; count += 1) expect(await write(first, 1)).toMatchObject({ kind: "ok" });
    expect(await write(first, 59_000)).toMatchObject({ kind: "ok" });
    expect(await write(second, 40_001)).toMatchObject({ kind: "err", value: { tag: "HTTP-request-body-size", val: 40_001n } });
    expect(await write(second, 1)).toMatchObject({ kind: "err" });
    await page.serve("handle.drop", [(first as { value: number }).value]);
    expect(await write(await page.serve("http.body.open", []), 100_000)).toMatchObject({ kind: "ok" });
  });
  it("a whole body that is refused leaves room for the next", async () => {
    const { page } = open({ grants: [granted()], limits: { httpRequestBytes: 1_000, httpConcurrent: 1 } });
    const values = (body: unknown) => ["POST", "http", `127.0.0.1:${server.port}`, "/http/hang", [], body];
    const first = (await send(page, values(new Uint8Array(600)))) as { value: number };
    expect(await send(page, values(new Uint8Array(300)))).toMatchObject({ value: { tag: "connection-limit-reached" } });
    await page.serve("handle.drop", [first.value]);
    expect(await send(page, values(new Uint8Array(1_000)))).toMatchObject({ kind: "ok" });
  });
});

describe("a grant that is taken back", () => {
  it("ends an answer that is being read", async () => {
    const { page, http } = open({ grants: [granted()] });
    const body = (await answerOf(await http.handle(makeRequest(http, { url: url("drip") })))).consume();
    const stream = body.stream();
    await stream.blockingRead(10n);
    page.grants = [];
    const reading = (async () => {
      while (true) await stream.blockingRead(10n);
    })();
    await expect(reading).rejects.toMatchObject({ payload: { tag: "last-operation-failed", val: { code: { tag: "HTTP-request-denied" } } } });
    expect(page.denials.length).toBe(1);
  });
  it("stops a request whose body is being written", async () => {
    const { page, http, sent } = open({ grants: [granted()] });
    const outgoing = makeRequest(http, { method: "POST", url: url("echo") });
    const body = outgoing.body();
    const future = await http.handle(outgoing);
    page.grants = [];
    await http.OutgoingBody.finish(body, undefined);
    expect(await codeOf(answerOf(future))).toBe("HTTP-request-denied");
    expect(sent).toEqual([]);
  });
  it("an instance that ends leaves no request behind", async () => {
    const { page, http, sent } = open({ grants: [granted()] });
    await http.handle(makeRequest(http, { url: url("hang") }));
    await answerOf(await http.handle(makeRequest(http, { url: url("drip") })));
    page.abort();
    expect(sent.map(({ init }) => init.signal?.aborted)).toEqual([true, true]);
    expect(await send(page, ["GET", "http", `127.0.0.1:${server.port}`, "/http/echo", [], undefined])).toMatchObject({ value: { tag: "connection-limit-reached" } });
  });
});
