/** Every fixture component goes the whole way: pack, sign, serve, load; and those that must be refused are, by name. */
import { fixtures, isExpected, type FixtureName } from "../fixtures/index.js";
import { expect, test } from "../support/browser-test.js";
import { PluginPage } from "../support/plugin-page.js";

/** What cannot be loaded, and why. */
const REFUSED = new Map<FixtureName, string>([
  ["unknown-import", "import-unknown"],
  ["two-versions", "import-unknown"],
  ["hostile-names", "import-unknown"],
  ["world-types", "import-unknown"],
  // They import functions of an app that is not here: host-functions.spec.ts has it.
  ["notes-rust", "import-unknown"],
  ["notes-c", "import-unknown"],
  ["notes-js", "import-unknown"],
  ["host-loop", "import-unknown"],
  // They import fidius's interfaces of the host: fidius.spec.ts and runtimes.spec.ts have them.
  ["fidius-greeter", "import-unknown"],
  ["conformance-rust", "import-unknown"],
  ["conformance-c", "import-unknown"],
  ["conformance-js", "import-unknown"],
  ["conformance-py", "import-unknown"],
  ["pumps-rust", "import-unknown"],
  ["start-loop", "timeout"],
  ["start-trap", "instantiate-failed"],
  ["memory-initial", "component-unsupported"],
  ["gc-heap", "component-unsupported"],
  ["twice", "instantiate-failed"],
]);

/** A call of each interface that several toolchains implement, with its answer. */
const CALLS = new Map<string, readonly [name: string, values: readonly unknown[], answer: unknown]>([
  ["bench:echo/echo@1.0.0", ["add", [40, 2], 42]],
  ["probe:wasi/probe@1.0.0", ["compute", [10], 55]],
  ["probe:network/network@1.0.0", ["compute", [10], 55]],
  ["probe:authority/authority@1.0.0", ["run", ["compute", ["10"]], "55"]],
  ["conformance:types/values@1.0.0", ["echoString", ["grüße 🦊"], "grüße 🦊"]],
]);

/** What is in the worker anyway. Everything else is granted, and not, in authorities.spec.ts. */
const HARMLESS = ["clocks", "random", "stdout", "stderr", "log"];

for (const { name, language, size } of fixtures) {
  test(`${name} (${language}, ${size})`, async ({ page, server }) => {
    test.skip(!isExpected(name), `${name} needs a toolchain that this machine does not have`);
    const plugins = new PluginPage(page, server);
    const { error, report, info } = await plugins.loadPackaged(name, { host: { grant: HARMLESS } });
    expect(error?.code).toBe(REFUSED.get(name));
    if (error !== undefined) return;
    expect(report?.code).toBe("package");
    expect(info?.trust.kind).toBe("signed");
    for (const [interfaceName, [called, values, answer]] of CALLS) {
      if (await exportsInterface(plugins, name, interfaceName)) expect(await plugins.call(name, called, values)).toEqual({ value: answer });
    }
  });
}

async function exportsInterface(plugins: PluginPage, name: FixtureName, interfaceName: string): Promise<boolean> {
  const response = await plugins.page.request.get(plugins.server.url(`packages/descriptors/${name}.json`));
  const { world } = (await response.json()) as { world: { exports: { interfaces: { name: string }[] } } };
  return world.exports.interfaces.some((shape) => shape.name === interfaceName);
}
