import { expect, it } from "vitest";
import { Audit } from "../../../src/host/audit.js";

const plugin = { id: "acme.test", version: "1.0.0" };

it("keeps the last entries in their order, and forgets the rest", () => {
  const told: unknown[] = [];
  const audit = new Audit({ entries: 3 }, (entry) => told.push(entry));
  for (let count = 0; count < 10; count += 1) audit.enter(plugin, { kind: "revoked", capability: `env:V${count}` });
  expect(audit.list().map((entry) => ("capability" in entry ? entry.capability : ""))).toEqual(["env:V7", "env:V8", "env:V9"]);
  expect(told.length).toBe(10);
});

it("gives a copy, which nobody can alter", () => {
  const audit = new Audit({}, () => undefined);
  audit.enter(plugin, { kind: "revoked", capability: "clocks" });
  (audit.list() as unknown[]).length = 0;
  expect(audit.list().length).toBe(1);
});

it.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, "10"])("refuses to keep %s entries", (entries) => {
  expect(() => new Audit({ entries: entries as number }, () => undefined)).toThrow(expect.objectContaining({ code: "usage-invalid" }) as Error);
});
