import { describe, expect, it } from "vitest";
import { CAPABILITY_DESCRIPTIONS, CAPABILITY_KINDS, parseCapability } from "../../../src/capability/capability.js";
import { importRule } from "../../../src/capability/import-catalogue.js";
import { isPluginError } from "../../../src/errors/plugin-error.js";

describe("parseCapability", () => {
  it("knows every kind, and each has a description for people", () => {
    for (const kind of CAPABILITY_KINDS) {
      expect(parseCapability(kind, "acme.test")).toBe(kind);
      expect(CAPABILITY_DESCRIPTIONS.get(kind)).toBeTruthy();
    }
  });

  it.each(["Clocks", " clocks", "clocks ", "сlocks", "clocks\u0000", "", "constructor", "__proto__", "fs:rw:/", "http", "*"])("refuses %j exactly", (text) => {
    let found: unknown;
    try {
      parseCapability(text, "acme.test");
    } catch (error) {
      found = error;
    }
    expect(isPluginError(found, "capability-unknown")).toBe(true);
  });
});

describe("importRule", () => {
  it("takes every 0.2 version of a WASI interface for one", () => {
    for (const version of ["0.2.0", "0.2.3", "0.2.12", "0.2.999"]) expect(importRule(`wasi:random/random@${version}`)?.capability).toBe("random");
  });

  it("gives types without authority no capability", () => expect(importRule("wasi:io/streams@0.2.6")).toEqual({ capability: null }));

  it("matches drafts by their exact text", () => {
    expect(importRule("wasi:logging/logging@0.1.0-draft")?.capability).toBe("log");
    expect(importRule("wasi:logging/logging@0.2.0")).toBeUndefined();
  });

  it.each(["wasi:random/random", "wasi:random/random@0.3.0", "wasi:random/random@0.2", "wasi:random/random@0.2.01", "wasi:nothing/random@0.2.0", "acme:random/random@0.2.0", "__proto__", "wasi:random/random@0.2.0-rc.1"])("does not know %s", (name) => {
    expect(importRule(name)).toBeUndefined();
  });
});
