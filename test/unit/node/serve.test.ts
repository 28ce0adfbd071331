import { mkdir, symlink, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { describe, expect, onTestFinished, test } from "vitest";
import { sha256Hex } from "../../../src/bytes/sha256.js";
import { serveRegistry, type ServedRequest, type ServeOptions } from "../../../src/node/serve.js";
import { expectRefusal } from "../package/package-fixture.js";
import { directoryWith, temporaryDirectory } from "./support.js";

const SCRIPT = "export const answer = 42;\n".repeat(100);
const DIGEST = "ab".repeat(32);

async function start(options: Partial<ServeOptions> = {}) {
  const outside = await directoryWith({ "secret.json": "secret", "public/index.json": "{}" });
  const directory = join(outside, "public");
  await mkdir(join(directory, "core"));
  await mkdir(join(directory, ".git"));
  for (const [path, content] of Object.entries({
    "index.sig": "{}", "glue.js": SCRIPT, "a.wasm": "wasm", [`core/${DIGEST}.wasm`]: "core", "publisher.pem": "secret", ".git/config": "secret", "a.tar.gz": "gz", "UPPER.JSON": "{}", "odd name ü.txt": "odd",
  })) await writeFile(join(directory, path), content);
  await symlink(join(outside, "secret.json"), join(directory, "link.json"));
  await symlink(join(directory, "publisher.pem"), join(directory, "harmless.txt"));
  await symlink(join(directory, "index.json"), join(directory, "inside.json"));
  const server = await serveRegistry({ directory, ...options });
  onTestFinished(() => server.close());
  return { ...server, directory, get: (path: string, init: RequestInit = {}) => fetch(new URL(path, server.url), init) };
}

/** Sends a request as it is written: `fetch` cleans paths up before it sends them. */
function sendRaw(port: number, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(request));
    let answer = "";
    socket.on("data", (data) => (answer += data.toString("latin1"))).on("end", () => resolve(answer)).on("error", reject);
  });
}

describe("the server", () => {
  test.each([
    ["index.json", "application/json", "no-cache"],
    ["index.sig", "application/json", "no-cache"],
    ["glue.js", "text/javascript; charset=utf-8", "no-cache"],
    ["a.wasm", "application/wasm", "no-cache"],
    ["a.tar.gz", "application/gzip", "no-cache"],
    ["UPPER.JSON", "application/json", "no-cache"],
    ["inside.json", "application/json", "no-cache"],
    ["odd%20name%20%C3%BC.txt", "text/plain; charset=utf-8", "no-cache"],
    [`core/${DIGEST}.wasm`, "application/wasm", "public, max-age=31536000, immutable"],
  ])("serves %s as %s, %s", async (path, type, caching) => {
    const { get } = await start();
    const response = await get(path);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe(type);
    expect(response.headers.get("cache-control")).toBe(caching);
    expect(response.headers.get("access-control-allow-origin")).toBe("*");
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    expect((await response.text()).length).toBeGreaterThan(0);
  });

  test.each([
    "/../secret.json", "/core/../../secret.json", "/%2e%2e/secret.json", "/%2e%2e%2fsecret.json", "/..%2fsecret.json", "/core/..%2f..%2fsecret.json",
    "/..\\secret.json", "/%2e%2e%5csecret.json", "/....//secret.json", "/%252e%252e/secret.json", "/%c0%ae%c0%ae/secret.json", "//secret.json", "/./index.json",
    "/index.json%00.txt", "/%", "/%zz", "", "*", "secret.json", "http://evil.example/../secret.json", "/C:/secret.json", "/index.json::$DATA",
    "/link.json", "/publisher.pem", "/PUBLISHER.PEM", "/harmless.txt", "/.git/config", "/", "/core", "/core/", "/index.json/", "/absent.json",
  ])("does not serve %j", async (path) => {
    const { port } = await start();
    const answer = await sendRaw(port, `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 40[04] /);
    expect(answer).not.toContain("secret");
  });

  test("answers with 304 what the client has already, whatever the encoding", async () => {
    const { get, directory } = await start();
    for (const encoding of ["identity", "gzip"]) {
      const first = await get("glue.js", { headers: { "accept-encoding": encoding } });
      const etag = first.headers.get("etag") ?? "";
      expect(etag).toBe(`W/"${await sha256Hex(new TextEncoder().encode(SCRIPT))}"`);
      const second = await get("glue.js", { headers: { "if-none-match": `"other", ${etag}` } });
      expect([second.status, await second.text(), second.headers.get("etag")]).toEqual([304, "", etag]);
    }
    const old = (await get("index.json")).headers.get("etag") ?? "";
    await writeFile(join(directory, "index.json"), "[]");
    const renewed = await get("index.json", { headers: { "if-none-match": old } });
    expect([renewed.status, await renewed.text()]).toEqual([200, "[]"]);
  });

  test("compresses where the client accepts it", async () => {
    const { port } = await start();
    const request = (headers: string) => sendRaw(port, `GET /glue.js HTTP/1.1\r\nHost: localhost\r\n${headers}Connection: close\r\n\r\n`);
    const [head = "", body = ""] = (await request("Accept-Encoding: br, gzip\r\n")).split("\r\n\r\n");
    expect(head).toMatch(/content-encoding: gzip/i);
    expect(head).toMatch(/vary: Accept-Encoding/i);
    expect(gunzipSync(Buffer.from(body, "latin1")).toString()).toBe(SCRIPT);
    for (const headers of ["", "Accept-Encoding: gzip;q=0\r\n", "Accept-Encoding: xgzip\r\n"]) expect(await request(headers)).toContain(SCRIPT);
  });

  test("answers HEAD without a body, OPTIONS for CORS, and nothing else", async () => {
    const { get } = await start();
    const head = await get("glue.js", { method: "HEAD", headers: { "accept-encoding": "identity" } });
    expect([head.status, head.headers.get("content-length"), await head.text()]).toEqual([200, String(SCRIPT.length), ""]);
    expect((await get("glue.js", { method: "OPTIONS" })).headers.get("access-control-allow-methods")).toBe("GET, HEAD");
    for (const method of ["POST", "PUT", "DELETE"]) expect((await get("index.json", { method })).status).toBe(405);
  });

  test("listens on this machine only, tells of requests, and stops", async () => {
    const requests: ServedRequest[] = [];
    const { get, url, close } = await start({ onRequest: (request) => requests.push(request) });
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/$/);
    await (await get("index.json")).text();
    await expect.poll(() => requests).toEqual([{ method: "GET", path: "/index.json", status: 200 }]);
    await close();
    await expect(get("index.json")).rejects.toThrow();
  });

  test("says why it cannot start", async () => {
    const { port } = await start();
    const directory = await temporaryDirectory();
    await expectRefusal(() => serveRegistry({ directory, port }), "usage-invalid");
    await expectRefusal(() => serveRegistry({ directory: join(directory, "absent") }), "source-unreachable");
  });
});
