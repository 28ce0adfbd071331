/** The app's objects in a plugin's hands, against a worker that lies about them. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { MalformedCall } from "../../../src/broker/call-errors.js";
import { HostFunctionCodec } from "../../../src/broker/host-function-codec.js";
import { FIRST_LENT_NUMBER, type LentObject } from "../../../src/broker/lent-object.js";
import { LentObjectTable } from "../../../src/broker/lent-objects.js";
import { SourceReader } from "../../../src/broker/source-reader.js";
import type { HostInterface } from "../../../src/capability/host-interface.js";
import { decodeComponent } from "../../../src/component/decode-component.js";
import { fixturePath } from "../../fixtures/index.js";
import { testInstance } from "./broker-context.js";

const world = decodeComponent(new Uint8Array(readFileSync(fixturePath("pumps-rust"))));
const [shape] = world.imports.interfaces;
if (shape === undefined) throw new Error("the fixture imports nothing");
const SOURCES = { interfaceName: shape.name };
const NUMBERS = { ...SOURCES, resourceName: "numbers" };
const turn = () => new Promise((resolve) => setImmediate(resolve));

function opened() {
  const instance = testInstance([`host:${SOURCES.interfaceName}`]);
  const offered: HostInterface = { name: SOURCES.interfaceName, world, shape: shape as never, documentation: "", functions: new Map(), timeoutMilliseconds: undefined };
  const objects = new LentObjectTable(instance.context, [{ world, shape: shape as never, offered }]);
  let last = FIRST_LENT_NUMBER;
  const lend = (object: object, mode: LentObject["mode"] = "own", type = NUMBERS): number => {
    last += 1;
    objects.lend({ id: last, object, mode, ...type });
    return last;
  };
  const method = (name: string, isStep = false) => {
    const found = shape?.functions.find((named) => named.name === name);
    if (found === undefined) throw new Error(`no ${name}`);
    return new HostFunctionCodec(instance.context, world, found.type, isStep);
  };
  return { ...instance, objects, lend, method };
}

describe("a plugin that answers with an object of the app", () => {
  it("gives it away once, and cannot give what it does not hold", () => {
    const { objects, lend } = opened();
    const source = [1];
    const id = lend(source);
    expect(objects.takeBack(id, NUMBERS)).toBe(source);
    for (const wrong of [id, 0, 1, -1, 1.5, Number.NaN, FIRST_LENT_NUMBER, Number.MAX_SAFE_INTEGER]) {
      expect(() => objects.takeBack(wrong, NUMBERS), String(wrong)).toThrow(expect.objectContaining({ code: "resource-invalid" }));
    }
  });

  it("cannot pass one type for another", () => {
    const { objects, lend } = opened();
    const id = lend([1]);
    expect(() => objects.takeBack(id, { ...SOURCES, resourceName: "meter" })).toThrow(expect.objectContaining({ code: "resource-invalid" }));
    expect(() => objects.takeBack(id, { interfaceName: "acme:other/sources@1.0.0", resourceName: "numbers" })).toThrow(expect.objectContaining({ code: "resource-invalid" }));
  });

  it("cannot give away what was lent to it for a call", () => {
    const { objects, lend } = opened();
    expect(() => objects.takeBack(lend([1], "borrow"), NUMBERS)).toThrow(expect.objectContaining({ code: "resource-invalid" }));
  });

  it("cannot give a handle of another kind of the page's things", () => {
    const { context, objects } = opened();
    const file = context.handles.add({ dispose: () => undefined }, undefined);
    expect(() => objects.takeBack(file, NUMBERS)).toThrow(expect.objectContaining({ code: "resource-invalid" }));
  });
});

describe("what is lent", () => {
  it("is left as it is when it is taken back, and when the plugin drops it", async () => {
    const { context, lend } = opened();
    const log: string[] = [];
    function* source() {
      try { yield 1; yield 2; } finally { log.push("left"); }
    }
    const lent = source();
    lent.next();
    context.handles.drop(lend(lent, "borrow"));
    await turn();
    expect(log).toEqual([]);
  });

  it("is left when the plugin drops what was given to it", async () => {
    const { context, lend, method } = opened();
    const log: string[] = [];
    function* source() {
      try { yield 1; yield 2; } finally { log.push("left"); }
    }
    const id = lend(source());
    const [reader] = method("[method]numbers.next", true).lift([id]);
    expect(reader).toBeInstanceOf(SourceReader);
    expect((reader as SourceReader).next()).toBe(1);
    context.handles.drop(id);
    await turn();
    expect(log).toEqual(["left"]);
  });

  it("is refused without the grant, at the moment of the call", () => {
    const { lend, grant } = opened();
    lend([1]);
    grant();
    expect(() => lend([2])).toThrow(expect.objectContaining({ code: "capability-denied" }));
  });

  it("is bounded in number, and what does not fit is not freed: it is the app's", async () => {
    const { lend } = opened();
    for (let count = 0; count < 4_096; count += 1) lend([count]);
    let freed = 0;
    expect(() => lend({ next: () => undefined, [Symbol.dispose]: () => void (freed += 1) })).toThrow(expect.objectContaining({ code: "busy" }));
    await turn();
    expect(freed).toBe(0);
  });

  it("cannot be given on by a plugin to which it was only lent", () => {
    const { context, lend } = opened();
    const owning = new HostFunctionCodec(context, world, { async: false, parameters: [{ name: "input", type: ownedNumbers() }], result: null });
    const id = lend([1], "borrow");
    expect(() => owning.lift([id])).toThrow(MalformedCall);
    expect(owning.lift([lend([2])])).toEqual([[2]]);
  });
});

function ownedNumbers(): number {
  const resource = world.types.findIndex((definition) => definition.kind === "resource" && definition.name === "numbers");
  return world.types.findIndex((definition) => definition.kind === "own" && definition.resource === resource);
}
