import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CAPABILITY_KINDS, parseCapability, printCapability } from "../../../src/capability/capability.js";
import { describeCapability } from "../../../src/capability/describe-capability.js";
import { isPluginError } from "../../../src/errors/plugin-error.js";
import { refusal } from "../package/package-fixture.js";
import { capabilityText } from "./capability-texts.js";

describe("a text and its canonical form", () => {
  test.each([
    ["clocks", "clocks"],
    ["env:LANG", "env:LANG"],
    ["env:_x9", "env:_x9"],
    ["fs:ro:/", "fs:ro:/"],
    ["fs:rw:/data/my notes", "fs:rw:/data/my notes"],
    ["http:POST,GET:https://api.example.com", "http:GET,POST:https://api.example.com"],
    ["http:GET:https://api.example.com:443/", "http:GET:https://api.example.com"],
    ["http:GET:http://api.example.com:443/", "http:GET:http://api.example.com:443"],
    ["http:GET:http://localhost:80/v1", "http:GET:http://localhost/v1"],
    ["http:GET:https://*.example.com:8443/v1/", "http:GET:https://*.example.com:8443/v1/"],
    ["http:GET:https://[::1]:8080/a,b;c=1/@x", "http:GET:https://[::1]:8080/a,b;c=1/@x"],
    ["http:M-SEARCH:https://127.0.0.1", "http:M-SEARCH:https://127.0.0.1"],
    ["http:GET:https://xn--bcher-kva.example", "http:GET:https://xn--bcher-kva.example"],
    ["keyvalue", "keyvalue"],
    ["keyvalue:1048576", "keyvalue:1048576"],
    ["secret:API_KEY:https://api.example.com:443", "secret:API_KEY:https://api.example.com"],
    ["secret:k:http://localhost:3000", "secret:k:http://localhost:3000"],
    ["host:acme:notes/store@1.0.0", "host:acme:notes/store@1.0.0"],
    ["host:acme:notes/store", "host:acme:notes/store"],
    ["host:acme:notes/store@1.0.0-rc.1+b", "host:acme:notes/store@1.0.0-rc.1+b"],
    ["host:a:b/c#write,[method]note.read,[constructor]note", "host:a:b/c#[constructor]note,[method]note.read,write"],
    ["host:a:b/c?to=x&path=/notes/*", "host:a:b/c?path=/notes/*&to=x"],
    ["host:a:b/c?q=a%26b%3d%c3%a9%20%41*", "host:a:b/c?q=a%26b%3D%C3%A9%20A*"],
    ["host:wasi:nn/tensor@0.2.0", "host:wasi:nn/tensor@0.2.0"],
  ])("%s is %s", (text, canonical) => {
    expect(printCapability(parseCapability(text))).toBe(canonical);
    expect(printCapability(parseCapability(canonical))).toBe(canonical);
  });

  test("are the same capability", () => {
    fc.assert(fc.property(capabilityText, (text) => {
      const parsed = parseCapability(text);
      const canonical = printCapability(parsed);
      expect(parseCapability(canonical)).toEqual(parsed);
      expect(printCapability(parseCapability(canonical))).toBe(canonical);
      expect(canonical.length).toBeLessThanOrEqual(text.length);
    }), { seed: 20_261_120, numRuns: 2_000 });
  });

  test("have what the text says", () => {
    expect(parseCapability("http:POST,GET:https://*.example.com/v1/")).toEqual({
      kind: "http", methods: ["GET", "POST"], scheme: "https", host: "*.example.com", port: 443, pathPrefix: "/v1/",
    });
    expect(parseCapability("host:a:b/c@1.0.0#g,f?path=%2Fx%2F*&to=y")).toEqual({
      kind: "host", interfaceName: "a:b/c@1.0.0", functions: ["f", "g"], patterns: new Map([["path", "/x/*"], ["to", "y"]]),
    });
  });
});

describe("what a person reads", () => {
  test.each([
    ["clocks", "Read the current time, measure durations and wait"],
    ["env:LANG", "Read the setting “LANG” from the environment"],
    ["fs:ro:/data", "Read files in the folder “/data”"],
    ["fs:rw:/data", "Read and change files in the folder “/data”"],
    ["fs:rw:/", "Read and change all files that the app offers"],
    ["http:GET,POST:https://api.example.com/v1/", "Send GET and POST requests to https://api.example.com, only under /v1/"],
    ["http:GET:https://api.example.com:8443", "Send GET requests to https://api.example.com:8443"],
    ["http:GET,POST,PUT:https://*.example.com", "Send GET, POST and PUT requests to every host below example.com (https://*.example.com)"],
    ["http:GET:http://*.example.com:8080/v1", "Send GET requests to every host below example.com (http://*.example.com:8080), only under /v1"],
    ["keyvalue", "Keep data of its own"],
    ["keyvalue:1048576", "Keep data of its own, up to 1 MiB"],
    ["keyvalue:1048577", "Keep data of its own, up to 1.1 MiB"],
    ["keyvalue:100", "Keep data of its own, up to 100 bytes"],
    ["secret:API_KEY:https://a.test", "Have the app add the secret “API_KEY” to requests to https://a.test, without seeing it"],
    ["host:acme:notes/store@1.0.0", "Use what the app offers as acme:notes/store@1.0.0"],
    ["host:a:b/c#read,list?path=/notes/*&to=x", "Use “list” and “read” of what the app offers as a:b/c, only where “path” begins with “/notes/” and “to” is “x”"],
  ])("of %s", (text, description) => {
    expect(describeCapability(parseCapability(text))).toBe(description);
  });

  test("is there for every kind, in printable characters only", () => {
    const described = new Set<string>();
    fc.assert(fc.property(capabilityText, (text) => {
      const capability = parseCapability(text);
      described.add(capability.kind);
      expect(describeCapability(capability)).toMatch(/^[A-Z][\x20-\x7e“”]{9,}$/);
      expect(describeCapability(capability)).not.toBe(capability.kind);
    }), { seed: 20_261_120, numRuns: 2_000 });
    expect([...described].toSorted()).toEqual([...CAPABILITY_KINDS].toSorted());
  });
});

describe("an error about a text", () => {
  test("says for whom, what and how it is right", async () => {
    expect(await refusal(() => parseCapability("fs:ro:data", { pluginId: "acme.blur" }), "capability-invalid")).toBe(
      'Cannot load acme.blur: the capability "fs:ro:data" has no absolute path of plain segments: no . or .. or empty ones, no backslash, no / at the end. Write it like fs:ro:/data or fs:rw:/data',
    );
    expect(await refusal(() => parseCapability("clock", { doing: "Cannot read the option grant" }), "capability-unknown")).toContain("Cannot read the option grant: the capability \"clock\" is of none");
    expect(await refusal(() => parseCapability("sockets:tcp"), "capability-unknown")).toContain("A browser has no sockets");
  });

  test("has the stage and the plugin that were given", () => {
    const attempt = () => parseCapability("env", { pluginId: "acme.blur", stage: "pack" });
    expect(attempt).toThrow(expect.objectContaining({ code: "capability-invalid", stage: "pack", pluginId: "acme.blur" }));
  });

  test("shows no character that could rewrite it", async () => {
    const message = await refusal(() => parseCapability("fs:ro:/\u202e/etc\n\u0000\u200b"), "capability-invalid");
    expect(message).toMatch(/^[\x20-\x7e]*$/);
  });
});

describe("any text", () => {
  const fragments = [
    ...CAPABILITY_KINDS, ":", "::", "/", "//", "*", "*.", ".", "..", ",", "#", "?", "&", "=", "@", "%", "%2e", "%2F", "%00", "%zz", "%e9", "[", "]", "[::1]", "\\", " ", "\n", "\0", "\ud800",
    "ro", "rw", "GET", "get", "https", "http://", "https://", "example.com", "xn--", "127.0.0.1", "0x7f.1", "443", "99999", "-1", "1e3", "сlocks", "ｈttp", "\u200b", "\u202e", "acme:notes/store", "@1.0.0", "path=", "__proto__",
  ];
  const text = fc.oneof(
    fc.array(fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...fragments) }, { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 5 }) }), { maxLength: 14 }).map((parts) => parts.join("")),
    fc.tuple(capabilityText, fc.nat(60), fc.nat(4), fc.constantFrom(...fragments)).map(([good, at, cut, put]) => good.slice(0, at) + put + good.slice(at + cut)),
  );

  test("is read or refused with a PluginError, and what is read is printable and stays the same", () => {
    let read = 0;
    fc.assert(fc.property(text, (given) => {
      try {
        const parsed = parseCapability(given);
        read += 1;
        const canonical = printCapability(parsed);
        expect(canonical).toMatch(/^[\x20-\x7e]+$/);
        expect(parseCapability(canonical)).toEqual(parsed);
        expect(describeCapability(parsed)).toMatch(/^[A-Z][\x20-\x7e“”]{9,}$/);
      } catch (error) {
        if (!isPluginError(error)) throw error;
        expect(["capability-unknown", "capability-invalid"]).toContain(error.code);
        expect(error.message.length).toBeLessThan(700);
      }
    }), { seed: 20_261_120, numRuns: 10_000 });
    expect(read, "texts that were read").toBeGreaterThan(150);
  });

  test.each([["a path", `fs:ro:/${"a/".repeat(100_000)}a`], ["a kind", "x".repeat(1_000_000)], ["methods", `http:${"GET,".repeat(100_000)}GET:https://a.test`], ["labels", `http:GET:https://${"a.".repeat(4000)}test`], ["patterns", `host:a:b/c?${"a=%2e&".repeat(100_000)}`], ["dashes", `host:${"a-".repeat(4000)}:b/c`], ["words of digits", `host:a:b/c${"-1".repeat(4000)}!`], ["a parameter of digits", `host:a:b/c?x${"-1".repeat(4000)}=*`]])(
    "that is very long in %s is refused",
    (_, given) => {
      expect(() => parseCapability(given)).toThrow(expect.objectContaining({ name: "PluginError" }));
    },
  );
});
