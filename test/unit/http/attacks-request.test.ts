/** Requests that a guest, or a worker that a guest has taken over, may try with a grant of one origin. */
import { describe, expect, it } from "vitest";
import { open, send } from "./attempt.js";
import { codeOf, request } from "./guest.js";
import type { Page } from "./page.js";
import { grantedOrigin } from "./served-origins.js";

const { server, granted, url } = await grantedOrigin();

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
