import { EventEmitter } from "node:events";
import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { WebSocket } from "ws";
import { bridgeLimits, DEFAULT_BRIDGE_LIMITS } from "../../../src/node/bridge/bridge-limits.js";
import { jsonLog } from "../../../src/node/bridge/bridge-log.js";
import { addressKey, FailureThrottle } from "../../../src/node/bridge/failure-throttle.js";
import { Heartbeat } from "../../../src/node/bridge/heartbeat.js";
import { NumberRanges } from "../../../src/node/bridge/number-ranges.js";
import { TokenBucket } from "../../../src/node/bridge/token-bucket.js";
import { parseTokenFile, TokenList } from "../../../src/node/bridge/token-list.js";

const TOKEN = "t".repeat(32);

describe("a file of tokens", () => {
  test("has one a line, comments, and perhaps an instant of expiry", () => {
    const text = `# first\r\n\n${TOKEN}\r\n  ${TOKEN}2\t2030-01-31T12:00:00Z  # ours\n${TOKEN}#3 2030-01-31T12:00+02:00`;
    expect(parseTokenFile(text)).toEqual({
      tokens: [{ token: TOKEN }, { token: `${TOKEN}2`, expires: new Date("2030-01-31T12:00:00Z") }, { token: `${TOKEN}#3`, expires: new Date("2030-01-31T10:00:00Z") }],
      problems: [],
    });
  });

  test.each([
    ["short", "5 characters"],
    [`${TOKEN}é`, "printable ASCII"],
    ["x".repeat(2_000), "at most 1024"],
    [`${TOKEN} 2030-01-31`, "one instant"],
    [`${TOKEN} 2030-02-31T12:00:00Z and more`, "one instant"],
    [`${TOKEN} 2030-13-31T12:00:00Z`, "one instant"],
    [`${TOKEN} tomorrow`, "one instant"],
  ])("has no %j", (line, problem) => {
    const { tokens, problems } = parseTokenFile(`${TOKEN}1\n${line}\n`);
    expect(tokens).toHaveLength(1);
    expect(problems).toEqual([expect.stringContaining(problem)]);
    expect(problems.join()).toContain("line 2");
    // A mistake in a token is nearly a token.
    expect(problems.join()).not.toContain(line.slice(0, 32));
  });
});

test("a list of tokens keeps none of them", () => {
  const list = new TokenList([{ token: TOKEN }, { token: `${TOKEN}2`, expires: new Date(5) }]);
  expect(list.find(`${TOKEN}2`)).toEqual({ tokenSha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string, expires: new Date(5), subject: undefined, isListed: true });
  expect(list.find(`${TOKEN}3`)).toBeUndefined();
  expect(JSON.stringify(list)).not.toContain("tt");
});

describe("failed attempts", () => {
  test("are answered later and later, per address, and forgotten after a minute", () => {
    let now = 0;
    const throttle = new FailureThrottle(() => now);
    expect(Array.from({ length: 11 }, () => throttle.failed("192.0.2.1"))).toEqual([0, 0, 0, 100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
    expect(throttle.failed("192.0.2.2")).toBe(0);
    expect(throttle.isBlocked("192.0.2.1")).toBe(false);
    for (let index = 0; index < 19; index += 1) throttle.failed("192.0.2.1");
    expect([throttle.isBlocked("192.0.2.1"), throttle.isBlocked("192.0.2.2")]).toEqual([true, false]);
    now = 60_000;
    expect([throttle.isBlocked("192.0.2.1"), throttle.failed("192.0.2.1")]).toEqual([false, 0]);
  });

  test("attack: addresses without end are not remembered without end, and the latest are", () => {
    const throttle = new FailureThrottle(() => 0);
    for (let index = 0; index < 20_000; index += 1) throttle.failed(`10.0.${index >> 8}.${index & 255}`);
    for (let index = 0; index < 4; index += 1) throttle.failed("10.0.78.31");
    expect(throttle.failed("10.0.78.31")).toBeGreaterThan(0);
    expect(throttle.failed("10.0.0.1")).toBe(0);
  });

  test("attack: a network of version 6 is one address", () => {
    expect(addressKey("2001:db8::1")).toBe(addressKey("2001:db8:0:0:ffff::2"));
    expect(addressKey("2001:db8:0:1::1")).not.toBe(addressKey("2001:db8::1"));
    expect(addressKey("::ffff:192.0.2.1")).toBe("192.0.2.1");
    expect(addressKey("fe80::1%eth0")).toBe("fe80:0:0:0::/64");
    expect(addressKey("")).toBe("");
  });
});

test("numbers that were used are known for ever, in one range where they follow each other", () => {
  fc.assert(fc.property(fc.array(fc.nat(40), { maxLength: 60 }), (numbers) => {
    const ranges = new NumberRanges();
    const all = new Set<number>();
    for (const number of numbers) {
      ranges.add(number);
      all.add(number);
    }
    for (let number = 0; number <= 41; number += 1) expect(ranges.has(number)).toBe(all.has(number));
    expect(ranges.size).toBe([...all].filter((number) => !all.has(number - 1)).length);
  }));
  const counted = new NumberRanges();
  for (let number = 0; number < 100_000; number += 1) counted.add(number);
  expect(counted.size).toBe(1);
});

test("a bucket gives what has come into it, lends the rest, and is not confused by a clock that goes back", () => {
  let now = 1_000;
  const bucket = new TokenBucket(10, 2, () => now);
  expect([bucket.take(), bucket.take(), bucket.take()]).toEqual([true, true, false]);
  now += 100;
  expect([bucket.take(), bucket.take()]).toEqual([true, false]);
  bucket.borrow();
  bucket.borrow();
  expect(bucket.owed).toBe(200);
  now -= 500;
  expect(bucket.owed).toBe(200);
  now += 200;
  expect([bucket.owed, bucket.take()]).toEqual([0, false]);
  now += 60_000;
  expect([bucket.take(), bucket.take(), bucket.take()]).toEqual([true, true, false]);
});

describe("a heartbeat", () => {
  afterEach(() => void vi.useRealTimers());

  function beating(state: { excused: boolean; waitingBytes: number; sentParts: number }) {
    vi.useFakeTimers();
    const socket = Object.assign(new EventEmitter(), { pings: 0, ping: () => (socket.pings += 1) });
    let dead = 0;
    const heartbeat = new Heartbeat({ socket: socket as unknown as WebSocket, milliseconds: 10, isExcused: () => state.excused, backlog: () => state, onBeat: () => undefined, onDead: () => (dead += 1) });
    return { socket, heartbeat, dead: () => dead };
  }

  test("takes a peer for dead that answers nothing from one beat to the next", () => {
    const { socket, heartbeat, dead } = beating({ excused: false, waitingBytes: 0, sentParts: 0 });
    vi.advanceTimersByTime(10);
    socket.emit("pong");
    vi.advanceTimersByTime(10);
    heartbeat.sawLife();
    vi.advanceTimersByTime(10);
    expect([socket.pings, dead()]).toEqual([3, 0]);
    vi.advanceTimersByTime(10);
    expect(dead()).toBe(1);
    heartbeat.stop();
  });

  test("lets one live that still takes a large message, or that is not read", () => {
    const state = { excused: false, waitingBytes: 1_000_000, sentParts: 0 };
    const { heartbeat, dead } = beating(state);
    for (let beat = 1; beat < 6; beat += 1) {
      state.sentParts = beat;
      vi.advanceTimersByTime(10);
    }
    state.excused = true;
    vi.advanceTimersByTime(50);
    expect(dead()).toBe(0);
    state.excused = false;
    vi.advanceTimersByTime(20);
    expect(dead()).toBeGreaterThan(0);
    heartbeat.stop();
  });

  test("attack: a peer that is gone is not kept alive by what is sent to it", () => {
    const state = { excused: false, waitingBytes: 0, sentParts: 0 };
    const { heartbeat, dead } = beating(state);
    for (let beat = 1; beat < 3; beat += 1) {
      state.sentParts = beat;
      vi.advanceTimersByTime(10);
    }
    expect(dead()).toBe(1);
    heartbeat.stop();
  });
});

test("a line of the log is one line, bounded, and obeys no terminal", () => {
  const lines: string[] = [];
  jsonLog((line) => lines.push(line), () => new Date(0)).warn("refused", { origin: `\n\u001b[31m\u009b\u202e\u2028${"x".repeat(1_000)}`, times: 2, missing: undefined });
  expect(lines[0]).toMatch(/^[\x20-\x7e]+$/);
  expect(JSON.parse(lines[0] ?? "")).toEqual({ time: "1970-01-01T00:00:00.000Z", level: "warn", event: "refused", origin: `\n\u001b[31m\u009b\u202e\u2028${"x".repeat(491)}`, times: 2 });
});

test("limits have defaults, and are whole numbers", () => {
  expect(bridgeLimits({ calls: 5 })).toEqual({ ...DEFAULT_BRIDGE_LIMITS, calls: 5 });
  for (const wrong of [{ calls: 1.5 }, { calls: Number.NaN }, { call: 5 }, { callMilliseconds: Number.POSITIVE_INFINITY }]) {
    expect(() => bridgeLimits(wrong as object)).toThrow(expect.objectContaining({ code: "usage-invalid" }) as Error);
  }
});
