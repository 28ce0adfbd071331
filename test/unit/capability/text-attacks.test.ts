import { describe, expect, test } from "vitest";
import { parseCapability } from "../../../src/capability/capability.js";
import { isGuestPath, pathIncludes } from "../../../src/capability/path-match.js";
import { expectRefusal } from "../package/package-fixture.js";

type Attack = readonly [attack: string, text: string];

const refuseAll = (code: "capability-unknown" | "capability-invalid", attacks: readonly Attack[]) =>
  test.each(attacks)("%s: %j", async (_, text) => {
    await expectRefusal(() => parseCapability(text), code);
  });

describe("a text that pretends to be of a known kind is unknown", () => {
  refuseAll("capability-unknown", [
    ["other case", "Clocks"], ["other case with a payload", "HTTP:GET:https://a.test"], ["blank before", " clocks"], ["blank after", "clocks "],
    ["Cyrillic letter", "сlocks"], ["full-width letters", "ｈttp:GET:https://a.test"], ["full-width colon", "env：LANG"], ["zero-width space", "http\u200b:GET:https://a.test"],
    ["NUL", "clocks\u0000"], ["newline", "clocks\n"], ["percent-encoding", "%66s:ro:/a"], ["nothing", ""], ["only a colon", ":"], ["everything", "*"],
    ["two in one", "clocks,random"], ["member of an object", "constructor"], ["prototype", "__proto__"], ["method of a Map", "get"],
    ["sockets", "sockets"], ["sockets with a payload", "sockets:*"], ["tcp", "tcp:1.2.3.4:80"], ["network", "network"], ["exit, which no capability gives", "exit"], ["terminal", "terminal"],
  ]);
});

describe("a bare or wide text is refused", () => {
  refuseAll("capability-invalid", [
    ["all variables", "env"], ["all variables", "env:"], ["all variables", "env:*"], ["a prefix of variables", "env:AWS_*"], ["two variables", "env:A,B"],
    ["all files", "fs"], ["all files", "fs:rw"], ["all files", "fs:rw:"], ["no access", "fs:/x"], ["all below by a star", "fs:rw:/*"], ["unknown access", "fs:wo:/a"], ["both accesses", "fs:ro,rw:/a"],
    ["all requests", "http"], ["all requests", "http:*"], ["all requests of one method", "http:GET"], ["every method", "http:*:https://a.test"], ["no method", "http::https://a.test"],
    ["every host", "http:GET:*"], ["every host", "http:GET:https://*"], ["every host by two stars", "http:GET:https://**.a.test"], ["a whole top-level domain", "http:GET:https://*.com"],
    ["every scheme", "http:GET:*://a.test"], ["every scheme", "http:GET://a.test"], ["every port", "http:GET:https://a.test:*"], ["every path by a star", "http:GET:https://a.test/*"], ["a star inside", "http:GET:https://a.*.test"],
    ["a star at the end of a label", "http:GET:https://api*.a.test"], ["a star behind", "http:GET:https://a.*"],
    ["all of the app", "host"], ["all of the app", "host:"], ["all of the app", "host:*"], ["all of a package", "host:acme:notes/*"], ["all of a package", "host:acme:notes"], ["every version", "host:acme:notes/store@*"],
    ["no function", "host:a:b/c#"], ["every function", "host:a:b/c#*"], ["no pattern", "host:a:b/c?"], ["an empty pattern", "host:a:b/c?path="], ["a pattern for anything", "host:a:b/c?path=*"],
    ["every origin", "secret:NAME"], ["every origin", "secret:NAME:"], ["every origin", "secret:NAME:*"], ["every host of a domain", "secret:NAME:https://*.example.com"], ["every secret", "secret:*:https://a.test"], ["no secret", "secret::https://a.test"],
    ["no quota", "keyvalue:"], ["any quota", "keyvalue:*"], ["endless quota", "keyvalue:Infinity"],
    ["a payload where there is none", "clocks:"], ["a payload where there is none", "clocks:*"], ["a payload where there is none", "stdin:/dev/tty"],
  ]);
});

describe("a path in another form than the compared one is refused", () => {
  refuseAll("capability-invalid", [
    ["relative", "fs:ro:a"], ["relative", "fs:ro:relative/a"], ["up", "fs:ro:/a/../b"], ["up at the end", "fs:ro:/a/.."], ["here", "fs:ro:/./a"], ["empty segment", "fs:ro:/a//b"], ["empty first segment", "fs:ro://a"],
    ["slash at the end", "fs:ro:/a/"], ["backslash", "fs:ro:/a\\b"], ["up by backslash", "fs:ro:/a\\..\\b"], ["drive", "fs:ro:C:/a"], ["drive below the root", "fs:ro:/C:/a"], ["home", "fs:ro:~/a"],
    ["encoded up", "fs:ro:/a/%2e%2e/b"], ["encoded slash", "fs:ro:/a%2fb"], ["twice encoded", "fs:ro:/a/%252e%252e"], ["NUL", "fs:ro:/a\u0000"], ["newline", "fs:ro:/a\n"], ["tab", "fs:ro:/a\tb"],
    ["two paths", "fs:ro:/a:/b"], ["Cyrillic letter", "fs:ro:/dаta"], ["decomposed letter", "fs:ro:/e\u0301"], ["full-width slash", "fs:ro:/a\uff0f..\uff0fb"], ["right-to-left override", "fs:ro:/\u202etxt.exe"],
    ["zero-width joiner", "fs:ro:/a\u200db"], ["blank at the end", "fs:ro:/a "], ["blank before a slash", "fs:ro:/a /b"], ["only a blank", "fs:ro:/ "], ["quote that ends a prompt's", 'fs:ro:/a"b'], ["glob", "fs:ro:/a?"],
  ]);
});

describe("an address in another form than the compared one is refused", () => {
  refuseAll("capability-invalid", [
    ["user-info that hides the host", "http:GET:https://api.example.com@evil.test"], ["user and password", "http:GET:https://u:p@a.test"], ["user-info with a port", "http:GET:https://a.test:443@evil.test"], ["empty user-info", "http:GET:https://@a.test"],
    ["capitals", "http:GET:https://API.example.com"], ["dot at the end", "http:GET:https://a.test."], ["dot at the start", "http:GET:https://.a.test"], ["two dots", "http:GET:https://a..test"], ["dot at a wildcard's end", "http:GET:https://*.example.com."],
    ["Cyrillic letters", "http:GET:https://аррӏе.com"], ["full-width dot", "http:GET:https://a．test"], ["soft hyphen", "http:GET:https://a\u00adb.test"], ["zero-width space", "http:GET:https://a\u200b.test"], ["malformed punycode", "http:GET:https://xn--a.test"], ["punycode of ASCII", "http:GET:https://xn--abc-.test"],
    ["percent-encoded host", "http:GET:https://%61.test"], ["underscored slash", "http:GET:https://a.test\\evil"], ["hex IPv4", "http:GET:https://0x7f.1"], ["one number IPv4", "http:GET:https://2130706433"], ["octal IPv4", "http:GET:https://0177.0.0.1"], ["short IPv4", "http:GET:https://127.1"],
    ["IPv4 out of range", "http:GET:https://256.0.0.1"], ["wildcard before IPv4", "http:GET:https://*.0.0.1"], ["wildcard before a short IPv4", "http:GET:https://*.127.1"], ["long IPv6", "http:GET:https://[0:0:0:0:0:0:0:1]"], ["capital IPv6", "http:GET:https://[::A]"], ["IPv6 with zone", "http:GET:https://[fe80::1%25en0]"],
    ["IPv6 without brackets", "http:GET:https://::1"], ["IPv4 in IPv6", "http:GET:https://[::ffff:127.0.0.1]"], ["open bracket", "http:GET:https://[::1"], ["wildcard in brackets", "http:GET:https://*.[::1]"],
    ["port 0", "http:GET:https://a.test:0"], ["port too high", "http:GET:https://a.test:65536"], ["port with a zero before", "http:GET:https://a.test:0443"], ["empty port", "http:GET:https://a.test:"], ["negative port", "http:GET:https://a.test:-1"], ["hex port", "http:GET:https://a.test:0x1bb"], ["port in other digits", "http:GET:https://a.test:٤٤٣"], ["two ports", "http:GET:https://a.test:443:443"],
    ["other scheme", "http:GET:ftp://a.test"], ["file scheme", "http:GET:file:///etc"], ["data scheme", "http:GET:data:,x"], ["capital scheme", "http:GET:HTTPS://a.test"], ["one slash", "http:GET:https:/a.test"], ["three slashes", "http:GET:https:///a.test"], ["no host", "http:GET:https://"], ["only a path", "http:GET:https:///v1"],
    ["query", "http:GET:https://a.test/?x=1"], ["fragment", "http:GET:https://a.test/#x"], ["query without a path", "http:GET:https://a.test?x"], ["up", "http:GET:https://a.test/v1/../v2"], ["here", "http:GET:https://a.test/./v1"], ["up with a parameter", "http:GET:https://a.test/v1/..;/v2"],
    ["encoded up", "http:GET:https://a.test/%2e%2e/v1"], ["encoded slash", "http:GET:https://a.test/v1%2fx"], ["any encoding", "http:GET:https://a.test/%761"], ["empty segment", "http:GET:https://a.test//v1"], ["backslash", "http:GET:https://a.test/v1\\x"], ["blank", "http:GET:https://a.test/a b"], ["newline", "http:GET:https://a.test\n"], ["tab in the scheme", "http:GET:ht\ttps://a.test"],
    ["lower-case method", "http:get:https://a.test"], ["method with a blank", "http:GET ,POST:https://a.test"], ["empty method", "http:GET,:https://a.test"], ["repeated method", "http:GET,GET:https://a.test"], ["tunnel", "http:CONNECT:https://a.test"], ["trace", "http:TRACE:https://a.test"], ["header in a method", "http:GET\r\nX:https://a.test"],
    ["label of 64", `http:GET:https://${"a".repeat(64)}.test`], ["host of 254", `http:GET:https://${"a.".repeat(125)}test`], ["label that ends in a dash", "http:GET:https://a-.test"], ["two addresses", "http:GET:https://a.test,https://b.test"], ["the next capability", "http:GET:https://a.test fs:rw:/"],
    ["secret over plain http", "secret:KEY:http://api.example.com"], ["secret with a path", "secret:KEY:https://a.test/"], ["secret to user-info", "secret:KEY:https://a.test@evil.test"], ["secret with a header in its name", "secret:KEY\r\nX:https://a.test"],
    ["secret to a look-alike of localhost", "secret:KEY:http://localhost.evil.test"],
  ]);
});

describe("an app's interface in another form than the compared one is refused", () => {
  refuseAll("capability-invalid", [
    ["capitals in the package", "host:Acme:notes/store"], ["underscore", "host:acme:my_notes/store"], ["no namespace", "host:notes/store"], ["nested", "host:a:b:c/d"], ["no semantic version", "host:a:b/c@1"], ["version range", "host:a:b/c@^1.0.0"], ["version with a zero before", "host:a:b/c@1.02.0"], ["empty version", "host:a:b/c@"],
    ["files as the app's own", "host:wasi:filesystem/types@0.2.0"], ["sockets as the app's own", "host:wasi:sockets/tcp@0.2.0"], ["requests as the app's own", "host:wasi:http/outgoing-handler@0.2.0"], ["WASI of another version", "host:wasi:cli/environment@0.3.0"],
    ["two interfaces", "host:a:b/c,a:b/d"], ["function twice", "host:a:b/c#f,f"], ["function of no kind", "host:a:b/c#[other]f"], ["method without a resource", "host:a:b/c#[method]read"], ["two lists of functions", "host:a:b/c#f#g"], ["functions after patterns", "host:a:b/c?p=x#f"],
    ["parameter twice", "host:a:b/c?p=x&p=y"], ["parameter without a name", "host:a:b/c?=x"], ["parameter that is no label", "host:a:b/c?__proto__=x"], ["no value", "host:a:b/c?p"], ["two questions", "host:a:b/c?p=x?q=y"], ["empty item", "host:a:b/c?p=x&"],
    ["star inside", "host:a:b/c?p=/a/*/b"], ["two stars", "host:a:b/c?p=/a/**"], ["encoded star that would become one", "host:a:b/c?p=/a/%2A"], ["encoded star inside", "host:a:b/c?p=/%2a/b"],
    ["up in a prefix", "host:a:b/c?p=/a/../*"], ["encoded up in a prefix", "host:a:b/c?p=/a/%2e%2e/*"], ["twice encoded up in a prefix", "host:a:b/c?p=/a/%252e%252e/*"], ["backslash in a prefix", "host:a:b/c?p=%5C*"], ["full-width dots in a prefix", "host:a:b/c?p=/%EF%BC%8E%EF%BC%8E/*"],
    ["NUL", "host:a:b/c?p=a%00"], ["newline", "host:a:b/c?p=a%0Ab"], ["right-to-left override", "host:a:b/c?p=%E2%80%AEa"], ["zero-width space", "host:a:b/c?p=a%E2%80%8B"], ["malformed UTF-8", "host:a:b/c?p=%c0%ae"], ["encoded surrogate", "host:a:b/c?p=%ed%a0%80"], ["half an encoding", "host:a:b/c?p=%2"],
    ["plain blank", "host:a:b/c?p=a b"], ["Cyrillic letter", "host:a:b/c?p=а"], ["quote", 'host:a:b/c?p="'], ["second sign of equality", "host:a:b/c?p=a=b"],
  ]);
});

describe("a number in another form is refused", () => {
  refuseAll("capability-invalid", [
    ["0", "keyvalue:0"], ["negative", "keyvalue:-1"], ["exponent", "keyvalue:1e9"], ["hex", "keyvalue:0x10"], ["zero before", "keyvalue:010"], ["fraction", "keyvalue:1.5"], ["blank", "keyvalue: 1"], ["sign", "keyvalue:+1"],
    ["beyond exact numbers", "keyvalue:9007199254740992"], ["far beyond", "keyvalue:99999999999999999999"], ["underscores", "keyvalue:1_000"], ["other digits", "keyvalue:١"], ["unit", "keyvalue:1MiB"],
  ]);
});

describe("a path in a guest's file system", () => {
  test.each(["", ".", "..", "a", "/a/", "//", "/a//b", "/.", "/..", "/a/..", "/a/./b", "/../a", "/a\\b", "/a\0b", "/a\n", "/\u007f", "\\", "/a/\u0085"])("is not %j", (text) => {
    expect(isGuestPath(text)).toBe(false);
    expect(pathIncludes("/", text)).toBe(false);
    expect(pathIncludes(text, "/a")).toBe(false);
  });

  test.each(["/", "/a", "/...", "/.a", "/a.", "/a/..b", "/é", "/a b"])("is %j", (text) => {
    expect(isGuestPath(text)).toBe(true);
    expect(pathIncludes("/", text)).toBe(true);
  });

  test.each([["/data", "/database"], ["/data", "/Data"], ["/data/in", "/data"], ["/data", "/data/../etc"], ["/data", "/data/"], ["/é", "/e\u0301"]])("%s does not include %s", (wide, narrow) => {
    expect(pathIncludes(wide, narrow)).toBe(false);
  });
});
