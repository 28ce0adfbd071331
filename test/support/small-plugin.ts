/** The smallest fixture, by its two ways into a page. Each has code of its own provenance. */
import { expect } from "@playwright/test";
import type { PluginPage } from "./plugin-page.js";

const bytes = new Uint8Array([0, 1, 127, 128, 255]);

export const ways = [
  { way: "signed package", code: "package", load: (plugins: PluginPage, name: string) => plugins.loadPackaged("small-c", { name, id: "fixture.small-c" }) },
  { way: "unsigned component", code: "transpiled", load: (plugins: PluginPage, name: string) => plugins.loadComponent("small-c", { name, id: "local.small-c" }) },
] as const;

/** Calls it, as `name`, and checks its answers. */
export async function expectAnswers(plugins: PluginPage, name: string): Promise<void> {
  expect(await plugins.call(name, "add", [40, 2])).toEqual({ value: 42 });
  expect((await plugins.call(name, "echo", [bytes])).value).toEqual(bytes);
}
