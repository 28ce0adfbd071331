import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseCapability, printCapability } from "../../../src/capability/capability.js";
import { checkConsistent, includesCapability, intersectCapabilities } from "../../../src/capability/include-capability.js";
import { expectRefusal } from "../package/package-fixture.js";
import { action, capabilities, capabilityList, capabilityText, permitted } from "./capability-texts.js";

const RUNS = { seed: 20_261_120, numRuns: 1_500 } as const;

const intersection = (left: readonly string[], right: readonly string[]) => intersectCapabilities(capabilities(...left), capabilities(...right)).map(printCapability);

describe("the intersection of two lists", () => {
  test.each<readonly [left: readonly string[], right: readonly string[], both: readonly string[]]>([
    [["clocks", "log"], ["log", "random"], ["log"]],
    [["clocks"], [], []],
    [["fs:rw:/data"], ["fs:ro:/data/in"], ["fs:ro:/data/in"]],
    [["fs:ro:/data/in"], ["fs:rw:/data"], ["fs:ro:/data/in"]],
    [["fs:rw:/data"], ["fs:rw:/database"], []],
    [["fs:rw:/"], ["fs:rw:/a", "fs:ro:/b"], ["fs:ro:/b", "fs:rw:/a"]],
    [["fs:rw:/a"], ["fs:ro:/a", "fs:rw:/a/b"], ["fs:ro:/a", "fs:rw:/a/b"]],
    [["fs:rw:/a"], ["fs:rw:/", "fs:ro:/a/b"], ["fs:rw:/a"]],
    [["http:GET,POST:https://api.example.com/v1/"], ["http:GET:https://*.example.com"], ["http:GET:https://api.example.com/v1/"]],
    [["http:GET:https://example.com"], ["http:GET:https://*.example.com"], []],
    [["http:GET:https://example.com"], ["http:POST:https://example.com"], []],
    [["http:GET:https://example.com"], ["http:GET:http://example.com"], []],
    [["http:GET:https://example.com/v1"], ["http:GET:https://example.com/v1evil"], []],
    [["http:GET:https://example.com/v1"], ["http:GET:https://example.com/v1/"], ["http:GET:https://example.com/v1/"]],
    [["http:GET:https://*.a.example.com/x"], ["http:GET:https://*.example.com/x/y"], ["http:GET:https://*.a.example.com/x/y"]],
    [["keyvalue"], ["keyvalue:10"], ["keyvalue:10"]],
    [["keyvalue:20"], ["keyvalue:10"], ["keyvalue:10"]],
    [["keyvalue"], ["keyvalue"], ["keyvalue"]],
    [["secret:KEY:https://a.test"], ["secret:KEY:https://b.test"], []],
    [["host:acme:notes/store@1.0.0"], ["host:acme:notes/store@1.0.0#read?path=/notes/*"], ["host:acme:notes/store@1.0.0#read?path=/notes/*"]],
    [["host:acme:notes/store@1.0.0#read,list"], ["host:acme:notes/store@1.0.0#write"], []],
    [["host:acme:notes/store@1.0.0"], ["host:acme:notes/store@1.0.1"], []],
    [["host:a:b/c?path=/a/*"], ["host:a:b/c?to=/b/*"], ["host:a:b/c?path=/a/*&to=/b/*"]],
    [["host:a:b/c?path=/a/*"], ["host:a:b/c?path=/b/*"], []],
    [["host:a:b/c?path=/a/*"], ["host:a:b/c?path=/a/x"], ["host:a:b/c?path=/a/x"]],
    [["host:a:b/c?path=/a/*"], ["host:a:b/c?path=/a/../secret"], []],
  ])("of %j and %j is %j", (left, right, both) => {
    expect(intersection(left, right)).toEqual(both);
    expect(intersection(right, left)).toEqual(both);
  });

  test("permits what both permit, and nothing else", () => {
    let permissions = 0;
    fc.assert(fc.property(capabilityList, capabilityList, fc.array(action, { minLength: 10, maxLength: 20 }), (left, right, actions) => {
      const both = intersectCapabilities(left, right);
      for (const done of actions) {
        const isPermitted = permitted(both, done);
        permissions += Number(isPermitted);
        expect(isPermitted).toBe(permitted(left, done) && permitted(right, done));
      }
    }), RUNS);
    expect(permissions, "actions that were permitted at all").toBeGreaterThan(50);
  });

  test("is commutative, idempotent and associative, and can be written down", () => {
    const texts = (list: ReturnType<typeof intersectCapabilities>) => list.map(printCapability);
    fc.assert(fc.property(capabilityList, capabilityList, capabilityList, (one, two, three) => {
      const both = intersectCapabilities(one, two);
      expect(texts(intersectCapabilities(two, one))).toEqual(texts(both));
      expect(texts(intersectCapabilities(both, both))).toEqual(texts(both));
      expect(texts(intersectCapabilities(both, three))).toEqual(texts(intersectCapabilities(one, intersectCapabilities(two, three))));
      expect(texts(both).map((text) => parseCapability(text))).toEqual(both);
    }), RUNS);
  });

  test("has none that another of it includes", () => {
    fc.assert(fc.property(capabilityList, capabilityList, (left, right) => {
      const both = intersectCapabilities(left, right);
      for (const wide of both) for (const narrow of both) expect(wide !== narrow && includesCapability(wide, narrow)).toBe(false);
    }), RUNS);
  });

  test("is no longer than what is asked for, however wide the app grants", () => {
    const all = capabilities("fs:rw:/", "keyvalue", "http:DELETE,GET,HEAD,PATCH,POST,PUT:https://*.example.com", "host:a:b/c");
    expect(intersectCapabilities(capabilities("fs:ro:/a"), all).map(printCapability)).toEqual(["fs:ro:/a"]);
  });
});

describe("one capability includes another", () => {
  test("only if it permits everything that the other does", () => {
    let inclusions = 0;
    fc.assert(fc.property(capabilityText, capabilityText, fc.array(action, { minLength: 10, maxLength: 20 }), (wideText, narrowText, actions) => {
      const [wide, narrow] = [parseCapability(wideText), parseCapability(narrowText)];
      if (!includesCapability(wide, narrow)) return;
      inclusions += 1;
      for (const done of actions) if (permitted([narrow], done)) expect(permitted([wide], done)).toBe(true);
    }), { ...RUNS, numRuns: 6_000 });
    expect(inclusions).toBeGreaterThan(50);
  });

  test.each([
    ["keyvalue", "keyvalue:9007199254740991", true],
    ["keyvalue:9007199254740991", "keyvalue", false],
    ["http:GET:https://*.example.com", "http:GET:https://*.example.com", true],
    ["http:GET:https://*.example.com", "http:GET:https://evil-example.com", false],
    ["http:GET:https://api.example.com", "http:GET:https://*.api.example.com", false],
    ["host:a:b/c#read", "host:a:b/c", false],
    ["host:a:b/c?path=/x", "host:a:b/c", false],
    ["clocks", "random", false],
  ])("%s includes %s: %j", (wide, narrow, expected) => {
    expect(includesCapability(parseCapability(wide), parseCapability(narrow))).toBe(expected);
  });
});

describe("a list contradicts itself", () => {
  test.each([
    [["fs:ro:/a", "fs:rw:/a"]],
    [["fs:rw:/data", "clocks", "fs:ro:/data/system"]],
    [["fs:ro:/a", "fs:rw:/"]],
    [["keyvalue", "keyvalue:10"]],
    [["keyvalue:20", "keyvalue:10"]],
    [["clocks", "clocks"]],
    [["http:GET:https://a.test", "http:GET:https://a.test:443/"]],
  ])("%j", async (texts) => {
    await expectRefusal(() => checkConsistent(capabilities(...texts), { pluginId: "acme.test" }), "capability-invalid");
  });

  test.each([
    [["fs:ro:/data", "fs:rw:/data/out"]],
    [["fs:rw:/data", "fs:ro:/database"]],
    [["fs:rw:/a", "fs:rw:/a/b"]],
    [["http:GET:https://a.test", "http:GET:https://a.test/v1"]],
    [["env:A", "env:B", "clocks", "keyvalue"]],
    [["secret:KEY:https://a.test", "secret:KEY:https://b.test"]],
  ])("%j does not", (texts) => {
    expect(() => checkConsistent(capabilities(...texts))).not.toThrow();
  });
});
