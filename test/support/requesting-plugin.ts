/** Fixtures that ask for capabilities which their packages do not: repacked with the requests, signed by the publisher. */
import type { FixtureName } from "../fixtures/index.js";
import type { TestServer } from "./browser-test.js";
import { forge, packedFixture, publisherSigningKey, serveArchive } from "./forged-package.js";
import { type LoadRequest, type LoadResult, packagedDescriptor, type PluginPage } from "./plugin-page.js";

export interface Request {
  readonly capability: string;
  /** Default: true. */
  readonly optional?: boolean;
}

/** Loads a fixture that asks for `requests`, as `name` (default: the fixture's). */
export async function loadRequesting(
  plugins: PluginPage,
  server: TestServer,
  fixture: FixtureName,
  requests: readonly (string | Request)[],
  options: Partial<LoadRequest> = {},
): Promise<LoadResult> {
  const key = await publisherSigningKey();
  const capabilities = requests.map((request) => {
    const { capability, optional = true } = typeof request === "string" ? { capability: request } : request;
    return { capability, reason: `The fixture uses ${capability}`, optional };
  });
  const files = await forge(await packedFixture(fixture), { lie: (manifest) => ({ ...manifest, capabilities }), sign: [key] });
  return plugins.load({
    name: fixture,
    id: `fixture.${fixture}`,
    source: await serveArchive(server, files),
    descriptor: await packagedDescriptor(fixture),
    trust: { keys: [key.text] },
    ...options,
  });
}
