import { beforeAll, describe, expect, test } from "vitest";
import { decodeComponent } from "../../../src/component/decode-component.js";
import { locateCoreModules } from "../../../src/component/core-modules.js";
import { parseWorld } from "../../../src/component/parse-world.js";
import { isPluginError } from "../../../src/errors/plugin-error.js";
import { buildComponent } from "./support/build-component.js";
import { EVERY_TYPE_WIT } from "./support/every-type.js";
import { fixtureComponents } from "./support/fixture-components.js";

const components: [name: string, bytes: Uint8Array][] = [];

beforeAll(async () => {
  components.push(["everything", await buildComponent(EVERY_TYPE_WIT, "everything")], ["asynchronous", await buildComponent(EVERY_TYPE_WIT, "asynchronous")]);
  for (const [name, bytes] of fixtureComponents()) if (bytes.length < 100_000) components.push([name, bytes]);
});

/** Mulberry32: the same numbers in every run. */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32 * below) | 0;
  };
}

/** A world, or a refusal: nothing else may come out, and a world is always one that can be stored. */
function expectWorldOrRefusal(bytes: Uint8Array): "world" | "refusal" {
  try {
    const world = decodeComponent(bytes);
    parseWorld(JSON.parse(JSON.stringify(world)));
    return "world";
  } catch (error) {
    if (isPluginError(error, "component-invalid") || isPluginError(error, "component-unsupported")) return "refusal";
    throw error;
  }
}

describe("damaged components", () => {
  test("cut at every byte", () => {
    const [, bytes] = components[1] ?? ["", new Uint8Array()];
    let refusals = 0;
    for (let length = 0; length < bytes.length; length += 1) {
      if (expectWorldOrRefusal(bytes.subarray(0, length)) === "refusal") refusals += 1;
    }
    // A cut between two sections leaves a shorter component; any other is noticed.
    expect(refusals).toBeGreaterThan(bytes.length * 0.9);
  });

  test("random changes outside the code", () => {
    const random = randomNumbers(1);
    for (let round = 0; round < 2_000; round += 1) {
      const [, original] = components[round % components.length] ?? ["", new Uint8Array()];
      const modules = locateCoreModules(original);
      const mutated = original.slice();
      for (let change = random(4); change >= 0; change -= 1) {
        let at = random(mutated.length);
        const module = modules.find(({ offset, size }) => at >= offset && at < offset + size);
        if (module !== undefined) at = Math.min(module.offset + module.size + random(200), mutated.length - 1);
        mutated[at] = random(3) === 0 ? random(256) : (mutated[at] ?? 0) ^ (1 << random(8));
      }
      const started = performance.now();
      expectWorldOrRefusal(mutated);
      expect(performance.now() - started).toBeLessThan(2_000);
    }
  });

  test("parts exchanged, repeated and removed", () => {
    const random = randomNumbers(2);
    for (let round = 0; round < 500; round += 1) {
      const [, original] = components[round % components.length] ?? ["", new Uint8Array()];
      const [, other] = components[random(components.length)] ?? ["", new Uint8Array()];
      const start = 8 + random(original.length - 8);
      const from = random(other.length);
      const piece = other.subarray(from, from + random(300));
      expectWorldOrRefusal(Uint8Array.from([...original.subarray(0, start), ...piece, ...original.subarray(start + random(300))]));
    }
  });

  test("core modules of damaged components are located or refused", () => {
    const random = randomNumbers(3);
    for (let round = 0; round < 2_000; round += 1) {
      const [, original] = components[round % components.length] ?? ["", new Uint8Array()];
      const mutated = original.slice(0, random(original.length));
      if (mutated.length > 8) mutated[8 + random(mutated.length - 8)] = random(256);
      try {
        for (const { offset, size } of locateCoreModules(mutated)) expect(offset + size).toBeLessThanOrEqual(mutated.length);
      } catch (error) {
        if (!isPluginError(error, "component-invalid")) throw error;
      }
    }
  });
});
