import { expect, it, vi } from "vitest";
import { boundedBroker } from "../../../src/broker/bounded-broker.js";
import { InterfaceError, ReportedFailure } from "../../../src/broker/call-errors.js";
import type { HostOperation } from "../../../src/broker/broker.js";
import { perform } from "./broker-context.js";

const serve = (operation: HostOperation) => {
  const { operations } = boundedBroker({ operations: new Map([["keyvalue.get", operation]]) }, 20);
  return perform(operations, "keyvalue.get", ["key"]);
};

it("lets no storage of the app keep a plugin waiting", async () => {
  const failure = await serve(() => new Promise(() => undefined)).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(ReportedFailure);
  expect((failure as Error).message).toContain("keyvalue.get did not end within the 20 ms");
});

it("answers as the operation does, at once or later, and fails as it does", async () => {
  const clear = vi.spyOn(globalThis, "clearTimeout");
  expect(await serve(() => 1)).toBe(1);
  expect(clear).not.toHaveBeenCalled();
  expect(await serve(async () => 2)).toBe(2);
  await expect(serve(() => Promise.reject(new InterfaceError("no")))).rejects.toMatchObject({ payload: "no" });
  expect(clear).toHaveBeenCalledTimes(2);
  clear.mockRestore();
});

it("ends the broker that it bounds", () => {
  const dispose = vi.fn();
  boundedBroker({ operations: new Map(), dispose }, 20).dispose?.();
  expect(dispose).toHaveBeenCalledTimes(1);
});
