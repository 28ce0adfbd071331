import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { disposeSymbol, ImportError } from "../../../src/wasi/guest-context.js";
import { type Link, openBlockingLink, openSuspendingLink } from "./channels.js";
import { answerOf, codeOf, guestContext, guestHttp, type GuestHttp, HttpError, makeRequest, readAll, request, writeBody } from "./guest.js";

const MODES = [
  { mode: "host calls that answer at once", open: openBlockingLink },
  { mode: "host calls that answer with promises", open: openSuspendingLink },
];

describe.each(MODES)("wasi:http over $mode", ({ open }) => {
  let link: Link;
  let http: GuestHttp;
  let url: (path: string) => string;

  beforeAll(async () => {
    link = await open(["http:DELETE,GET,HEAD,PATCH,POST,PUT:ORIGIN/http/"], { httpRequestBytes: 300_000, httpResponseBytes: 500_000 });
    http = guestHttp(guestContext(link.channel).context);
    url = (path) => `${link.origin}/http/${path}`;
  });
  afterAll(() => link.stop());

  it.each(["GET", "POST", "PUT", "DELETE", "PATCH"])("sends %s with its headers and query", async (method) => {
    const { status, text } = await request(http, { method, url: url("echo?a=1&b=%2F"), headers: [["X-Note", "caf\xe9"], ["Authorization", "Bearer own"]] });
    expect(status).toBe(200);
    expect(JSON.parse(text)).toMatchObject({ method, url: "/http/echo?a=1&b=%2F", headers: { "x-note": "caf\xe9", authorization: "Bearer own" } });
  });

  it.each([0, 5, 4_096, 65_536, 65_537, 200_000])("sends a body of %d bytes, written after the request was made", async (length) => {
    const body = "0123456789abcdef".repeat(Math.ceil(length / 16)).slice(0, length);
    const { text } = await request(http, { method: "POST", url: url("echo"), headers: [["content-length", String(length)]], body });
    expect(JSON.parse(text).body).toBe(body);
    expect(JSON.parse(text).headers["content-length"]).toBe(String(length));
  });

  it.each([5, 70_000])("sends a body of %d bytes that was finished before the request was made", async (length) => {
    const outgoing = makeRequest(http, { method: "PUT", url: url("echo") });
    await writeBody(http, outgoing.body(), Buffer.alloc(length, "b"), 10_000);
    const body = Buffer.from(await readAll(http, (await answerOf(await http.handle(outgoing))).consume()));
    expect(JSON.parse(body.toString()).body).toBe("b".repeat(length));
  });

  it("writes pieces of any size, zeroes and what another stream has", async () => {
    const outgoing = makeRequest(http, { method: "POST", url: url("echo") });
    const body = outgoing.body();
    const stream = body.write();
    await stream.write(Buffer.from("one"));
    await stream.write(Buffer.alloc(100_000, "2"));
    await stream.writeZeroes(3n);
    const source = (await answerOf(await http.handle(makeRequest(http, { url: url("bytes/5") })))).consume();
    const input = source.stream();
    expect(await stream.blockingSplice(input, 5n)).toBe(5n);
    input[disposeSymbol]();
    source[disposeSymbol]();
    await stream.blockingFlush();
    stream[disposeSymbol]();
    await http.OutgoingBody.finish(body, undefined);
    const echoed = JSON.parse(Buffer.from(await readAll(http, (await answerOf(await http.handle(outgoing))).consume())).toString());
    expect(echoed.body).toBe(`one${"2".repeat(100_000)}${"\0".repeat(8)}`);
  });

  it.each(["bytes/0", "bytes/400000", "stream/400000", "gzip/400000", "status/204", "status/404", "status/304"])("reads %s to its end", async (path) => {
    const { status, body, headers } = await request(http, { url: url(path) });
    expect(status).toBe(path.startsWith("status") ? Number(path.slice(7)) : 200);
    expect(body.length).toBe(path.endsWith("400000") ? 400_000 : 0);
    expect(headers.has("content-encoding")).toBe(false);
    if (path.startsWith("gzip")) expect(headers.has("content-length")).toBe(false);
  });

  it("answers HEAD without a body, and with the length that it would have", async () => {
    const { body, headers } = await request(http, { method: "HEAD", url: url("bytes/900000") });
    expect(body.length).toBe(0);
    expect(headers.get("Content-Length").map((value) => Buffer.from(value).toString())).toEqual(["900000"]);
  });

  it("gives the answer once, and only when it is there", async () => {
    const future = await http.handle(makeRequest(http, { url: url("bytes/3") }));
    await future.subscribe().block();
    expect(await future.subscribe().ready()).toBe(true);
    const first = await future.get();
    expect(first).toMatchObject({ tag: "ok", val: { tag: "ok" } });
    expect(await future.get()).toEqual({ tag: "err", val: undefined });
    const never = await http.handle(makeRequest(http, { url: url("hang") }));
    expect(await never.get()).toBeUndefined();
    expect(await never.subscribe().ready()).toBe(false);
    never[disposeSymbol]();
  });

  it("gives a body, its stream and its trailers once", async () => {
    const response = await answerOf(await http.handle(makeRequest(http, { url: url("bytes/3") })));
    const body = response.consume();
    expect(() => response.consume()).toThrow(ImportError);
    const stream = body.stream();
    expect(() => body.stream()).toThrow(ImportError);
    stream[disposeSymbol]();
    const trailers = http.IncomingBody.finish(body);
    expect(trailers.get()).toEqual({ tag: "ok", val: { tag: "ok", val: undefined } });
    expect(trailers.get()).toEqual({ tag: "err", val: undefined });
    const outgoing = makeRequest(http, { url: url("echo") });
    const sent = outgoing.body();
    expect(() => outgoing.body()).toThrow(ImportError);
    sent.write()[disposeSymbol]();
    expect(() => sent.write()).toThrow(ImportError);
  });

  it("fails a body that is not as long as its Content-Length", async () => {
    await expect(request(http, { method: "POST", url: url("echo"), headers: [["content-length", "9"]], body: "short" })).rejects.toEqual(new HttpError({ tag: "HTTP-request-body-size", val: 5n }));
  });

  it("fails trailers that are not empty, and sends nothing", async () => {
    const before = link.seen().length;
    const outgoing = makeRequest(http, { method: "POST", url: url("echo") });
    const body = outgoing.body();
    const future = await http.handle(outgoing);
    const trailers = http.Fields.fromList([["x-checksum", Buffer.from("1")]]);
    await expect((async () => http.OutgoingBody.finish(body, trailers))()).rejects.toMatchObject({ payload: { tag: "HTTP-request-trailer-section-size" } });
    expect(await codeOf(answerOf(future))).toBe("internal-error");
    expect(link.seen().length).toBe(before);
  });

  it("does not send a request whose body was dropped unfinished", async () => {
    const before = link.seen().length;
    const early = makeRequest(http, { method: "POST", url: url("echo") });
    early.body()[disposeSymbol]();
    await expect((async () => http.handle(early))()).rejects.toMatchObject({ payload: { tag: "internal-error" } });
    const late = makeRequest(http, { method: "POST", url: url("echo") });
    const body = late.body();
    const future = await http.handle(late);
    body[disposeSymbol]();
    expect(await codeOf(answerOf(future))).toBe("internal-error");
    expect(link.seen().length).toBe(before);
  });

  it("sends no body with GET: no browser does", async () => {
    expect(await codeOf(request(http, { url: url("echo"), body: "content" }))).toBe("HTTP-request-body-size");
    expect((await request(http, { url: url("echo"), body: "" })).status).toBe(200);
  });

  it("ends an exchange of a guest that drops its answer, again and again", async () => {
    for (let round = 0; round < 40; round += 1) {
      const response = await answerOf(await http.handle(makeRequest(http, { url: url(round % 2 === 0 ? "drip" : "stall") })));
      if (round % 4 < 2) response[disposeSymbol]();
      else {
        const body = response.consume();
        body.stream()[disposeSymbol]();
        body[disposeSymbol]();
      }
    }
    expect((await request(http, { url: url("bytes/1") })).status).toBe(200);
  });

  it("reports a connection that ends early", async () => {
    expect(await codeOf(request(http, { url: url("cut/100") }))).toBe("HTTP-response-incomplete");
  });

  it("keeps to the guest's own times", async () => {
    const options = new http.RequestOptions();
    options.setFirstByteTimeout(50_000_000n);
    expect(await codeOf(request(http, { url: url("hang"), options }))).toBe("connection-read-timeout");
    const between = new http.RequestOptions();
    between.setBetweenBytesTimeout(50_000_000n);
    expect(await codeOf(request(http, { url: url("stall"), options: between }))).toBe("connection-read-timeout");
    expect(() => options.setConnectTimeout(1n)).toThrow(ImportError);
    expect([options.firstByteTimeout(), options.betweenBytesTimeout(), options.connectTimeout()]).toEqual([50_000_000n, undefined, undefined]);
  });

  it.each([["bytes/500001", "HTTP-response-body-size"], ["stream/900000", "HTTP-response-body-size"], ["gzip/20000000", "HTTP-response-body-size"]])("stops %s at the bound", async (path, code) => {
    expect(await codeOf(request(http, { url: url(path) }))).toBe(code);
  });

  it("tells of a body beyond the bound where the answer is waited for, too: writing it fails in silence", async () => {
    const outgoing = makeRequest(http, { method: "POST", url: url("echo") });
    const body = outgoing.body();
    const future = await http.handle(outgoing);
    const stream = body.write();
    for (let written = 0; written < 500_000; written += 50_000) await stream.write(new Uint8Array(50_000));
    stream[disposeSymbol]();
    expect(await codeOf(answerOf(future))).toBe("HTTP-request-body-size");
    await expect((async () => http.OutgoingBody.finish(body, undefined))()).rejects.toMatchObject({ payload: { tag: "HTTP-request-body-size" } });
  });

  it("keeps no body of a request that was denied", async () => {
    for (let round = 0; round < 3; round += 1) {
      const outgoing = makeRequest(http, { method: "POST", url: `${link.origin}/elsewhere` });
      await writeBody(http, outgoing.body(), new Uint8Array(200_000));
      await expect((async () => http.handle(outgoing))()).rejects.toMatchObject({ payload: { tag: "HTTP-request-denied" } });
    }
  });

  it("says in the future that a request was denied whose body is still being written, and throws the rest away", async () => {
    for (let round = 0; round < 3; round += 1) {
      const outgoing = makeRequest(http, { method: "POST", url: `${link.origin}/elsewhere` });
      const body = outgoing.body();
      const future = await http.handle(outgoing);
      await writeBody(http, body, new Uint8Array(200_000));
      expect(await codeOf(answerOf(future))).toBe("HTTP-request-denied");
    }
    expect((await request(http, { method: "POST", url: url("echo"), body: "x".repeat(300_000) })).status).toBe(200);
  });

  it("stops a request's body at the bound, wherever the guest notices, and the next has room", async () => {
    for (let round = 0; round < 3; round += 1) {
      expect(await codeOf(request(http, { method: "POST", url: url("echo"), body: "x".repeat(300_001) }))).toBe("HTTP-request-body-size");
    }
    expect((await request(http, { method: "POST", url: url("echo"), body: "x".repeat(300_000) })).status).toBe(200);
  });
});
