/**
 * What every consumer app runs with the `portcullis` that it loaded from the installed package. Plain JavaScript,
 * so that each bundler takes it as it is.
 *
 * @param {typeof import("../../src/index.js")} portcullis
 * @returns {Promise<{ discovered: string[], refusal: string }>} what the checks compare
 */
export async function scenario(portcullis) {
  const { PluginHost, dangerouslyTrustUnsigned, defineInterface, isPluginError, memoryCache } = portcullis;
  const host = new PluginHost({ sources: [], trust: dangerouslyTrustUnsigned("checks the installed package"), cache: memoryCache() });
  const world = { imports: { interfaces: [], functions: [] }, exports: { interfaces: [], functions: [] }, types: [] };
  try {
    const discovered = [];
    for await (const { id } of host.discover()) discovered.push(id);
    const refusal = await host.load("acme.blur", defineInterface({ name: "acme:filter", hash: "0".repeat(64), world })).then(
      () => "none",
      (/** @type {unknown} */ error) => (isPluginError(error) ? error.code : String(error)),
    );
    return { discovered, refusal };
  } finally {
    await host.dispose();
  }
}

/** What {@link scenario} gives when everything works. */
export const EXPECTED = { discovered: [], refusal: "plugin-not-found" };
