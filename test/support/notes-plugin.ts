/** Guests of `probe:notes`, in a page whose app implements it: see `test/browser/pages/notes-app.js`. */
import { readFile } from "node:fs/promises";
import { decodeComponent } from "../../src/component/decode-component.js";
import { type FixtureName, fixturePath } from "../fixtures/index.js";
import type { TestServer } from "./browser-test.js";
import type { LoadResult, PluginPage } from "./plugin-page.js";
import { loadRequesting, type Request } from "./requesting-plugin.js";

export const STORE = "host:probe:notes/store@1.0.0";

export interface NotesOptions {
  /** What the app does: one of the behaviours of `notes-app.js`. */
  readonly behaviour?: string;
  readonly grant?: readonly string[];
  readonly requests?: readonly (string | Request)[];
  readonly audit?: { readonly hostCalls: boolean };
  readonly limits?: { readonly callMilliseconds: number };
  /** Default: the fixture's. */
  readonly name?: string;
  readonly sandboxWorkerUrl?: string;
  readonly sandbox?: "policy-frame" | "sandboxed-frame" | "policy-worker";
}

export async function loadNotes(plugins: PluginPage, server: TestServer, fixture: FixtureName, options: NotesOptions = {}): Promise<LoadResult> {
  const { behaviour = "well", grant = [STORE], requests = [STORE], name = fixture, ...host } = options;
  const world = decodeComponent(new Uint8Array(await readFile(fixturePath("notes-rust"))));
  return loadRequesting(plugins, server, fixture, requests, {
    name,
    host: { grant, ...host, setup: { module: "notes-app.js", create: "createNotes", argument: { world, behaviour } } },
  });
}

/** One command of the guest. */
export const runNotes = (plugins: PluginPage, fixture: string, command: string, ...values: string[]) => plugins.call(fixture, "run", [command, values]);
