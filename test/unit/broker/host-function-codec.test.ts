import { describe, expect, it } from "vitest";
import { MalformedCall } from "../../../src/broker/call-errors.js";
import { HostFunctionCodec } from "../../../src/broker/host-function-codec.js";
import type { World } from "../../../src/component/world.js";
import { testInstance } from "./broker-context.js";

const world: World = {
  types: [{ kind: "resource", name: "note", owner: "acme:notes/store" }, { kind: "own", resource: 0 }, { kind: "borrow", resource: 0 }, { kind: "tuple", items: [1, "u8"] }],
  imports: { interfaces: [], functions: [] },
  exports: { interfaces: [], functions: [] },
};

class Note {
  freed = 0;
  [Symbol.dispose](): void {
    this.freed += 1;
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

function opened() {
  const { context, failures } = testInstance([]);
  const codec = new HostFunctionCodec(context, world, {
    async: false,
    parameters: [{ name: "first", type: 1 }, { name: "second", type: 2 }],
    result: 3,
  });
  const give = (note: object): number => (codec.lowerOk([note, 1], "give") as [number])[0];
  return { context, codec, give, failures };
}

describe("resources of the app's", () => {
  it("come back as the objects that they are, and what is given away is the app's to free", async () => {
    const { context, codec, give } = opened();
    const [one, other] = [new Note(), new Note()];
    const [first, second] = [give(one), give(other)];
    expect(codec.lift([first, second])).toEqual([one, other]);
    expect(() => codec.lift([first, second])).toThrow(MalformedCall);
    context.handles.disposeAll();
    await turn();
    expect([one.freed, other.freed]).toEqual([0, 1]);
  });

  it("cannot be given away and used in one call: they would have two owners", () => {
    const { codec, give } = opened();
    const id = give(new Note());
    expect(() => codec.lift([id, id])).toThrow("given away already");
  });

  it("are freed if the answer that they stood in cannot be given", async () => {
    const { context, codec } = opened();
    const note = new Note();
    expect(() => codec.lowerOk([note, 300], "give")).toThrow();
    await turn();
    expect(note.freed).toBe(1);
    context.handles.disposeAll();
  });

  it("that fail to be freed keep none of the others", async () => {
    const { context, give, failures } = opened();
    const note = new Note();
    give({ get [Symbol.dispose]() { throw new Error("no"); } });
    give(note);
    context.handles.disposeAll();
    await turn();
    expect([note.freed, failures.length]).toEqual([1, 1]);
  });
});
