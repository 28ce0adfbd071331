import { describe, expect, it } from "vitest";
import { isCapabilityKind } from "../../../src/capability/capability.js";
import { importAuthority, importRule } from "../../../src/capability/import-catalogue.js";

describe("importRule", () => {
  it("takes every 0.2 version of a WASI interface for one", () => {
    for (const version of ["0.2.0", "0.2.3", "0.2.12", "0.2.999"]) expect(importRule(`wasi:random/random@${version}`)?.capability).toBe("random");
  });

  it("gives types without authority no capability", () => expect(importRule("wasi:io/streams@0.2.6")).toEqual({ capability: null }));

  it("matches drafts by their exact text", () => {
    expect(importRule("wasi:logging/logging@0.1.0-draft")?.capability).toBe("log");
    expect(importRule("wasi:logging/logging")?.capability).toBe("log");
    expect(importRule("wasi:logging/logging@0.2.0")).toBeUndefined();
    expect(importRule("wasi:keyvalue/store@0.2.0-draft2")?.capability).toBe("keyvalue");
    expect(importRule("wasi:config/store@0.2.0-rc.1")?.capability).toBe("config");
  });

  it.each([
    "wasi:random/random", "wasi:random/random@0.3.0", "wasi:random/random@0.2", "wasi:random/random@0.2.01", "wasi:nothing/random@0.2.0",
    "acme:random/random@0.2.0", "__proto__", "wasi:random/random@0.2.0-rc.1", "wasi:random/random@0.2.0\n", " wasi:random/random@0.2.0",
  ])("does not know %j", (name) => {
    expect(importRule(name)).toBeUndefined();
    expect(importAuthority(name, "get-random-bytes")).toBeUndefined();
  });
});

describe("importAuthority", () => {
  it.each([
    ["wasi:cli/environment@0.2.0", "get-environment", "env"],
    ["wasi:cli/environment@0.2.6", "get-arguments", "args"],
    ["wasi:cli/environment@0.2.6", "initial-cwd", "fs"],
    ["wasi:cli/stdin@0.2.6", "get-stdin", "stdin"],
    ["wasi:filesystem/preopens@0.2.0", "get-directories", "fs"],
    ["wasi:filesystem/types@0.2.0", "[method]descriptor.open-at", "fs"],
    ["wasi:http/outgoing-handler@0.2.0", "handle", "http"],
    ["wasi:http/types@0.2.0", "[constructor]fields", "http"],
    ["wasi:keyvalue/atomics@0.2.0-draft", "increment", "keyvalue"],
    ["wasi:keyvalue/batch@0.2.0-draft2", "get-many", "keyvalue"],
    ["wasi:config/runtime@0.2.0-draft", "get-all", "config"],
    ["wasi:logging/logging", "log", "log"],
    ["wasi:io/poll@0.2.0", "poll", null],
  ])("%s#%s stands for %s", (interfaceName, functionName, authority) => {
    expect(importAuthority(interfaceName, functionName)).toBe(authority);
  });

  it.each([
    ["wasi:sockets/tcp@0.2.0", "[method]tcp-socket.start-connect", "sockets"],
    ["wasi:sockets/ip-name-lookup@0.2.0", "resolve-addresses", "sockets"],
    ["wasi:cli/exit@0.2.0", "exit", "exit"],
    ["wasi:cli/terminal-stdin@0.2.0", "get-terminal-stdin", "terminal"],
    ["wasi:blobstore/container@0.2.0-draft", "[method]container.name", "blobstore"],
  ])("%s#%s stands for what no capability gives", (interfaceName, functionName, authority) => {
    expect(importAuthority(interfaceName, functionName)).toBe(authority);
    expect(isCapabilityKind(authority)).toBe(false);
  });

  it.each(["wasi:http/incoming-handler@0.2.0", "wasi:http/proxy@0.2.0", "acme:notes/store@1.0.0"])("does not know %s", (name) => {
    expect(importAuthority(name, "handle")).toBeUndefined();
  });

  it("does not take a function's name for a path through the table", () => {
    expect(importAuthority("wasi:io/poll@0.2.0", "get-arguments")).toBe(null);
    expect(importAuthority("wasi:cli/environment@0.2.0#get-arguments", "")).toBeUndefined();
    expect(importAuthority("wasi:cli/environment@0.2.0", "__proto__")).toBe("env");
  });
});
