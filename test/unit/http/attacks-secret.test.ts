/** Secrets that a guest may use but not see, and a worker that does not keep to the form of host calls. */
import { describe, expect, it } from "vitest";
import { MalformedCall } from "../../../src/broker/call-errors.js";
import { open, send } from "./attempt.js";
import { codeOf, type GuestRequest, request } from "./guest.js";
import { grantedOrigin, servedOrigin } from "./served-origins.js";

const { server, granted, url } = await grantedOrigin();
const other = await servedOrigin();

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
  const MALFORMED: readonly (readonly [what: string, operation: string, values: readonly unknown[]])[] = [
    ["nothing", "http.send", []],
    ["no headers", "http.send", ["GET", "https", "allowed.test", "/"]],
    ["an authority that is no text", "http.send", ["GET", "https", 1, "/", []]],
    ["a path that is no text", "http.send", ["GET", "https", "allowed.test", {}, []]],
    ["headers that are no list", "http.send", ["GET", "https", "allowed.test", "/", "headers"]],
    ["a header without a value", "http.send", ["GET", "https", "allowed.test", "/", [["x"]]]],
    ["a header's value that is text", "http.send", ["GET", "https", "allowed.test", "/", [["x", "text"]]]],
    ["a header's value of another width", "http.send", ["GET", "https", "allowed.test", "/", [["x", new Uint16Array(2)]]]],
    ["headers without end", "http.send", ["GET", "https", "allowed.test", "/", Array.from({ length: 5_000 }, () => ["x", new Uint8Array()])]],
    ["a body that is text", "http.send", ["GET", "https", "allowed.test", "/", [], "body"]],
    ["a body that nobody made", "http.send", ["GET", "https", "allowed.test", "/", [], 99]],
    ["a time below zero", "http.send", ["GET", "https", "allowed.test", "/", [], undefined, -1]],
    ["a time that is no number", "http.send", ["GET", "https", "allowed.test", "/", [], undefined, Number.NaN]],
    ["a time that is text", "http.send", ["GET", "https", "allowed.test", "/", [], undefined, undefined, "1"]],
    ["the number of nothing", "http.response", [1]],
    ["a name for a number", "http.response", ["__proto__"]],
    ["a body that nobody made, to write to", "http.body.write", [1, new Uint8Array()]],
    ["no body to finish", "http.body.finish", [undefined, new Uint8Array()]],
  ];
  it.each(MALFORMED)("ends its instance with %s, to %s", async (_, operation, values) => {
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
