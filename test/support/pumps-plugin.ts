/** The guest that reads streams of the app, in a page whose app has them: see `test/browser/pages/streams-app.js`. */
import { readFile } from "node:fs/promises";
import { decodeComponent } from "../../src/component/decode-component.js";
import { hashExports } from "../../src/component/interface-hash.js";
import { selectWorld } from "../../src/node/types/select-world.js";
import { fixturePath } from "../fixtures/index.js";
import type { TestServer } from "./browser-test.js";
import type { LoadRequest, LoadResult, PluginPage } from "./plugin-page.js";
import { loadRequesting } from "./requesting-plugin.js";

export const SOURCES = "host:probe:streams/sources@1.0.0";

export async function loadPumps(plugins: PluginPage, server: TestServer, { grant = [SOURCES], ...host }: LoadRequest["host"] = {}): Promise<LoadResult> {
  const world = decodeComponent(new Uint8Array(await readFile(fixturePath("pumps-rust"))));
  return loadRequesting(plugins, server, "pumps-rust", [SOURCES], {
    // As `portcullis types` writes it: with what the app offers.
    descriptor: { name: "pumps", hash: await hashExports(world), world: selectWorld(world) },
    host: { grant, ...host, setup: { module: "streams-app.js", create: "createSources", argument: { world } } },
  });
}
