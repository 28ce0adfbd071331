import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ExchangeFailure } from "../../../src/broker/http/error-code.js";
import { requestUrl } from "../../../src/broker/http/request-url.js";

function urlOrCode(scheme: string, authority: string | undefined, path: string | undefined): URL | string {
  try {
    return requestUrl(scheme, authority, path);
  } catch (error) {
    if (error instanceof ExchangeFailure) return error.code.tag;
    throw error;
  }
}

describe("the URL of a request", () => {
  it.each([
    ["https", "api.example.com", "/v1/notes?q=a%20b&x=[1]", "https://api.example.com/v1/notes?q=a%20b&x=[1]"],
    ["https", "API.Example.com:443", undefined, "https://api.example.com/"],
    ["http", "localhost:8080", "", "http://localhost:8080/"],
    ["http", "127.0.0.1:80", "/", "http://127.0.0.1/"],
    ["https", "[::1]:8443", "/a?b?c", "https://[::1]:8443/a?b?c"],
    ["https", "a_b.example", "/~user/;p=1,2/@x:y/!$&'()*+=", "https://a_b.example/~user/;p=1,2/@x:y/!$&'()*+="],
    ["https", "example.com", "/a//b/../c", "https://example.com/a//c"],
  ])("%s %s %s", (scheme, authority, path, url) => {
    expect(String(urlOrCode(scheme, authority, path))).toBe(url);
  });

  it("goes to the host and port that its authority says, or nowhere", () => {
    const part = fc.oneof(
      fc.string({ unit: "binary", maxLength: 10 }),
      fc.stringMatching(/^[a-z0-9.:@/\\?#%[\]\t\n -]{0,16}$/),
      fc.constantFrom("evil.test", "allowed.test", "@", ":80", ":443", "[::1]", "0x7f.1", "\uff0e", "%2e", "..", "//", "\\"),
    );
    const text = fc.array(part, { maxLength: 4 }).map((parts) => parts.join(""));
    const scheme = fc.constantFrom("http", "https");
    let accepted = 0;
    fc.assert(
      fc.property(scheme, fc.oneof(text, fc.constant("allowed.test")), fc.oneof(text, text.map((tail) => `/${tail}`)), (protocol, authority, path) => {
        const url = urlOrCode(protocol, authority, path);
        if (typeof url === "string") return;
        accepted += 1;
        expect(url.protocol).toBe(`${protocol}:`);
        const defaultPort = protocol === "http" ? ":80" : ":443";
        expect(url.port === "" ? [url.host, `${url.host}${defaultPort}`] : [url.host]).toContain(authority.toLowerCase());
        expect([url.username, url.password, url.hash]).toEqual(["", "", ""]);
        expect(new URL(url.pathname + url.search, "https://base.test").host).toBe("base.test");
      }),
      { seed: 20_262, numRuns: 4_000 },
    );
    expect(accepted).toBeGreaterThan(100);
  });
});
