/**
 * What every consumer app runs with the `portcullis` that it loaded from the installed package: a real component,
 * once from a bare file, which is transpiled in the page, and once from a signed archive. Plain JavaScript, so that
 * each bundler takes it as it is.
 *
 * @param {typeof import("../../src/index.js")} portcullis
 * @returns {Promise<typeof EXPECTED>} what the checks compare
 */
export async function scenario(portcullis) {
  const { PluginHost, dangerouslyTrustUnsigned, trustKeys, fileSource, defineInterface, isPluginError, memoryCache } = portcullis;
  const descriptor = defineInterface(JSON.parse(await (await served("descriptors/small-c.json")).text()));
  const component = await served("fixtures/components/small-c.wasm");
  const archive = await served("registry/fixture.small-c-1.0.0.tar.gz");
  const publisher = (await (await served("publisher.pub")).text()).trim();
  const load = async (/** @type {string} */ id, /** @type {Blob} */ file, /** @type {ReturnType<typeof trustKeys>} */ trust) => {
    const host = new PluginHost({ sources: [fileSource(file, { id })], trust, cache: memoryCache() });
    try {
      const plugin = await host.load(id, descriptor);
      const sum = await plugin.call("add", [2, 3]);
      const echo = await plugin.call("echo", [Uint8Array.of(1, 2, 255)]);
      return { sum, echo: [...echo], code: plugin.report.code, sandbox: plugin.report.sandbox };
    } finally {
      await host.dispose();
    }
  };
  const bare = await load("local.small", component, dangerouslyTrustUnsigned("checks the installed package"));
  const signed = await load("fixture.small-c", archive, trustKeys([publisher]));
  const refusal = await load("local.small", component, trustKeys([publisher])).then(
    () => "none",
    (/** @type {unknown} */ error) => (isPluginError(error) ? error.code : String(error)),
  );
  return { bare, signed, refusal, frames: document.querySelectorAll("iframe").length };
}

async function served(/** @type {string} */ path) {
  return (await fetch(new URL(path, document.baseURI))).blob();
}

/** What {@link scenario} gives when everything works. */
export const EXPECTED = {
  bare: { sum: 5, echo: [1, 2, 255], code: "transpiled", sandbox: "policy-frame" },
  signed: { sum: 5, echo: [1, 2, 255], code: "package", sandbox: "policy-frame" },
  refusal: "signature-missing",
  frames: 0,
};
