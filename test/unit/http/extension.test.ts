import { describe, expect, it } from "vitest";
import { disposeSymbol, ImportError } from "../../../src/wasi/guest-context.js";
import type { HostChannel } from "../../../src/wasi/host-channel.js";
import { ErrorResource } from "../../../src/wasi/io.js";
import { guestContext, guestHttp, probeImports } from "./guest.js";

/** A way to a page that must not be taken. */
const noPage: HostChannel = {
  call: (operation) => {
    throw new Error(`called ${operation}`);
  },
  send: () => undefined,
};

describe("what a component over wasi:http is given", () => {
  it("is the interface, where http was granted", () => {
    const members = probeImports(guestContext(noPage).context).get("wasi:http/types") as Record<string, new (...values: unknown[]) => object>;
    const { Fields, OutgoingRequest } = members;
    if (Fields === undefined || OutgoingRequest === undefined) throw new Error("no classes");
    expect(new OutgoingRequest(new Fields())).toHaveProperty("setMethod");
  });
  it("is a denial of all of it, where http was not granted", () => {
    const { context, endings } = guestContext(noPage, ["clocks", "secret"]);
    const members = probeImports(context).get("wasi:http/types") as Record<string, new (...values: unknown[]) => object>;
    expect(() => members["Fields"] && new members["Fields"]()).toThrow(WebAssembly.RuntimeError);
    expect(endings).toMatchObject([{ kind: "denied" }]);
    const { handle } = probeImports(context).get("wasi:http/outgoing-handler") as { handle: () => unknown };
    expect(handle).toThrow(ImportError);
  });
});

describe("a request", () => {
  const { context, endings } = guestContext(noPage);
  const http = guestHttp(context);
  const create = () => new http.OutgoingRequest(new http.Fields());

  it("begins as the interface says, and keeps what is set", () => {
    const request = create();
    expect([request.method(), request.scheme(), request.authority(), request.pathWithQuery()]).toEqual([{ tag: "get" }, undefined, undefined, undefined]);
    request.setMethod({ tag: "other", val: "PROPFIND" });
    request.setScheme({ tag: "HTTP" });
    request.setAuthority("localhost:1");
    request.setPathWithQuery("/a?b");
    expect([request.method(), request.scheme(), request.authority(), request.pathWithQuery()]).toEqual([{ tag: "other", val: "PROPFIND" }, { tag: "HTTP" }, "localhost:1", "/a?b"]);
    request.setScheme(undefined);
    request.setAuthority(undefined);
    request.setPathWithQuery(undefined);
    expect([request.scheme(), request.authority(), request.pathWithQuery()]).toEqual([undefined, undefined, undefined]);
  });
  it("refuses what has not the syntax of its part", () => {
    const request = create();
    for (const method of ["", "GET ", "G\r\n", "a/b"]) expect(() => request.setMethod({ tag: "other", val: method })).toThrow(ImportError);
    for (const scheme of ["", "ht tp", "1http", "http:"]) expect(() => request.setScheme({ tag: "other", val: scheme })).toThrow(ImportError);
    for (const authority of ["", "a b", "a/b", "a\\b", "a?b", "a#b", "a\r\n", "\u0430"]) expect(() => request.setAuthority(authority)).toThrow(ImportError);
    for (const path of ["/a b", "/a#b", "/a\r\n", "/\u0430"]) expect(() => request.setPathWithQuery(path)).toThrow(ImportError);
    expect([request.method(), request.scheme(), request.authority(), request.pathWithQuery()]).toEqual([{ tag: "get" }, undefined, undefined, undefined]);
  });
  it("has immutable headers of its own", () => {
    const fields = http.Fields.fromList([["x", new Uint8Array([0x31])]]);
    const request = new http.OutgoingRequest(fields);
    fields.append("y", new Uint8Array());
    expect(request.headers().entries().map(([name]) => name)).toEqual(["x"]);
    expect(() => request.headers().append("z", new Uint8Array())).toThrow(ImportError);
  });
  it("keeps its parts from the guest", () => {
    expect(Object.getOwnPropertyNames(http.OutgoingRequest).toSorted()).toEqual(["length", "name", "prototype"]);
    const members = Object.getOwnPropertyNames(http.OutgoingRequest.prototype).toSorted();
    expect(members).toEqual(["authority", "body", "constructor", "headers", "method", "pathWithQuery", "scheme", "setAuthority", "setMethod", "setPathWithQuery", "setScheme"]);
  });
  it("ends the instance, as the interface has it, when a body goes before its stream", () => {
    const body = create().body();
    const stream = body.write();
    expect(() => http.OutgoingBody.finish(body, undefined)).toThrow(WebAssembly.RuntimeError);
    expect(() => body[disposeSymbol]()).toThrow(WebAssembly.RuntimeError);
    expect(endings.map((ending) => ending.kind)).toEqual(["trap", "trap"]);
    stream[disposeSymbol]();
    expect(http.OutgoingBody.finish(body, undefined)).toBeUndefined();
    expect(() => stream.write(new Uint8Array(1))).toThrow(ImportError);
  });
});

describe("http-error-code", () => {
  const { httpErrorCode } = guestHttp(guestContext(noPage).context);
  it.each([
    ["of HTTP", { tag: "HTTP-response-timeout" }, { tag: "HTTP-response-timeout" }],
    ["of a file", "access", undefined],
    ["of nothing in particular", undefined, undefined],
  ])("knows the errors %s", (_, code, answer) => {
    expect(httpErrorCode(new ErrorResource("failed", code))).toEqual(answer);
  });
});
