import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ClientFrame, decodeClientFrame, decodeServerFrame, encodeClientFrame, encodeServerFrame, type ServerFrame } from "../../../../src/runtime/bridge/frames.js";

const failure = { code: "timeout", stage: "call", message: "too long" };
const bytes = new Uint8Array([0, 1, 255]);

const CLIENT: readonly ClientFrame[] = [
  { tag: "list", val: { request: 1 } },
  { tag: "read", val: { request: 2, id: "acme.blur", version: undefined } },
  { tag: "read", val: { request: 2, id: "acme.blur", version: "1.0.0" } },
  {
    tag: "open",
    val: {
      instance: 3, id: "acme.blur", version: "1.0.0", manifestSha256: "00", grants: ["log"], config: "{}",
      limits: { instantiateMilliseconds: 1, callMilliseconds: 2, memoryBytes: 2n ** 40n, messageBytes: 4n, logBytes: 5n },
    },
  },
  { tag: "call", val: { instance: 3, call: 4, target: "a:b/c#d", milliseconds: 5, arguments: bytes } },
  { tag: "drop", val: { instance: 3, call: 5, resource: 1 } },
  { tag: "host-answer", val: { instance: 3, id: 0, answer: { tag: "ok", val: bytes } } },
  { tag: "host-answer", val: { instance: 3, id: 0, answer: { tag: "denied", val: { authority: "host", import: "a#b" } } } },
  { tag: "revoke", val: { instance: 3, grants: [] } },
  { tag: "close", val: { instance: 0xffff_ffff } },
  { tag: "ping", val: 0 },
];

const SERVER: readonly ServerFrame[] = [
  { tag: "welcome", val: { heartbeatMilliseconds: 1, messageBytes: 2n, instances: 3, calls: 4 } },
  { tag: "listing", val: { request: 1, plugins: [{ id: "a.b", version: "1.0.0", runtime: "rust", title: "T", description: undefined }] } },
  { tag: "package", val: { request: 1, found: undefined } },
  { tag: "package", val: { request: 1, found: { manifest: bytes, signature: undefined } } },
  { tag: "refused", val: { request: 1, failure } },
  { tag: "opened", val: { instance: 1 } },
  { tag: "answer", val: { instance: 1, call: 2, outcome: { tag: "err", val: bytes } } },
  { tag: "answer", val: { instance: 1, call: 2, outcome: { tag: "failed", val: failure } } },
  { tag: "ended", val: { instance: 1, failure } },
  { tag: "host-call", val: { instance: 1, id: 7, target: "a:b/c#d", arguments: bytes } },
  { tag: "event", val: { instance: 1, event: { tag: "output", val: { stream: "stderr", text: "é" } } } },
  { tag: "event", val: { instance: 1, event: { tag: "output-truncated" } } },
  { tag: "draining" },
  { tag: "pong", val: 9 },
];

describe("every frame arrives as it was sent", () => {
  test.each(CLIENT)("$tag, from a page", (frame) => expect(decodeClientFrame(encodeClientFrame(frame))).toEqual(frame));
  test.each(SERVER)("$tag, from a bridge", (frame) => expect(decodeServerFrame(encodeServerFrame(frame))).toEqual(frame));
});

describe("what is no frame is told, and never throws", () => {
  test("cut at every byte, or with one more", () => {
    for (const frame of CLIENT) {
      const whole = encodeClientFrame(frame);
      for (let length = 0; length < whole.length; length += 1) expect(typeof decodeClientFrame(whole.subarray(0, length))).toBe("string");
      expect(decodeClientFrame(new Uint8Array([...whole, 0]))).toMatch(/bytes after its end/);
    }
  });

  test("a length of 2^64 - 1 takes no memory", () => {
    const call = encodeClientFrame({ tag: "call", val: { instance: 1, call: 1, target: "", milliseconds: 1, arguments: new Uint8Array() } });
    call.fill(0xff, call.length - 8);
    expect(decodeClientFrame(call)).toMatch(/says that it has 18446744073709551615 items, and 0 bytes are left/);
  });

  test("any bytes", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 400 }), (any) => {
      for (const decode of [decodeClientFrame, decodeServerFrame]) {
        const frame = decode(any);
        if (typeof frame === "string") continue;
        const again = decode === decodeClientFrame ? encodeClientFrame(frame as ClientFrame) : encodeServerFrame(frame as ServerFrame);
        // One frame has one spelling.
        expect(again).toEqual(any);
      }
    }), { numRuns: 3_000 });
  });
});
