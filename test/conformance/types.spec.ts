/** Every WIT type, both ways, through real components of every toolchain: pack, sign, serve, load, call. */
import { toCamelCase } from "../../src/component/javascript-names.js";
import { fixtures, isExpected } from "../fixtures/index.js";
import { brokenCases, countersInterface, resourceLimits, typeCases, valuesInterface, type TypeCase } from "../fixtures/type-cases.js";
import { expect, test } from "../support/browser-test.js";
import { type CallResult, packagedDescriptor, PluginPage } from "../support/plugin-page.js";

for (const { name } of fixtures.filter((fixture) => fixture.name.startsWith("types-"))) {
  test(`${name}: every value of every type crosses both ways`, async ({ page, server }) => {
    test.skip(!isExpected(name), `${name} needs a toolchain that this machine does not have`);
    const plugins = new PluginPage(page, server);
    const loaded = await plugins.loadPackaged(name);
    expect(loaded.error).toBeUndefined();
    expect(loaded.report).toMatchObject({ code: "package", cache: { hit: false, reason: "missing" }, sandbox: "policy-frame" });
    const failures = new Map<string, string>();
    for (const one of typeCases) {
      const problem = compare(one, await plugins.call(name, toCamelCase(one.name), one.arguments));
      if (problem !== undefined) failures.set(one.id, problem);
    }
    // A toolchain's own fault is listed, and must still be one: when it is repaired, the list must follow.
    const known = brokenCases.get(name) ?? [];
    expect([...failures].filter(([id]) => !known.includes(id))).toEqual([]);
    expect([...failures.keys()].sort()).toEqual([...known].sort());
  });

  test(`${name}: resources are made, lent, given away and dropped`, async ({ page, server }) => {
    test.skip(!isExpected(name), `${name} needs a toolchain that this machine does not have`);
    const limits = resourceLimits.get(name) ?? [];
    const plugins = new PluginPage(page, server);
    expect((await plugins.loadPackaged(name)).error).toBeUndefined();
    const seen = await plugins.run(async ({ plugins: modules }, [fixture, canGive]) => {
      const handle = modules.handle(fixture);
      const first = await handle.call("new Counter", [5]);
      const second = await handle.call("new Counter", [10]);
      const labelled = await handle.call("createLabelled", ["kept", 3]);
      const refused = await handle.call("createChecked", [101]).catch((error: unknown) => modules.describeError(error));
      const checked = await handle.call("createChecked", [100]);
      const none = await handle.call("createMaybe", [undefined]);
      const many = await handle.call("createMany", [3]);
      const values = [
        await first.call("increment", [2]), await first.call("value", []), await handle.call("peek", [second]),
        await first.call("same", [second]), await handle.call("sum", [[first, second, labelled.item]]), await checked.call("value", []), none,
        many.length, refused.code, typeof refused.payload,
      ];
      const merged = canGive ? await handle.call("Counter.merge", [first, second]) : undefined;
      const mergedValue = canGive ? await merged.call("value", []) : undefined;
      const live = await handle.call("live", []);
      for (const counter of [...many, labelled.item, checked, ...(canGive ? [merged] : [first, second])]) await counter.dispose();
      return { values, mergedValue, dropped: live - (await handle.call("live", [])) };
    }, [name, !limits.includes("own-argument")] as const);
    expect(seen.values).toEqual([7, 7, 10, false, 20, 100, undefined, 3, "plugin-error", "string"]);
    if (!limits.includes("own-argument")) expect(seen.mergedValue).toBe(17);
    if (!limits.includes("drop")) expect(seen.dropped).toBe(6);
  });
}

test("the cases cover every function of the interfaces", async () => {
  const { world } = await packagedDescriptor("types-rust");
  const functions = (name: string) => world.exports.interfaces.find((shape) => shape.name === name)?.functions.map((named) => named.name) ?? [];
  const called = new Set(typeCases.map(({ name }) => name));
  expect(functions(valuesInterface).filter((name) => !called.has(name))).toEqual([]);
  expect(functions(countersInterface).length).toBeGreaterThan(10);
});

function compare(one: TypeCase, { value, error }: CallResult): string | undefined {
  try {
    if ("error" in one) {
      expect(error?.code).toBe("plugin-error");
      expect(error?.payload).toStrictEqual(one.error);
    } else {
      expect(error).toBeUndefined();
      expect(value).toStrictEqual(one.result);
    }
    return undefined;
  } catch (difference) {
    return difference instanceof Error ? difference.message.slice(0, 300) : String(difference);
  }
}
