/** The permission dialog in a page, and what is asked there. */
import type { Page } from "@playwright/test";
import type { GrantDecision, GrantRequest } from "../../../src/admission/decide-grants.js";
import type { AskWithDialogOptions } from "../../../src/prompt.js";
import { expect, type TestServer } from "../../support/browser-test.js";

/** Its policy is that of an embedding page which forbids inline styles, evaluation and everything of other origins. */
export const PAGE_OF_STRICT_APP = `pages/blank.html?csp=${encodeURIComponent("default-src 'none'; script-src 'self'; img-src data:")}`;
export const signed = { kind: "signed", publisher: "8f4e2a6b1c9d07e3", keyIds: ["8f4e2a6b1c9d07e3"] } as const;
export const unsigned = { kind: "unsigned", reason: "a test's own" } as const;
export const blur = { id: "acme.blur", version: "1.4.0", title: "Acme Blur" };

export const photos = { plugin: blur, trust: signed, capability: "fs:ro:/photos", description: "Read files in the folder “/photos”", reason: "To find pictures that can be blurred.", optional: false };
export const shapes = { plugin: blur, trust: signed, capability: "http:GET:https://api.acme.example/v1", description: "Send GET requests to https://api.acme.example, only under /v1", reason: "To download new shapes." };
export const clocks = { plugin: blur, trust: signed, capability: "clocks", description: "Read the current time, measure durations and wait", reason: "" };
export const stranger = { plugin: { id: "local.thing", version: "0.0.1", title: undefined }, trust: unsigned, capability: "random", description: "Draw random numbers", reason: "For noise." };

type Asked = Partial<GrantRequest>;

/** The dialog in a page of the test server. */
export class PermissionPage {
  readonly page: Page;
  readonly #server: TestServer;

  constructor(page: Page, server: TestServer) {
    this.page = page;
    this.#server = server;
  }

  get dialog() {
    return this.page.getByRole("dialog");
  }

  get allowSelected() {
    return this.dialog.locator(".allow-selected");
  }

  get denyAll() {
    return this.dialog.locator(".deny-all");
  }

  /** The part of one request. */
  request(description: string) {
    return this.dialog.getByRole("group", { name: description });
  }

  async prepare(options: Omit<AskWithDialogOptions, "container" | "publisherName"> = {}): Promise<void> {
    await this.#run(`module.prepare(await import(${JSON.stringify(this.#server.url("dist/prompt.js"))}), ${JSON.stringify(options)})`);
  }

  /** Asks all at once, as one load does. */
  async ask(...requests: readonly Asked[]): Promise<readonly number[]> {
    return (await this.#run(`${JSON.stringify(requests)}.map((request) => module.request(request))`)) as number[];
  }

  /** Asks, and waits until it can be answered. */
  async askAndWait(...requests: readonly Asked[]): Promise<void> {
    await this.ask(...requests);
    await expect(this.denyAll).toBeEnabled();
  }

  async answers(): Promise<readonly (GrantDecision | null)[]> {
    return (await this.#run("module.answers")) as (GrantDecision | null)[];
  }

  async expectAnswers(...wanted: readonly (GrantDecision["decision"] | null)[]): Promise<void> {
    await expect.poll(async () => (await this.answers()).map((answer) => answer?.decision ?? null)).toEqual(wanted);
  }

  abort(index: number): Promise<unknown> {
    return this.#run(`module.abort(${index})`);
  }

  #run(code: string): Promise<unknown> {
    return this.page.evaluate(`(async () => { const module = await import(${JSON.stringify(this.#server.url("pages/permissions.js"))}); return ${code}; })()`);
  }
}

export async function opened(page: Page, server: TestServer, options: Parameters<PermissionPage["prepare"]>[0] = {}): Promise<PermissionPage> {
  const permissions = new PermissionPage(page, server);
  await permissions.prepare(options);
  return permissions;
}
