import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeTarget, encodeFrame, encodeTarget, FrameProblem, FrameReader, type ProcessFrame } from "../../../src/node/executor/process-frames.js";

const frames = fc.array(fc.record({ kind: fc.integer({ min: 0, max: 255 }), id: fc.integer({ min: 0, max: 0xffff_ffff }), payload: fc.uint8Array({ maxLength: 300 }) }), { maxLength: 12 });

function cut(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let position = 0, index = 0; position < bytes.length; index += 1) {
    const size = sizes[index % sizes.length] ?? bytes.length;
    pieces.push(bytes.slice(position, position + size));
    position += size;
  }
  return pieces;
}

const plain = (frame: ProcessFrame) => ({ ...frame, payload: [...frame.payload] });

describe("a frame reader", () => {
  it("reads the same frames however they are cut into pieces", () => {
    fc.assert(fc.property(frames, fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 8 }), (sent, sizes) => {
      const bytes = Buffer.concat(sent.map(({ kind, id, payload }) => encodeFrame(kind, id, payload)));
      const reader = new FrameReader(1000);
      const read: ProcessFrame[] = [];
      for (const piece of cut(bytes, sizes)) {
        read.push(...reader.push(piece));
      }
      expect(read.map(plain)).toEqual(sent.map(plain));
    }));
  });

  it("gives each frame memory that later pieces do not change", () => {
    const reader = new FrameReader(1000);
    const all = Buffer.concat([encodeFrame(1, 1, new Uint8Array(100).fill(1)), encodeFrame(2, 2, new Uint8Array(100).fill(2))]);
    const read: ProcessFrame[] = [];
    for (const piece of cut(all, [30])) read.push(...reader.push(piece));
    expect(read.map(({ payload }) => new Set(payload))).toEqual([new Set([1]), new Set([2])]);
  });

  it("gives the frames before one that is none, and keeps refusing after it", () => {
    const reader = new FrameReader(1000);
    const read: ProcessFrame[] = [];
    const bytes = Buffer.concat([encodeFrame(1, 1), Buffer.from([0, 0, 0, 0, 0])]);
    expect(() => {
      for (const frame of reader.push(bytes)) read.push(frame);
    }).toThrow(FrameProblem);
    expect(read.map(plain)).toEqual([{ kind: 1, id: 1, payload: [] }]);
    expect(() => [...reader.push(encodeFrame(1, 1))]).toThrow(FrameProblem);
  });

  it.each([0, 4, 996 + 5, 0x7fff_ffff, 0xffff_ffff])("attack: a length of %i bytes", (length) => {
    const head = new Uint8Array(4);
    new DataView(head.buffer).setUint32(0, length, true);
    expect(() => [...new FrameReader(1000).push(head)]).toThrow(FrameProblem);
  });

  it("attack: a large frame comes in a million pieces", () => {
    const most = 64 * 1024 * 1024;
    const reader = new FrameReader(most);
    const head = encodeFrame(19, 1).slice(0, 4);
    new DataView(head.buffer).setUint32(0, most, true);
    expect([...reader.push(head)]).toEqual([]);
    const memory = (): number => process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers;
    const before = memory();
    for (let piece = 0; piece < 1_000_000; piece += 1) reader.push(Uint8Array.of(piece)).next();
    // Kept one by one, they would take more than 100 MB.
    expect(memory() - before).toBeLessThan(40_000_000);
  });

  it("attack: a frame claims much and sends little", () => {
    const before = process.memoryUsage().arrayBuffers;
    const readers = Array.from({ length: 100 }, () => {
      const reader = new FrameReader(64 * 1024 * 1024);
      const head = new Uint8Array(8);
      new DataView(head.buffer).setUint32(0, 64 * 1024 * 1024, true);
      return [reader, [...reader.push(head)]];
    });
    expect(readers).toHaveLength(100);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10_000_000);
  });
});

describe("a target", () => {
  it("is read with what follows it", () => {
    const bytes = Buffer.concat([encodeTarget("acme:a/b#größe"), Buffer.from([1, 2])]);
    expect(decodeTarget(bytes)).toEqual({ target: "acme:a/b#größe", rest: bytes.subarray(bytes.length - 2) });
  });

  it.each([[[]], [[5]], [[5, 0, 97]], [[1, 0, 0xff]]])("attack: it is malformed: %j", (bytes) => {
    expect(decodeTarget(Uint8Array.from(bytes))).toBeUndefined();
  });
});
