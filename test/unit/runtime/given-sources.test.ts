/** The app's streams in the hands of a worker that does not keep to the protocol. */
import { expect, test } from "vitest";
import type { CarrierStep } from "../../../src/rpc/messages.js";
import { GivenSources } from "../../../src/runtime/worker/given-sources.js";

function opened() {
  const answers: [number, CarrierStep][] = [];
  const log: string[] = [];
  const sources = new GivenSources((source, step) => void answers.push([source, step]));
  let settle: (step: CarrierStep) => void = () => undefined;
  sources.give(1, { next: () => new Promise((resolve) => { log.push("next"); settle = resolve; }), leave: () => void log.push("left") });
  return { sources, answers, log, settle: (step: CarrierStep) => settle(step) };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));
const item = { kind: "item", value: 5 } as const;

test("one item is asked for at a time, and one that asks twice at once breaks the protocol", async () => {
  const { sources, answers, log, settle } = opened();
  expect(sources.accept({ source: 1, wish: "next" })).toBe(true);
  expect(sources.accept({ source: 1, wish: "next" })).toBe(false);
  settle(item);
  await turn();
  expect(sources.accept({ source: 1, wish: "next" })).toBe(true);
  expect([answers, log]).toEqual([[[1, item]], ["next", "next"]]);
});

test.each([0, -1, 2, 1.5, Number.NaN, 2 ** 53])("the number %d, which stands for nothing, breaks the protocol", (source) => {
  const { sources } = opened();
  expect(sources.accept({ source, wish: "next" })).toBe(false);
  expect(sources.accept({ source, wish: "leave" })).toBe(false);
});

test("what was left is left once, is not answered any more, and cannot be asked", async () => {
  const { sources, answers, log, settle } = opened();
  sources.accept({ source: 1, wish: "next" });
  expect(sources.accept({ source: 1, wish: "leave" })).toBe(true);
  expect(sources.accept({ source: 1, wish: "leave" })).toBe(false);
  expect(sources.accept({ source: 1, wish: "next" })).toBe(false);
  settle(item);
  await turn();
  sources.close();
  expect([answers, log]).toEqual([[], ["next", "left"]]);
});

test("the end of the instance leaves all", () => {
  const { sources, log } = opened();
  sources.close();
  sources.close();
  expect(log).toEqual(["left"]);
});
