import { describe, expect, it, vi } from "vitest";
import type { Outcome } from "../../../src/rpc/messages.js";
import { LiftBudget } from "../../../src/runtime/worker/realm/lift-budget.js";

function opened(bytes: number) {
  const budget = new LiftBudget();
  const end = vi.fn((_reason: Outcome) => new WebAssembly.RuntimeError("ended"));
  budget.open(bytes, end);
  return { budget, end };
}

describe("LiftBudget", () => {
  it("gives nothing before it is opened", () => expect(() => new LiftBudget().take(1)).toThrow(WebAssembly.RuntimeError));

  it("ends the instance with the first byte too many, and names the limit", () => {
    const { budget, end } = opened(100);
    budget.take(60);
    budget.take(40);
    expect(end).not.toHaveBeenCalled();
    expect(() => budget.take(1)).toThrow(WebAssembly.RuntimeError);
    expect(end).toHaveBeenCalledWith({ kind: "too-large", messageBytes: 100 });
  });

  it("counts the next message anew, after a renewal or a wait", async () => {
    const { budget } = opened(100);
    budget.take(100);
    budget.bounds.renew();
    budget.take(100);
    await Promise.resolve();
    budget.take(100);
    expect(() => budget.take(1)).toThrow();
  });

  it("counts many elements at once, as much as they may take", () => {
    const { budget } = opened(1_000);
    budget.bounds.take(100, 9);
    expect(() => budget.bounds.take(100, 9)).toThrow();
  });

  it("is not widened by a length that glue reads as negative", () => {
    const { budget, end } = opened(100);
    expect(() => budget.bounds.take(-(2 ** 31), 8)).toThrow();
    expect(end).toHaveBeenCalledWith(expect.objectContaining({ kind: "trap" }));
    expect(() => budget.take(101)).toThrow();
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])("does not let %s pass", (bytes) => expect(() => opened(100).budget.take(bytes)).toThrow());

  it("counts an array of numbers for more than its bytes", () => {
    const { budget } = opened(1_000);
    for (let count = 0; count < 7; count += 1) budget.takeNumbers(0);
    expect(() => budget.takeNumbers(200)).toThrow();
  });

  it("refuses handles without end", () => {
    const { budget, end } = opened(100);
    budget.bounds.handles(2 * 100_000);
    expect(() => budget.bounds.handles(2 * 100_000 + 2)).toThrow();
    expect(end).toHaveBeenCalledWith(expect.objectContaining({ kind: "trap" }));
  });
});
