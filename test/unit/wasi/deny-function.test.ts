import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { importRule } from "../../../src/capability/import-catalogue.js";
import { decodeComponent } from "../../../src/component/decode-component.js";
import { denyFunction } from "../../../src/wasi/deny-function.js";
import { ImportError } from "../../../src/wasi/guest-context.js";
import { createImportTable } from "../../../src/wasi/import-table.js";
import { fixturePath } from "../../fixtures/index.js";
import { testGuest } from "./denied-guest.js";

describe.each(["everything-c", "everything-rust", "network-probe", "logger"] as const)("every import of %s, granted nothing", (name) => {
  const world = decodeComponent(readFileSync(fixturePath(name)));

  it("is denied: by an error of its own type, or by ending the instance; and each is reported", () => {
    let denied = 0;
    for (const shape of world.imports.interfaces) {
      const authority = importRule(shape.name)?.capability ?? "none";
      for (const { name: functionName, type } of shape.functions) {
        const guest = testGuest();
        const deny = denyFunction(world, type, authority, `${shape.name}#${functionName}`, guest.context);
        const thrown = capture(deny);
        const isTyped = thrown instanceof ImportError;
        expect(isTyped || thrown instanceof WebAssembly.RuntimeError, `${shape.name}#${functionName}`).toBe(true);
        expect(guest.events).toEqual([{ kind: "denied", authority, import: `${shape.name}#${functionName}` }]);
        expect(guest.context.fatal === undefined).toBe(isTyped);
        denied += 1;
      }
    }
    expect(denied).toBeGreaterThan(0);
  });

  it("is in the import table, because glue refuses to start without it", () => {
    const table = createImportTable(world, new Map(), testGuest().context, []);
    for (const shape of world.imports.interfaces) {
      const members = table[shape.name];
      expect(members, shape.name).toBeDefined();
      expect(Object.values(members ?? {}).every((member) => typeof member === "function")).toBe(true);
      expect(Object.keys(members ?? {}).length).toBe(shape.resources.length + shape.functions.filter((named) => !named.name.startsWith("[")).length);
    }
  });
});

function capture(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error("a denied function returned");
}
