import { expect, it } from "vitest";
import type { World } from "../../../src/component/world.js";
import type { GuestAuthority } from "../../../src/rpc/messages.js";
import { CarrierTable } from "../../../src/runtime/worker/realm/carrier-table.js";
import { LiftBudget } from "../../../src/runtime/worker/realm/lift-budget.js";
import { createPluginService } from "../../../src/runtime/worker/realm/plugin-service.js";

const authority: GuestAuthority = {
  grants: [], environment: [], arguments: [], config: [], directories: [], hostInterfaces: [], standardInput: undefined, clockResolutionMilliseconds: 0,
};

it("a resource with a method named `then` is an answer, and not a promise", async () => {
  const world: World = {
    types: [{ kind: "resource", name: "trap", owner: "lab:then/then@1.0.0" }, { kind: "own", resource: 0 }],
    imports: { interfaces: [], functions: [] },
    exports: {
      functions: [],
      interfaces: [{ name: "lab:then/then@1.0.0", resources: [0], functions: [{ name: "make", type: { async: false, parameters: [], result: 1 } }] }],
    },
  };
  let entered = 0;
  // What a WIT method of this name becomes.
  class Trap {
    then(): void {
      entered += 1;
    }
  }
  const service = createPluginService({
    seal: Promise.resolve({ sealed: true }),
    budget: new LiftBudget(),
    loadGlue: () => () => ({ "lab:then/then@1.0.0": { Trap, make: () => new Trap() } }),
    emit: () => undefined,
    postHostCall: () => undefined,
    transfer: (value) => value,
    pageImports: undefined, carriers: new CarrierTable(() => undefined),
  });
  expect(await service.start({ world, authorities: [], authority, transport: null, coreModules: [], outputBytes: 1, messageBytes: 1 })).toEqual({ kind: "ok", value: undefined });
  const answer = await Promise.race([service.call({ target: "lab:then/then@1.0.0#make", arguments: [] }), new Promise((resolve) => setTimeout(resolve, 500, "hangs"))]);
  expect(answer).toEqual({ kind: "ok", value: 1 });
  expect(entered).toBe(0);
});
