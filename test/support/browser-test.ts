/** The `test` of every browser spec: a page of its own on the test server, which must end without errors. */
import { randomUUID } from "node:crypto";
import { test as base, expect, type APIRequestContext, type JSHandle, type Page } from "@playwright/test";
import type * as Portcullis from "../../src/index.js";
import type { Fault } from "./server-faults.mjs";
import type { LoggedRequest } from "./server.mjs";

export { expect };
export type { LoggedRequest, Fault };

export interface BrowserTestOptions {
  /** The page to open, below `/t/<id>/`; `strict/pages/blank.html` opens it under a strict policy. */
  readonly pagePath: string;
  /** Let the page end with uncaught errors or messages on `console.error`. */
  readonly allowPageErrors: boolean;
}

export interface TestServer {
  /** The id under which this test's requests are logged. */
  readonly id: string;
  /** Absolute URL of a path below `/t/<id>/`, on the page's origin. */
  url(path: string): string;
  /** The same on another origin, so that requests to it are cross-origin. */
  otherOriginUrl(path: string): string;
  /** The same on an origin that is no secure context: the page has no WebCrypto there. */
  insecureUrl(path: string): string;
  /** Every request that this test made so far, in order. */
  requests(): Promise<readonly LoggedRequest[]>;
  forgetRequests(): Promise<void>;
  /** Replaces the faults that this test's requests meet. */
  setFaults(faults: readonly (Pick<Fault, "path" | "mode"> & Partial<Fault>)[]): Promise<void>;
  /** Puts a file over the one on disk, for this test only. */
  putFile(path: string, bytes: Uint8Array | string): Promise<void>;
}

interface BrowserTestFixtures extends BrowserTestOptions {
  readonly server: TestServer;
  /** Errors that the page reported so far: uncaught ones and those on its console. */
  readonly pageErrors: string[];
}

export const test = base.extend<BrowserTestFixtures>({
  pagePath: ["pages/blank.html", { option: true }],
  allowPageErrors: [false, { option: true }],
  pageErrors: async ({}, use) => use([]),
  server: async ({ baseURL, request }, use) => use(testServer(baseURL ?? "", request)),
  page: async ({ page, server, pagePath, allowPageErrors, pageErrors }, use) => {
    page.on("pageerror", (error) => pageErrors.push(String(error.stack ?? error)));
    page.on("console", (message) => {
      if (message.type() === "error") pageErrors.push(`console: ${message.text()} (${message.location().url})`);
    });
    page.on("crash", () => pageErrors.push("the page crashed"));
    await page.goto(server.url(pagePath));
    await use(page);
    if (!allowPageErrors) expect(pageErrors, "errors that the page reported").toEqual([]);
  },
});

/**
 * Runs `run` in the page with the built `portcullis` imported there, and gives its result.
 * It crosses as source text: it sees `portcullis` and `argument`, nothing else of the spec.
 *
 * @example
 * const name = await withPortcullis(page, (portcullis, id) => portcullis.describe(id).name, "acme.blur");
 */
export async function withPortcullis<Argument, Result>(
  page: Page,
  run: (portcullis: typeof Portcullis, argument: Argument) => Result | Promise<Result>,
  argument: Argument,
): Promise<Result> {
  const portcullis = await importPortcullis(page);
  // Playwright would have the argument's type hold handles too; here it is plain data.
  const evaluate: (pageFunction: typeof run, plain: unknown) => Promise<unknown> = portcullis.evaluate.bind(portcullis);
  return (await evaluate(run, argument)) as Result;
}

/** The built `portcullis` as a handle in the page, for specs that keep other handles beside it. */
export async function importPortcullis(page: Page): Promise<JSHandle<typeof Portcullis>> {
  const url = new URL(page.url());
  const prefix = /^\/t\/[^/]+\//.exec(url.pathname)?.[0];
  if (prefix === undefined) throw new Error(`Cannot import portcullis into ${page.url()}: it is no page of the test server`);
  return page.evaluateHandle(`import(${JSON.stringify(`${url.origin}${prefix}dist/index.js`)})`);
}

function testServer(baseUrl: string, request: APIRequestContext): TestServer {
  const id = randomUUID();
  const on = (origin: string, path: string): string => new URL(`/t/${id}/${path.replace(/^\//, "")}`, origin).href;
  const url = (path: string): string => on(baseUrl, path);
  const named = (host: string): string => {
    const origin = new URL(baseUrl);
    origin.hostname = host;
    return origin.href;
  };
  const expectDone = async (response: Promise<{ ok(): boolean; url(): string; status(): number }>): Promise<void> => {
    const answer = await response;
    if (!answer.ok()) throw new Error(`The test server answered ${answer.status()} to ${answer.url()}`);
  };
  return {
    id,
    url,
    otherOriginUrl: (path) => on(named("localhost"), path),
    insecureUrl: (path) => on(named("insecure.test"), path),
    requests: async () => (await request.get(url("__log"))).json() as Promise<readonly LoggedRequest[]>,
    forgetRequests: () => expectDone(request.delete(url("__log"))),
    setFaults: (faults) => expectDone(request.put(url("__faults"), { data: faults })),
    putFile: (path, bytes) => expectDone(request.put(url(path), { data: typeof bytes === "string" ? bytes : Buffer.from(bytes) })),
  };
}
