import { describe, expect, test } from "vitest";
import { permitsRequest } from "../../../src/capability/http-match.js";
import { capability } from "./capability-texts.js";

const permits = (text: string, address: string, method = "GET") => permitsRequest(capability("http", text), new URL(address), method);

type Case = readonly [what: string, granted: string, address: string];

describe("a request that is granted", () => {
  test.each<Case>([
    ["the origin", "http:GET:https://api.example.com", "https://api.example.com"],
    ["any path and query", "http:GET:https://api.example.com", "https://api.example.com/../a/%2e%2e%2fb?x=/../y#z"],
    ["the default port", "http:GET:https://api.example.com", "https://api.example.com:443/"],
    ["another port", "http:GET:https://api.example.com:8443", "https://api.example.com:8443/"],
    ["capitals, which URLs fold", "http:GET:https://api.example.com", "HTTPS://API.EXAMPLE.COM/"],
    ["one label below", "http:GET:https://*.example.com", "https://a.example.com/"],
    ["two labels below", "http:GET:https://*.example.com", "https://a.b.example.com/"],
    ["the prefix itself", "http:GET:https://a.test/v1", "https://a.test/v1"],
    ["a path below", "http:GET:https://a.test/v1", "https://a.test/v1/x?y"],
    ["a path below, by a slash", "http:GET:https://a.test/v1/", "https://a.test/v1/x"],
    ["up, within the prefix", "http:GET:https://a.test/v1/", "https://a.test/v1/x/../y"],
    ["encoded letters below", "http:GET:https://a.test/v1/", "https://a.test/v1/%C3%A9%20a"],
    ["dots in names", "http:GET:https://a.test/v1/", "https://a.test/v1/a..b/.well-known/c."],
    ["another form of an IPv4 address", "http:GET:http://127.0.0.1:8080", "http://0x7f.1:8080/"],
    ["another form of an IPv6 address", "http:GET:http://[::1]:8080", "http://[0:0:0:0::1]:8080/"],
    ["punycode", "http:GET:https://xn--bcher-kva.example", "https://bücher.example/"],
  ])("for %s: %s, %s", (_, granted, address) => {
    expect(permits(granted, address)).toBe(true);
  });
});

describe("a request that reaches for more is refused", () => {
  test.each<Case>([
    ["another scheme", "http:GET:https://a.test", "http://a.test/"],
    ["another scheme on its port", "http:GET:https://a.test", "http://a.test:443/"],
    ["a scheme that only begins so", "http:GET:http://a.test", "https://a.test:80/"],
    ["a web socket", "http:GET:https://a.test", "wss://a.test/"],
    ["no web address", "http:GET:https://a.test", "blob:https://a.test/x"],
    ["another port", "http:GET:https://a.test", "https://a.test:8443/"],
    ["the default port where another is granted", "http:GET:https://a.test:8443", "https://a.test/"],
    ["user-info that reads like the host", "http:GET:https://api.example.com", "https://api.example.com@evil.test/"],
    ["user-info on the granted host", "http:GET:https://a.test", "https://user:secret@a.test/"],
    ["a password without a user", "http:GET:https://a.test", "https://:secret@a.test/"],
    ["a host that begins with the granted one", "http:GET:https://a.test", "https://a.test.evil.test/"],
    ["a host that ends with the granted one", "http:GET:https://a.test", "https://evil-a.test/"],
    ["a host below", "http:GET:https://a.test", "https://b.a.test/"],
    ["the host with a dot at its end", "http:GET:https://a.test", "https://a.test./"],
    ["the domain of a wildcard", "http:GET:https://*.example.com", "https://example.com/"],
    ["an end that is no label", "http:GET:https://*.example.com", "https://evil-example.com/"],
    ["an end without a dot", "http:GET:https://*.example.com", "https://evilexample.com/"],
    ["the wildcard's domain in front", "http:GET:https://*.example.com", "https://a.example.com.evil.test/"],
    ["the wildcard's domain in the path", "http:GET:https://*.example.com", "https://evil.test/a.example.com/"],
    ["the wildcard's domain in the query", "http:GET:https://*.example.com", "https://evil.test/?.example.com"],
    ["the wildcard's domain in user-info", "http:GET:https://*.example.com", "https://a.example.com@evil.test/"],
    ["an empty label", "http:GET:https://*.example.com", "https://.example.com/"],
    ["empty labels", "http:GET:https://*.example.com", "https://a..example.com/"],
    ["a wildcard's host with a dot at its end", "http:GET:https://*.example.com", "https://a.example.com./"],
    ["Cyrillic letters", "http:GET:https://apple.com", "https://аррӏе.com/"],
    ["another address of this machine", "http:GET:http://127.0.0.1", "http://127.0.0.2/"],
    ["IPv4 in IPv6", "http:GET:http://127.0.0.1", "http://[::ffff:127.0.0.1]/"],
    ["its name", "http:GET:http://127.0.0.1", "http://localhost/"],
    ["another prefix", "http:GET:https://a.test/v1/", "https://a.test/v2/"],
    ["a segment that begins so", "http:GET:https://a.test/v1", "https://a.test/v1evil"],
    ["a segment that begins so, with a slash granted", "http:GET:https://a.test/v1/", "https://a.test/v1evil/"],
    ["above what a slash grants", "http:GET:https://a.test/v1/", "https://a.test/v1"],
    ["other case", "http:GET:https://a.test/v1/", "https://a.test/V1/x"],
    ["up", "http:GET:https://a.test/v1/", "https://a.test/v1/../v2"],
    ["encoded up", "http:GET:https://a.test/v1/", "https://a.test/v1/%2e%2e/v2"],
    ["half encoded up", "http:GET:https://a.test/v1/", "https://a.test/v1/.%2E/v2"],
    ["up with an encoded slash", "http:GET:https://a.test/v1/", "https://a.test/v1/..%2fv2"],
    ["up with encoded everything", "http:GET:https://a.test/v1/", "https://a.test/v1/%2e%2e%2fv2"],
    ["up, twice encoded", "http:GET:https://a.test/v1/", "https://a.test/v1/%252e%252e%252fv2"],
    ["up, three times encoded", "http:GET:https://a.test/v1/", "https://a.test/v1/%25252e%25252e/v2"],
    ["up with backslashes, which URLs fold", "http:GET:https://a.test/v1/", "https://a.test/v1\\..\\v2"],
    ["up with encoded backslashes", "http:GET:https://a.test/v1/", "https://a.test/v1/..%5cv2"],
    ["up with a path parameter", "http:GET:https://a.test/v1/", "https://a.test/v1/..;/v2"],
    ["up with a filled path parameter", "http:GET:https://a.test/v1/", "https://a.test/v1/..;a=b/v2"],
    ["up with an encoded path parameter", "http:GET:https://a.test/v1/", "https://a.test/v1/..%3b/v2"],
    ["overlong UTF-8", "http:GET:https://a.test/v1/", "https://a.test/v1/%c0%ae%c0%ae/v2"],
    ["encodings of another kind", "http:GET:https://a.test/v1/", "https://a.test/v1/%u002e%u002e/v2"],
    ["full-width dots", "http:GET:https://a.test/v1/", "https://a.test/v1/．．/v2"],
    ["a two-dot leader", "http:GET:https://a.test/v1/", "https://a.test/v1/‥/v2"],
    ["an encoded NUL", "http:GET:https://a.test/v1/", "https://a.test/v1/%00"],
    ["a tab, which URLs drop", "http:GET:https://a.test/v1/", "https://a.test/v1/.\t./v2"],
    ["the prefix in the query", "http:GET:https://a.test/v1/", "https://a.test/?/v1/"],
    ["the prefix in the fragment", "http:GET:https://a.test/v1/", "https://a.test/#/v1/"],
    ["an encoded form of the prefix", "http:GET:https://a.test/v1/", "https://a.test/%761/x"],
  ])("by %s: %s, %s", (_, granted, address) => {
    expect(permits(granted, address)).toBe(false);
  });

  test.each(["POST", "get", "Get", " GET", "GET,POST", "", "HEAD", "GET\r\nX: y"])("by the method %j", (method) => {
    expect(permits("http:GET:https://a.test", "https://a.test/", method)).toBe(false);
  });
});
