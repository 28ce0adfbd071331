/** What a guest, or a worker that a guest has taken over, may try with a grant of one origin. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MalformedCall } from "../../../src/broker/call-errors.js";
import { disposeSymbol } from "../../../src/wasi/guest-context.js";
import { suspendingChannel } from "./channels.js";
import { answerOf, codeOf, guestContext, guestHttp, type GuestHttp, type GuestRequest, HttpError, makeRequest, readAll, request } from "./guest.js";
import { type HttpServer, startHttpServer } from "./http-server.js";
import { Page, type PageOptions } from "./page.js";

let server: HttpServer;
let other: HttpServer;
beforeAll(async () => {
  server = await startHttpServer();
  other = await startHttpServer();
});
afterAll(async () => {
  await server.stop();
  await other.stop();
});

interface Attempted {
  readonly page: Page;
  readonly http: GuestHttp;
  /** What reached `fetch`. */
  readonly sent: { url: string; init: RequestInit }[];
}

function open(options: PageOptions): Attempted {
  const sent: Attempted["sent"] = [];
  const page = new Page({
    ...options,
    fetch: (input, init = {}) => {
      sent.push({ url: String(input), init });
      return fetch(input, init);
    },
  });
  return { page, http: guestHttp(guestContext(suspendingChannel(page)).context), sent };
}

const granted = (methods = "GET,POST"): string => `http:${methods}:${server.origin}/http/`;
const url = (path: string): string => `${server.origin}/http/${path}`;

/** The host call of a worker that writes it by hand. */
function send(page: Page, values: readonly unknown[]): ReturnType<Page["serve"]> {
  return page.serve("http.send", values);
}

describe("a request to elsewhere than the granted origin and prefix", () => {
  const DENIED = [
    ["another port", "https://allowed.test:444/v1/notes"],
    ["the plain scheme", "http://allowed.test/v1/notes"],
    ["the plain scheme on the granted port", "http://allowed.test:443/v1/notes"],
    ["the granted host as a label of another", "https://allowed.test.evil.test/v1/notes"],
    ["a host that ends like it", "https://evil-allowed.test/v1/notes"],
    ["a host below it", "https://sub.allowed.test/v1/notes"],
    ["its parent", "https://test/v1/notes"],
    ["an IPv6 address", "https://[::1]/v1/notes"],
    ["an IPv4 address", "https://127.0.0.1/v1/notes"],
    ["a punycode look-alike", "https://xn--allwed-3ya.test/v1/notes"],
    ["a path beside the prefix", "https://allowed.test/v2/notes"],
    ["a path that begins like the prefix", "https://allowed.test/v1notes"],
    ["a path out of the prefix", "https://allowed.test/v1/../admin"],
    ["an encoded path out of it", "https://allowed.test/v1/%2e%2e/admin"],
    ["a half encoded path out of it", "https://allowed.test/v1/.%2E/admin"],
    ["an encoded slash", "https://allowed.test/v1/..%2fadmin"],
    ["an encoded backslash", "https://allowed.test/v1/..%5cadmin"],
    ["a twice encoded dot", "https://allowed.test/v1/%252e%252e/admin"],
    ["dots with a parameter", "https://allowed.test/v1/..;x/admin"],
    ["a malformed encoding of dots", "https://allowed.test/v1/%c0%ae%c0%ae/admin"],
  ] as const;

  it.each(DENIED)("%s is denied, reported and never sent", async (_, target) => {
    const { page, http, sent } = open({ grants: ["http:GET:https://allowed.test/v1/"] });
    expect(await codeOf(request(http, { url: `${target}?token=confidential` }))).toBe("HTTP-request-denied");
    expect(sent).toEqual([]);
    expect(page.denials).toHaveLength(1);
    expect(page.denials[0]).toMatchObject({ capability: "http", function: "wasi:http/outgoing-handler#handle" });
    expect(page.denials[0]?.summary).toMatch(/^GET https?:\/\/[^?]+$/);
  });

  const INVALID = [
    ["user-info", "allowed.test@evil.test", "/v1/"],
    ["user-info with a password", "allowed.test:443@evil.test", "/v1/"],
    ["empty user-info", "@allowed.test", "/v1/"],
    ["user-info before the granted host", "user@allowed.test", "/v1/"],
    ["an encoded @", "allowed.test%40evil.test", "/v1/"],
    ["an encoded letter", "%61llowed.test", "/v1/"],
    ["a backslash", "allowed.test\\@evil.test", "/v1/"],
    ["a slash", "evil.test/.allowed.test", "/v1/"],
    ["a question mark", "evil.test?.allowed.test", "/v1/"],
    ["a number sign", "evil.test#.allowed.test", "/v1/"],
    ["a dot at the end", "allowed.test.", "/v1/"],
    ["an empty label", "allowed..test", "/v1/"],
    ["a blank", "allowed.test evil.test", "/v1/"],
    ["a tab, which URLs drop", "allowed\t.test", "/v1/"],
    ["a line break", "allowed.test\r\nHost: evil.test", "/v1/"],
    ["NUL", "allowed.test\0.evil.test", "/v1/"],
    ["letters that are not ASCII", "\u0430llowed.test", "/v1/"],
    ["a full-width dot", "allowed\uff0etest", "/v1/"],
    ["a soft hyphen, which URLs drop", "allow\u00aded.test", "/v1/"],
    ["a decimal address", "2130706433", "/v1/"],
    ["a hexadecimal address", "0x7f.0.0.1", "/v1/"],
    ["an octal address", "0177.0.0.1", "/v1/"],
    ["a short address", "127.1", "/v1/"],
    ["an IPv6 address in another form", "[0:0:0:0:0:0:0:1]", "/v1/"],
    ["an IPv6 address with a zone", "[fe80::1%25eth0]", "/v1/"],
    ["port 0", "allowed.test:0", "/v1/"],
    ["a port out of range", "allowed.test:65979", "/v1/"],
    ["a port with leading zeros", "allowed.test:00443", "/v1/"],
    ["a port that is none", "allowed.test:443evil", "/v1/"],
    ["an empty port", "allowed.test:", "/v1/"],
    ["two ports", "allowed.test:443:444", "/v1/"],
    ["no host", "", "/v1/"],
    ["no authority", undefined, "/v1/"],
    ["a path with an authority", "allowed.test", "//evil.test/v1/"],
    ["a path with an authority after a dot", "allowed.test", "/v1/..//evil.test/v1/"],
    ["a path with an authority after a backslash", "allowed.test", "/\\evil.test/v1/"],
    ["a path that begins with a backslash", "allowed.test", "\\\\evil.test"],
    ["a whole URL as the path", "allowed.test", "https://evil.test/v1/"],
    ["a path that goes on with the host", "allowed.test", ".evil.test/v1/"],
    ["a path that makes the host user-info", "allowed.test", "@evil.test/v1/"],
    ["a path that goes on with the port", "allowed.test", ":444/v1/"],
    ["a query without a path", "allowed.test", "?v1"],
    ["the asterisk form", "allowed.test", "*"],
    ["a fragment", "allowed.test", "/v1/#x"],
    ["a line break in the path", "allowed.test", "/v1/ HTTP/1.1\r\nHost: evil.test\r\n\r\nGET /"],
    ["a tab in the path, which URLs drop", "allowed.test", "/v1/.\t./admin"],
    ["a path that is not ASCII", "allowed.test", "/v1/\uff0e\uff0e/admin"],
  ] as const;

  it.each(INVALID)("%s is no URI at all", async (_, authority, path) => {
    const { page, sent } = open({ grants: ["http:GET:https://allowed.test/v1/", "http:GET:https://127.0.0.1", "http:GET:https://[::1]", "http:GET:https://evil.test"] });
    expect(await send(page, ["GET", "https", authority, path, [], undefined])).toEqual({ kind: "err", value: { tag: "HTTP-request-URI-invalid" } });
    expect(sent).toEqual([]);
  });

  it.each(["ftp", "file", "data", "javascript", "blob", "ws", "about", "HTTPS", "https:", "chrome-extension", ""])("the scheme %j is no URI either", async (scheme) => {
    const { page, sent } = open({ grants: ["http:GET:https://allowed.test"] });
    expect(await send(page, ["GET", scheme, "allowed.test", "/", [], undefined])).toMatchObject({ kind: "err", value: { tag: "HTTP-request-URI-invalid" } });
    expect(sent).toEqual([]);
  });

  it("a path without end is refused before it is looked at", async () => {
    const { page } = open({ grants: ["http:GET:https://allowed.test"] });
    expect(await send(page, ["GET", "https", "allowed.test", `/${"a".repeat(16_384)}`, [], undefined])).toMatchObject({ value: { tag: "HTTP-request-URI-too-long" } });
  });

  it("what is granted goes through, so that these tests mean something", async () => {
    const { http, sent, page } = open({ grants: [granted()] });
    expect((await request(http, { url: url("bytes/1") })).status).toBe(200);
    expect((await request(http, { url: url("bytes/1").replace("127.0.0.1", "127.0.0.1") })).status).toBe(200);
    expect(sent.map((each) => each.url)).toEqual([url("bytes/1"), url("bytes/1")]);
    expect(page.denials).toEqual([]);
  });
});

describe("a method that was not granted", () => {
  it.each(["DELETE", "PUT", "PATCH", "OPTIONS", "get", "Get", "post", "CONNECT", "TRACE", "TRACK", "trace", "PROPFIND"])("%s is denied", async (method) => {
    const { page, http, sent } = open({ grants: [granted("GET,POST")] });
    expect(await codeOf(request(http, { method, url: url("echo") }))).toBe("HTTP-request-denied");
    expect([sent, page.denials.length]).toEqual([[], 1]);
  });
  it.each(["GET ", " GET", "GET\r\nX: 1", "GET /admin HTTP/1.1\r\n\r\nGET", "", "GET\0", "G\u00cbT", "GET:"])("%j is no method", async (method) => {
    const { page, sent } = open({ grants: [granted()] });
    expect(await send(page, ["GET", "http", `127.0.0.1:${server.port}`, "/http/echo", [], undefined])).toMatchObject({ kind: "ok" });
    expect(await send(page, [method, "http", `127.0.0.1:${server.port}`, "/http/echo", [], undefined])).toMatchObject({ value: { tag: "HTTP-request-method-invalid" } });
    expect(sent.length).toBeLessThanOrEqual(1);
  });
  it("a header that servers take for the method is forbidden", async () => {
    const { page, http, sent } = open({ grants: [granted("POST")] });
    expect(() => http.Fields.fromList([["X-HTTP-Method-Override", Buffer.from("DELETE")]])).toThrow("error result");
    const values = ["POST", "http", `127.0.0.1:${server.port}`, "/http/echo", [["x-http-method-override", Buffer.from("DELETE")]], undefined];
    expect(await send(page, values)).toMatchObject({ value: { tag: "HTTP-request-denied" } });
    expect(sent).toEqual([]);
  });
});

describe("headers of a worker that checks none", () => {
  const withHeader = (page: Page, name: string, value: string) =>
    send(page, ["GET", "http", `127.0.0.1:${server.port}`, "/http/echo", [[name, Buffer.from(value, "latin1")]], undefined]);

  it.each([
    "Host", "Cookie", "cookie2", "REFERER", "Origin", "Connection", "Keep-Alive", "Transfer-Encoding", "TE", "Trailer", "Upgrade", "Via", "Date", "DNT", "Expect",
    "Proxy-Authorization", "proxy-x", "Sec-Fetch-Site", "sec-x", "Access-Control-Request-Method", "Accept-Encoding", "Accept-Charset", "Set-Cookie", "HTTP2-Settings",
  ])("%s is denied and reported", async (name) => {
    const { page, sent } = open({ grants: [granted()] });
    expect(await withHeader(page, name, "x")).toMatchObject({ value: { tag: "HTTP-request-denied" } });
    expect([sent, page.denials.length]).toEqual([[], 1]);
  });
  it.each([
    ["x-note", "a\r\nHost: evil.test"], ["x-note", "a\nb"], ["x-note", "a\0b"], ["x-note", "a\x1bb"], ["x-note", "\x7f"],
    ["x-note\r\nhost", "a"], ["x note", "a"], ["", "a"], ["x:note", "a"], ["x-n\u00f6te", "a"], [":authority", "evil.test"],
  ])("%j: %j is denied", async (name, value) => {
    const { page, sent } = open({ grants: [granted()] });
    expect(await withHeader(page, name, value)).toMatchObject({ value: { tag: "HTTP-request-denied" } });
    expect(sent).toEqual([]);
  });
  it("a length that is not the body's never leaves", async () => {
    const { page } = open({ grants: [granted("POST")] });
    const id = (await send(page, ["POST", "http", `127.0.0.1:${server.port}`, "/http/echo", [["Content-Length", Buffer.from("5000")]], Buffer.from("four")])) as { value: number };
    await page.serve("handle.wait", [[id.value], undefined]);
    expect(server.seen.at(-1)?.headers["content-length"]).toBe("4");
  });
  it("too many, or too large ones, are refused", async () => {
    const { page } = open({ grants: [granted()] });
    for (const headers of [Array.from({ length: 129 }, (_, index) => [`x-${index}`, Buffer.from("1")]), [["x-large", Buffer.alloc(40_000, "a")]]]) {
      const answer = await send(page, ["GET", "http", `127.0.0.1:${server.port}`, "/http/echo", headers, undefined]);
      expect(answer).toMatchObject({ value: { tag: "HTTP-request-header-section-size" } });
    }
  });
});

describe("what goes out", () => {
  it("has none of the user's authority, says nothing of the page, and is never followed on", async () => {
    const { http, sent } = open({ grants: [granted("GET,POST")] });
    await request(http, { url: url("cookie") });
    await request(http, { method: "POST", url: url("echo"), body: "text" });
    for (const { init } of sent) {
      expect(init).toMatchObject({ credentials: "omit", referrer: "", referrerPolicy: "no-referrer", redirect: "manual", mode: "cors", cache: "no-store", keepalive: false, window: null });
    }
    for (const { headers } of server.seen.slice(-2)) expect([headers.cookie, headers.referer, headers.origin, headers.authorization]).toEqual([undefined, undefined, undefined, undefined]);
  });
  it("brings no cookie back", async () => {
    const { http } = open({ grants: [granted()] });
    const { headers } = await request(http, { url: url("cookie") });
    expect([headers.has("set-cookie"), headers.has("connection"), headers.has("keep-alive")]).toEqual([false, false, false]);
  });
});

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
    const http = guestHttp(guestContext(suspendingChannel(page)).context);
    expect(await codeOf(request(http, { url: url("echo") }))).toBe(type === "opaqueredirect" ? "HTTP-protocol-error" : "internal-error");
  });
  it("an app's own fetch that followed one is found out", async () => {
    const page = new Page({ grants: [granted()], fetch: (input, init) => fetch(input, { ...init, redirect: "follow" }) });
    const http = guestHttp(guestContext(suspendingChannel(page)).context);
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
    const http = guestHttp(guestContext(suspendingChannel(page)).context);
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
    const waiting = await Promise.all([1, 2, 3].map(() => http.handle(makeRequest(http, { url: url("hang") }))));
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
    expect(await write((await page.serve("http.body.open", [])) as typeof first, 100_000)).toMatchObject({ kind: "ok" });
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
    page.end();
    expect(sent.map(({ init }) => init.signal?.aborted)).toEqual([true, true]);
    expect(await send(page, ["GET", "http", `127.0.0.1:${server.port}`, "/http/echo", [], undefined])).toMatchObject({ value: { tag: "connection-limit-reached" } });
  });
});

describe("a secret", () => {
  const secrets = new Map([["API_KEY", "s3cret-value"], ["OTHER", "another"], ["BROKEN", "line\r\nbreak"], ["EMPTY", ""]]);
  const withSecret = (extra: Partial<GuestRequest> = {}): GuestRequest => ({ url: url("echo"), headers: [["Authorization", "Bearer {secret:API_KEY}"]], ...extra });

  it("is put in where it was granted for exactly this origin, and the guest never sees it", async () => {
    const { page, http } = open({ grants: [granted(), `secret:API_KEY:${server.origin}`], secrets });
    const answer = await request(http, { ...withSecret(), url: url("header?name=x-repeated&echo=authorization") });
    expect(server.seen.at(-1)?.headers.authorization).toBe("Bearer s3cret-value");
    expect(answer.headers.get("x-repeated").map((value) => Buffer.from(value).toString())).toEqual(["Bearer {secret:API_KEY}"]);
    expect(page.denials).toEqual([]);
  });
  it.each([
    ["another origin", (): readonly string[] => [granted(), `secret:API_KEY:${other.origin}`]],
    ["no origin", (): readonly string[] => [granted()]],
    ["another secret", (): readonly string[] => [granted(), `secret:OTHER:${server.origin}`]],
  ])("is denied, and the request never sent, where %s was granted", async (_, grants) => {
    const { page, http, sent } = open({ grants: grants(), secrets });
    expect(await codeOf(request(http, withSecret()))).toBe("HTTP-request-denied");
    expect(sent).toEqual([]);
    expect(page.denials).toEqual([{ capability: "secret", function: "wasi:http/outgoing-handler#handle", summary: `API_KEY for GET ${url("echo")}` }]);
  });
  it.each(["{secret:UNKNOWN}", "{secret:}", "{secret:API_KEY", "{secret:{secret:API_KEY}}", "{secret:__proto__}", "{secret:constructor}", "{secret:API_KEY} {secret:OTHER}"])("%s is never sent", async (value) => {
    const { http, sent } = open({ grants: [granted(), `secret:API_KEY:${server.origin}`], secrets });
    expect(await codeOf(request(http, withSecret({ headers: [["x-key", value]] })))).toBe("HTTP-request-denied");
    expect(sent).toEqual([]);
  });
  it("is filled in nowhere but in a header's value", async () => {
    const { http } = open({ grants: [granted(), `secret:API_KEY:${server.origin}`], secrets });
    const { text } = await request(http, { method: "POST", url: url("echo?q={secret:API_KEY}"), body: "{secret:API_KEY}" });
    expect(text).not.toContain("s3cret-value");
  });
  it.each(["BROKEN", "EMPTY"])("%s, which no header can carry, is the app's mistake and not the guest's to see", async (name) => {
    const { page, http, sent } = open({ grants: [granted(), `secret:${name}:${server.origin}`], secrets });
    expect(await codeOf(request(http, withSecret({ headers: [["x-key", `{secret:${name}}`]] })))).toBe("configuration-error");
    expect([sent, page.failures.length, page.denials]).toEqual([[], 1, []]);
  });
});

describe("a worker that speaks for itself", () => {
  const MALFORMED: readonly (readonly [string, readonly unknown[]])[] = [
    ["http.send", []],
    ["http.send", ["GET", "https", "allowed.test", "/"]],
    ["http.send", ["GET", "https", 1, "/", []]],
    ["http.send", ["GET", "https", "allowed.test", {}, []]],
    ["http.send", ["GET", "https", "allowed.test", "/", "headers"]],
    ["http.send", ["GET", "https", "allowed.test", "/", [["x"]]]],
    ["http.send", ["GET", "https", "allowed.test", "/", [["x", "text"]]]],
    ["http.send", ["GET", "https", "allowed.test", "/", [["x", new Uint16Array(2)]]]],
    ["http.send", ["GET", "https", "allowed.test", "/", Array.from({ length: 5_000 }, () => ["x", new Uint8Array()])]],
    ["http.send", ["GET", "https", "allowed.test", "/", [], "body"]],
    ["http.send", ["GET", "https", "allowed.test", "/", [], 99]],
    ["http.send", ["GET", "https", "allowed.test", "/", [], undefined, -1]],
    ["http.send", ["GET", "https", "allowed.test", "/", [], undefined, Number.NaN]],
    ["http.send", ["GET", "https", "allowed.test", "/", [], undefined, undefined, "1"]],
    ["http.response", [1]],
    ["http.response", ["__proto__"]],
    ["http.body.write", [1, new Uint8Array()]],
    ["http.body.finish", [undefined, new Uint8Array()]],
  ];
  it.each(MALFORMED)("%s %j ends the instance", async (operation, values) => {
    const { page, sent } = open({ grants: ["http:GET:https://allowed.test"] });
    await expect(page.serve(operation, values)).rejects.toThrow(MalformedCall);
    expect(sent).toEqual([]);
  });
  it("cannot send one body twice, nor take a body for an answer", async () => {
    const { page } = open({ grants: [granted()] });
    const { value: body } = (await page.serve("http.body.open", [])) as { value: number };
    const values = ["POST", "http", `127.0.0.1:${server.port}`, "/http/echo", [], body];
    await send(page, values);
    await expect(send(page, values)).rejects.toThrow(MalformedCall);
    await expect(page.serve("http.response", [body])).rejects.toThrow(MalformedCall);
    await expect(page.serve("http.body.write", [body, "text"])).rejects.toThrow(MalformedCall);
  });
});
