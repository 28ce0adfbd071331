/**
 * The benchmark's own server: files, and the jobs that the page asks for one after another. Everything is
 * `no-store`, so that a load never depends on the HTTP cache, and makes its page cross-origin isolated.
 *
 *   /cached/…     may be cached for ever
 *   /ordinary/…   without the headers of isolation, for an ordinary page
 *   /sealed/…     with the policy under which an app serves `dist/sandbox-worker.js`
 */
import { once } from "node:events";
import { createServer } from "node:http";
import { SEALED_POLICY } from "../support/server.mjs";
import { readServedFile } from "../support/server-files.mjs";

/** @typedef {(options: URLSearchParams) => unknown} Question What a page may ask for while it measures; the answer goes as JSON. */
/** @typedef {{ areas: Record<string, string[]>, swapHost: string, queue: JobQueue, requested: Set<string>, questions: Map<string, Question> }} Context */
/** @typedef {{ readonly kind: string, readonly page?: string, readonly [option: string]: unknown }} Job `page` is the path of the page that it needs. */

// A cross-origin isolated page reads its clock in steps of 5 µs; any other in steps of 100, three calls' time.
const ISOLATION = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" };
const NOT_CACHED = { "cache-control": "no-store" };

/** The headers below each first path segment that is a mode. */
const MODES = new Map(Object.entries({
  cached: { "cache-control": "max-age=31536000, immutable", ...ISOLATION },
  ordinary: NOT_CACHED,
  sealed: { ...NOT_CACHED, ...ISOLATION, "content-security-policy": SEALED_POLICY },
}));

/**
 * @param {{ areas: Record<string, string[]>, swapHost: string }} options `areas` as in the test server.
 */
export async function startServer({ areas, swapHost }) {
  const queue = new JobQueue();
  /** @type {Set<string>} */
  const requested = new Set();
  /** @type {Context} */
  const context = { areas, swapHost, queue, requested, questions: new Map() };
  const server = createServer((request, response) => {
    answer(request, response, context).catch((/** @type {unknown} */ error) => {
      queue.fail(error);
      response.destroy();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("Cannot listen on a port of the loopback");
  return {
    port: address.port,
    run: queue.run.bind(queue),
    /** Sets who tells a page something of the machine. @param {string} path @param {Question} tell */
    tell: (path, tell) => void context.questions.set(path, tell),
    /** Paths that were asked for since the last time, without their mode. */
    takeRequests: () => {
      const paths = [...requested];
      requested.clear();
      return paths;
    },
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** One job at a time: given to the page that asks next, ended by what that page posts. */
class JobQueue {
  /** @type {{ job: Job, resolve: (value: any) => void, reject: (error: unknown) => void } | undefined} */
  #current;
  /** @type {((job: Job) => void) | undefined} */
  #waitingPage;

  /**
   * @param {Job} job
   * @param {number} timeout
   * @returns {Promise<any>} what the page measured
   */
  run(job, timeout = 180_000) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`The page gave no result for ${JSON.stringify(job)} within ${timeout} ms`)), timeout);
      const settle = (/** @type {(value: any) => void} */ end) => (/** @type {any} */ value) => {
        clearTimeout(timer);
        this.#current = undefined;
        end(value);
      };
      this.#current = { job, resolve: settle(resolve), reject: settle(reject) };
      this.#waitingPage?.(job);
      this.#waitingPage = undefined;
    });
  }

  /** @returns {Promise<Job>} */
  next() {
    return new Promise((resolve) => {
      if (this.#current === undefined) this.#waitingPage = resolve;
      else resolve(this.#current.job);
    });
  }

  /** @param {{ value?: unknown, error?: string }} outcome */
  finish({ value, error }) {
    if (error === undefined) this.#current?.resolve(value);
    else this.fail(new Error(`In the page, for ${JSON.stringify(this.#current?.job)}: ${error}`));
  }

  /** @param {unknown} error */
  fail(error) {
    this.#current?.reject(error);
  }
}

/**
 * @param {import("node:http").IncomingMessage} request
 * @param {import("node:http").ServerResponse} response
 * @param {Context} context
 */
async function answer(request, response, { areas, swapHost, queue, requested, questions }) {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://127.0.0.1");
  if (pathname === "/next-job") return send(response, JSON.stringify({ swapHost, job: await queue.next() }), "application/json");
  const tell = questions.get(pathname);
  if (tell !== undefined) return send(response, JSON.stringify(await tell(searchParams) ?? null), "application/json");
  if (pathname === "/result") {
    queue.finish(JSON.parse(await readText(request)));
    return send(response, "", "text/plain");
  }
  const mode = MODES.get(pathname.split("/")[1] ?? "");
  const path = mode === undefined ? pathname : pathname.slice(pathname.indexOf("/", 1));
  requested.add(path);
  const file = await readServedFile(areas, new Map(), path);
  if (file === undefined) return send(response, `no ${pathname}`, "text/plain", 404);
  const headers = mode ?? { ...NOT_CACHED, ...ISOLATION };
  response.writeHead(200, { ...headers, "content-type": file.type, "content-length": file.bytes.byteLength });
  response.end(file.bytes);
}

/**
 * @param {import("node:http").ServerResponse} response
 * @param {string} text
 * @param {string} type
 */
function send(response, text, type, status = 200) {
  response.writeHead(status, { "content-type": type, "cache-control": "no-store" });
  response.end(text);
}

/** @param {import("node:http").IncomingMessage} request */
async function readText(request) {
  /** @type {Uint8Array[]} */
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}
