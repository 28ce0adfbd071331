import { describe, expect, it } from "vitest";
import { InterfaceError, MalformedCall } from "../../../src/broker/call-errors.js";
import { type HostHandle, HandleTable } from "../../../src/broker/handle-table.js";

class Door implements HostHandle {
  closed = 0;
  dispose(): void {
    this.closed += 1;
  }
}
class Window extends Door {}
class Other implements HostHandle {}

const FULL = { tag: "other", val: "too many" };
const NUMBERS_OF_NOBODY: readonly unknown[] = [0, 99, -1, 1.5, Number.NaN, "1", 1n, undefined, null, {}, [1], { valueOf: () => 1 }];

describe("a handle table", () => {
  it("gives back what was put in, also as what it extends", () => {
    const table = new HandleTable();
    const [door, window] = [new Door(), new Window()];
    const [one, other] = [table.add(door, FULL), table.add(window, FULL)];
    expect(table.get(one, Door)).toBe(door);
    expect(table.get(other, Door)).toBe(window);
    expect(table.waitable(other)).toBe(window);
  });

  it.each(NUMBERS_OF_NOBODY.map((id) => [id]))("has nothing under %s", (id) => {
    const table = new HandleTable();
    table.add(new Door(), FULL);
    expect(() => table.get(id, Door)).toThrow(MalformedCall);
    expect(() => table.waitable(id)).toThrow(MalformedCall);
  });

  it("takes no handle of one kind for another", () => {
    const table = new HandleTable();
    const door = table.add(new Door(), FULL);
    expect(() => table.get(door, Other)).toThrow(MalformedCall);
    expect(() => table.get(door, Window)).toThrow(MalformedCall);
  });

  it("never uses a number again, so that a stale one means nothing", () => {
    const table = new HandleTable();
    const seen = new Set<number>();
    for (let times = 0; times < 10_000; times += 1) {
      const id = table.add(new Door(), FULL);
      expect(seen.has(id)).toBe(false);
      seen.add(id);
      table.drop(id);
      expect(() => table.get(id, Door)).toThrow(MalformedCall);
    }
  });

  it("frees what is dropped once, however often it is dropped", () => {
    const table = new HandleTable();
    const door = new Door();
    const id = table.add(door, FULL);
    for (let times = 0; times < 3; times += 1) table.drop(id);
    table.drop(4_711);
    table.disposeAll();
    expect(door.closed).toBe(1);
    for (const forged of ["1", 1n, undefined, {}]) expect(() => table.drop(forged)).toThrow(MalformedCall);
  });

  it("is full at 4 096, closes what does not fit, and takes more after a drop", () => {
    const table = new HandleTable();
    const doors = Array.from({ length: 4_096 }, () => new Door());
    const ids = doors.map((door) => table.add(door, FULL));
    const late = new Door();
    expect(() => table.add(late, FULL)).toThrow(InterfaceError);
    expect(late.closed).toBe(1);
    table.drop(ids[0]);
    table.add(new Door(), FULL);
    expect(() => table.add(new Door(), FULL)).toThrow(expect.objectContaining({ payload: FULL }) as Error);
  });

  it("frees all at the instance's end", () => {
    const table = new HandleTable();
    const doors = [new Door(), new Window(), new Door()];
    const ids = doors.map((door) => table.add(door, FULL));
    table.disposeAll();
    table.disposeAll();
    expect(doors.map(({ closed }) => closed)).toEqual([1, 1, 1]);
    for (const id of ids) expect(() => table.get(id, Door)).toThrow(MalformedCall);
  });

  it("frees at once what comes after the instance's end", () => {
    const table = new HandleTable();
    table.disposeAll();
    const late = new Door();
    expect(() => table.add(late, FULL)).toThrow(InterfaceError);
    expect(late.closed).toBe(1);
  });

  it("calls what is gone ready, so that nobody waits for it", () => {
    const table = new HandleTable();
    const id = table.add(new Door(), FULL);
    table.drop(id);
    expect(table.waitable(id).ready?.()).toBeUndefined();
    expect(() => table.waitable(id + 1)).toThrow(MalformedCall);
  });
});
