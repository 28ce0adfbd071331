/**
 * The static server that browser tests load their pages, packages and build from. It binds to loopback only.
 *
 *   /t/<id>/…        any path below, with its own log, faults and files, so that parallel tests do not meet
 *   /strict/…        with a strict Content-Security-Policy (`?csp=<policy>` sends any other, once for each)
 *   /sealed/…        with the policy under which an app serves `dist/sandbox-worker.js`
 *   /isolated/…      with the headers that make a page cross-origin isolated
 *   /cors/…          readable by pages of other origins
 *   /dist/ /pages/ /fixtures/ /packages/    what is served
 *   /http/…          servers that a plugin's request may meet (see server-http.mjs)
 *   /__log           GET the requests of this id as JSON, DELETE to forget them
 *   /__faults        PUT a JSON list of faults for this id (see server-faults.mjs), DELETE to remove them
 *   /__fail?mode=…   one such fault, answered at once
 *   PUT /packages/…  (with an id) puts a file over the one on disk, for this id only
 */
import { createServer } from "node:http";
import { pathToFileURL, fileURLToPath } from "node:url";
import { readServedFile } from "./server-files.mjs";
import { answerHttp } from "./server-http.mjs";
import { answerWithFault, findFault, parseFaults } from "./server-faults.mjs";

/** @typedef {import("./server-faults.mjs").Fault} Fault */
/** @typedef {import("node:http").IncomingMessage} Incoming */
/** @typedef {import("node:http").ServerResponse} Outgoing */

/**
 * @typedef {object} LoggedRequest
 * @property {string} method
 * @property {string} path Without the `/t/<id>` prefix and without the query.
 * @property {string} query With its question mark, or empty.
 * @property {Record<string, string | string[] | undefined>} headers
 * @property {number | undefined} status What was answered; absent while the answer is being made.
 */

/**
 * @typedef {object} Scope What one test id has of its own.
 * @property {LoggedRequest[]} log
 * @property {Fault[]} faults
 * @property {Map<string, Uint8Array>} files
 */

/**
 * @typedef {object} Route
 * @property {string} id
 * @property {Set<string>} modes
 * @property {string} path Decoded, beginning with a slash, prefixes removed.
 * @property {URLSearchParams} query
 * @property {string} search
 */

export const DEFAULT_PORT = 41731;
/** What an embedding page with a tight policy sends: the most that Portcullis may need, and nothing more. */
export const STRICT_POLICY = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' data:";

/** What an app sends with `sandbox-worker.js`. */
export const SEALED_POLICY = "default-src 'none'; script-src 'wasm-unsafe-eval'; worker-src data:";

const HOST_NAMES = new Set(["127.0.0.1", "localhost", "insecure.test"]);
const MODES = new Set(["strict", "sealed", "isolated", "cors"]);
const LARGEST_UPLOAD = 64 * 1024 * 1024;

/**
 * @param {{ areas: Record<string, string[]> }} options For each first path segment, the folders to look in, in order.
 * @returns {import("node:http").Server}
 */
export function createTestServer({ areas }) {
  /** @type {Map<string, Scope>} */
  const scopes = new Map();
  return createServer((request, response) => {
    handle(areas, scopes, request, response).catch((/** @type {unknown} */ error) => {
      console.error(error);
      if (!response.headersSent) response.writeHead(500);
      response.end();
    });
  });
}

/**
 * @param {Record<string, string[]>} areas
 * @param {Map<string, Scope>} scopes
 * @param {Incoming} request
 * @param {Outgoing} response
 */
async function handle(areas, scopes, request, response) {
  const route = parseRoute(request.url ?? "/");
  if (route === undefined) return send(response, 400, "malformed path");
  // A page of the web must not reach this server by pointing its own name at loopback.
  if (!HOST_NAMES.has((request.headers.host ?? "").replace(/:\d+$/, ""))) return send(response, 403, "unknown host");
  const scope = scopeOf(scopes, route.id);
  if (route.path.startsWith("/__") && route.path !== "/__fail") return control(scope, route, request, response);
  if (request.method === "PUT" && !route.path.startsWith("/http/")) return upload(scope, route, request, response);

  /** @type {LoggedRequest} */
  const logged = { method: request.method ?? "", path: route.path, query: route.search, headers: request.headers, status: undefined };
  scope.log.push(logged);
  setModeHeaders(route, response);
  if (route.path.startsWith("/http/")) await answerHttp(route.path, route.query, request, response);
  else await answer(areas, scope, route, response, request.method === "HEAD");
  logged.status = response.statusCode;
}

/**
 * @param {Record<string, string[]>} areas
 * @param {Scope} scope
 * @param {Route} route
 * @param {Outgoing} response
 * @param {boolean} headOnly
 */
async function answer(areas, scope, route, response, headOnly) {
  const path = route.path === "/__fail" ? (route.query.get("path") ?? "") : route.path;
  const file = await readServedFile(areas, scope.files, path);
  const fault = route.path === "/__fail" ? parseFaults([Object.fromEntries(route.query)])[0] : findFault(scope.faults, path);
  if (fault !== undefined) return answerWithFault(response, fault, file);
  if (file === undefined) return send(response, 404, `no ${path}`);
  response.writeHead(200, { "content-type": file.type, "content-length": file.bytes.byteLength });
  response.end(headOnly ? undefined : file.bytes);
}

/**
 * @param {Scope} scope
 * @param {Route} route
 * @param {Incoming} request
 * @param {Outgoing} response
 */
async function control(scope, route, request, response) {
  const action = `${request.method} ${route.path}`;
  if (action === "GET /__log") return send(response, 200, JSON.stringify(scope.log), "application/json");
  if (action === "DELETE /__log") scope.log.length = 0;
  else if (action === "DELETE /__faults") scope.faults.length = 0;
  else if (action === "PUT /__faults") {
    const body = await readBody(request);
    if (body === undefined) return send(response, 413, "too large");
    scope.faults.splice(0, scope.faults.length, ...parseFaults(JSON.parse(new TextDecoder().decode(body))));
  } else return send(response, 404, "no such control");
  send(response, 204, "");
}

/**
 * @param {Scope} scope
 * @param {Route} route
 * @param {Incoming} request
 * @param {Outgoing} response
 */
async function upload(scope, route, request, response) {
  if (route.id === "") return send(response, 400, "a file can only be put for one test id");
  const body = await readBody(request);
  if (body === undefined) return send(response, 413, "too large");
  scope.files.set(route.path, body);
  send(response, 204, "");
}

/**
 * @param {Incoming} request
 * @returns {Promise<Uint8Array | undefined>} `undefined` if it is too large
 */
async function readBody(request) {
  /** @type {Uint8Array[]} */
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.byteLength;
    if (size > LARGEST_UPLOAD) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/**
 * @param {string} url
 * @returns {Route | undefined} `undefined` if it could name something outside what is served
 */
function parseRoute(url) {
  const [rawPath = "", ...rest] = url.split("?");
  const search = rest.length === 0 ? "" : `?${rest.join("?")}`;
  /** @type {string[]} */
  let segments;
  try {
    segments = rawPath.split("/").slice(1).map(decodeURIComponent);
  } catch {
    return undefined;
  }
  if (!rawPath.startsWith("/") || segments.some((segment) => segment === "." || segment === ".." || /[/\\\0:]/.test(segment))) return undefined;
  let id = "";
  /** @type {Set<string>} */
  const modes = new Set();
  while (segments[0] === "t" || MODES.has(segments[0] ?? "")) {
    const prefix = segments.shift() ?? "";
    if (prefix === "t") id = segments.shift() ?? "";
    else modes.add(prefix);
  }
  return { id, modes, path: `/${segments.join("/")}`, query: new URLSearchParams(search), search };
}

/**
 * @param {Map<string, Scope>} scopes
 * @param {string} id
 * @returns {Scope}
 */
function scopeOf(scopes, id) {
  const scope = scopes.get(id) ?? { log: [], faults: [], files: new Map() };
  scopes.set(id, scope);
  return scope;
}

/**
 * @param {Route} route
 * @param {Outgoing} response
 */
function setModeHeaders(route, response) {
  response.setHeader("cache-control", "no-store");
  const policies = route.query.getAll("csp");
  if (policies.length === 0 && route.modes.has("strict")) policies.push(STRICT_POLICY);
  if (route.modes.has("sealed")) policies.push(SEALED_POLICY);
  if (policies.length > 0) response.setHeader("content-security-policy", policies);
  const reportOnly = route.query.get("csp-report-only");
  if (reportOnly !== null) response.setHeader("content-security-policy-report-only", reportOnly);
  if (route.modes.has("cors")) response.setHeader("access-control-allow-origin", "*");
  if (route.modes.has("isolated")) {
    response.setHeader("cross-origin-opener-policy", "same-origin");
    response.setHeader("cross-origin-embedder-policy", "require-corp");
    response.setHeader("cross-origin-resource-policy", "same-origin");
  }
}

/**
 * @param {Outgoing} response
 * @param {number} status
 * @param {string} text
 * @param {string} [type]
 */
function send(response, status, text, type = "text/plain; charset=utf-8") {
  response.writeHead(status, status === 204 ? {} : { "content-type": type });
  response.end(text);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  /** @param {string} path */
  const inRepository = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
  const port = Number(process.env["PORTCULLIS_TEST_PORT"] ?? DEFAULT_PORT);
  const server = createTestServer({
    areas: {
      dist: [inRepository("dist")],
      pages: [inRepository("test/browser/pages")],
      fixtures: [inRepository("test/fixtures"), inRepository(".cache/fixtures")],
      packages: [inRepository(".cache/packages")],
    },
  });
  server.listen(port, "127.0.0.1", () => console.log(`http://127.0.0.1:${port}/`));
}
