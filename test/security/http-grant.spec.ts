/** A plugin that was granted one origin, and wants more of the network than that. */
import { isExpected } from "../fixtures/index.js";
import { expect, test, type TestServer } from "../support/browser-test.js";
import { type LoadRequest, PluginPage } from "../support/plugin-page.js";
import { loadRequesting } from "../support/requesting-plugin.js";

const GUESTS = (["authority-rust", "authority-js"] as const).filter(isExpected);
const NEEDS = { "authority-rust": [], "authority-js": ["clocks"] } as const;
const TRANSPORTS = [
  { transport: "promise integration", prefix: "" },
  { transport: "shared memory", prefix: "isolated/" },
] as const;

type Guest = (typeof GUESTS)[number];
type Limits = NonNullable<NonNullable<LoadRequest["host"]>["limits"]>;

interface Granted {
  readonly limits?: Limits;
  readonly grant?: readonly string[];
  readonly requests?: readonly string[];
  readonly secrets?: Readonly<Record<string, string>>;
}

async function loadGranted(plugins: PluginPage, server: TestServer, guest: Guest, { limits = {}, grant = [`http:GET,POST:${server.url("http/")}`], requests = grant, secrets = {} }: Granted = {}) {
  const needs = NEEDS[guest];
  const provided: object = { provide: { secrets } };
  const host: LoadRequest["host"] = { grant: [...grant, ...needs], limits: { callMilliseconds: 60_000, ...limits }, ...provided };
  const loaded = await loadRequesting(plugins, server, guest, [...requests, ...needs], { host });
  expect(loaded.error).toBeUndefined();
  const fetchUrl = (method: string, url: string, ...more: string[]) => plugins.call(guest, "run", ["fetch", [method, url, ...more]]);
  return { fetchUrl, run: (command: string, ...values: string[]) => plugins.call(guest, "run", [command, values]) };
}

/** Paths that reached the server and have nothing to do with the page itself. */
async function reached(server: TestServer): Promise<string[]> {
  return (await server.requests()).filter(({ path }) => path.startsWith("/http/") || path.startsWith("/secret/")).map(({ method, path }) => `${method} ${path}`);
}

for (const { transport, prefix } of TRANSPORTS) {
  for (const guest of GUESTS) {
    test.describe(`${guest} over ${transport}`, () => {
      // Failed requests are noted on the page's console by the browser.
      test.use({ pagePath: `${prefix}pages/blank.html`, allowPageErrors: true });

      test("reaches no other port, scheme, host or path", async ({ page, server }) => {
        const plugins = new PluginPage(page, server, prefix);
        const { fetchUrl } = await loadGranted(plugins, server, guest);
        const allowed = new URL(server.url("http/echo"));
        const { host, port, pathname } = allowed;
        const attempts = [
          `http://127.0.0.1:${Number(port) + 1}${pathname}`,
          `http://127.0.0.1${pathname}`,
          `https://${host}${pathname}`,
          `http://user@${host}${pathname}`,
          `http://${host}@localhost:${port}${pathname}`,
          `http://127.0.0.1.evil.test:${port}${pathname}`,
          `http://evil-127.0.0.1:${port}${pathname}`,
          // JavaScript's own URLs have no dot at the end of an address.
          ...(guest === "authority-js" ? [] : [`http://127.0.0.1.:${port}${pathname}`]),
          `http://localhost:${port}${pathname}`,
          `http://[::ffff:127.0.0.1]:${port}${pathname}`,
          `http://[::1]:${port}${pathname}`,
          server.url("secret/file"),
          server.url("http/../secret/file"),
          server.url("http/%2e%2e/secret/file"),
          server.url("http/..%2fsecret/file"),
          server.url("http/..%5csecret/file"),
          `http://${host}//localhost:${port}${pathname}`,
        ];
        for (const url of attempts) {
          const { error, value } = await fetchUrl("GET", url);
          expect(error?.name, `${url} gave ${JSON.stringify(value)}`).toBe("PluginResultError");
        }
        expect(await reached(server)).toEqual([]);
        const denials = (await plugins.events()).filter(({ kind }) => kind === "audit").map((event) => event["entry"] as Record<string, unknown>).filter((entry) => entry["kind"] === "denied");
        expect(denials.length).toBeGreaterThanOrEqual(8);
        expect((await fetchUrl("GET", server.url("http/bytes/0"))).value).toBe("200\n");
        expect(await reached(server)).toEqual(["GET /http/bytes/0"]);
      });

      test("sends no other method, and no header that is the browser's", async ({ page, server }) => {
        const plugins = new PluginPage(page, server, prefix);
        const { fetchUrl } = await loadGranted(plugins, server, guest);
        for (const method of ["PUT", "DELETE", "PATCH", "OPTIONS"]) expect((await fetchUrl(method, server.url("http/echo"))).error?.name, method).toBe("PluginResultError");
        for (const header of ["Host:evil.test", "Cookie:session=1", "Referer:https://evil.test/", "Origin:https://evil.test", "Sec-Fetch-Site:none", "Proxy-Authorization:x", "X-HTTP-Method-Override:DELETE"]) {
          const { value } = await fetchUrl("POST", server.url("http/echo"), "body", header);
          // A guest's own library may leave such a header out by itself.
          if (value !== undefined) expect(String(value), header).not.toMatch(/evil\.test|session=1|"sec-fetch-site":"none"|proxy-authorization|DELETE/);
        }
        const methods = new Set((await server.requests()).filter(({ path }) => path.startsWith("/http/")).map(({ method }) => method));
        expect([...methods].filter((method) => method !== "POST")).toEqual([]);
      });

      test("carries none of the user's cookies and says nothing of the page", async ({ page, server, context }) => {
        const plugins = new PluginPage(page, server, prefix);
        const grant = [`http:GET,POST:${server.url("http/")}`, `http:GET,POST:${server.otherOriginUrl("http/")}`];
        const { fetchUrl } = await loadGranted(plugins, server, guest, { grant });
        for (const base of [server.url(""), server.otherOriginUrl("")]) await context.addCookies([{ name: "session", value: "of-the-user", url: base }]);
        for (const url of [server.url("http/echo"), server.otherOriginUrl("http/echo")]) {
          expect((await fetchUrl("GET", url)).error).toBeUndefined();
          expect((await fetchUrl("POST", url, "body")).error).toBeUndefined();
          expect((await fetchUrl("GET", url.replace("echo", "cookie"))).error).toBeUndefined();
        }
        const sent = (await server.requests()).filter(({ path }) => path.startsWith("/http/"));
        expect(sent.length).toBeGreaterThanOrEqual(6);
        for (const { headers } of sent) expect([headers["cookie"], headers["referer"], headers["authorization"]]).toEqual([undefined, undefined, undefined]);
        expect((await context.cookies()).map(({ value }) => value)).not.toContain("stolen");
      });

      test("is not sent on by a redirect, to the same origin or to another", async ({ page, server }) => {
        const plugins = new PluginPage(page, server, prefix);
        const grant = [`http:GET,POST:${server.url("http/")}`, `http:GET:${server.otherOriginUrl("http/")}`];
        const { fetchUrl } = await loadGranted(plugins, server, guest, { grant });
        for (const status of [301, 302, 303, 307, 308]) {
          for (const to of [server.url("http/echo"), server.otherOriginUrl("http/echo"), server.url("secret/file")]) {
            const { error, value } = await fetchUrl("GET", server.url(`http/status/${status}?location=${encodeURIComponent(to)}`));
            expect(error?.name, `${status} gave ${JSON.stringify(value)}`).toBe("PluginResultError");
            if (guest === "authority-rust") expect(String(error?.payload)).toMatch(/HttpProtocolError/);
          }
        }
        expect((await reached(server)).filter((request) => !request.includes("/http/status/"))).toEqual([]);
      });

      test("reads no server that does not let this page read it", async ({ page, server }) => {
        const plugins = new PluginPage(page, server, prefix);
        const { fetchUrl } = await loadGranted(plugins, server, guest, { grant: [`http:GET:${server.otherOriginUrl("http/")}`] });
        expect((await fetchUrl("GET", server.otherOriginUrl("http/echo?cors=no"))).error?.name).toBe("PluginResultError");
        expect((await fetchUrl("GET", server.otherOriginUrl("http/echo"))).error).toBeUndefined();
      });

      test("gets no more of a body than its bound, compressed or not", async ({ page, server }) => {
        const plugins = new PluginPage(page, server, prefix);
        const { run, fetchUrl } = await loadGranted(plugins, server, guest, { limits: { httpResponseBytes: 100_000, httpRequestBytes: 100_000 } });
        for (const path of ["bytes/100001", "stream/10000000", "gzip/50000000"]) {
          const { error, value } = await run("fetch-stream", server.url(`http/${path}`));
          expect(error?.name, `${path} gave ${JSON.stringify(value)}`).toBe("PluginResultError");
          if (guest === "authority-rust") expect(String(error?.payload), path).toMatch(/Http-?Response-?Body-?Size/i);
        }
        const upload = await run("upload", server.url("http/echo"), "1000000");
        expect(upload.error?.name, JSON.stringify(upload)).toBe("PluginResultError");
        expect((await reached(server)).filter((request) => request.startsWith("POST"))).toEqual([]);
        expect((await fetchUrl("POST", server.url("http/echo"), "small")).error).toBeUndefined();
      });

      test("waits for no server longer than the bound", async ({ page, server }) => {
        const plugins = new PluginPage(page, server, prefix);
        const { fetchUrl } = await loadGranted(plugins, server, guest, { limits: { httpMilliseconds: 400 } });
        for (const path of ["hang", "stall", "drip"]) {
          const { error, value } = await fetchUrl("GET", server.url(`http/${path}`));
          expect(error?.name, `${path} gave ${JSON.stringify(value)}`).toBe("PluginResultError");
          if (guest === "authority-rust") expect(String(error?.payload), path).toMatch(/HTTP-response-timeout|HttpResponseTimeout/);
        }
        expect((await fetchUrl("GET", server.url("http/bytes/0"))).value).toBe("200\n");
      });

      test("a secret goes to its origin only, and the guest does not see it", async ({ page, server }) => {
        const plugins = new PluginPage(page, server, prefix);
        const own = server.url("http/");
        const other = server.otherOriginUrl("http/");
        const grant = [`http:GET,POST:${own}`, `http:GET,POST:${other}`, `secret:API_KEY:${new URL(own).origin}`];
        const { fetchUrl } = await loadGranted(plugins, server, guest, { grant, secrets: { API_KEY: "s3cret-value" } });
        const header = "Authorization:Bearer {secret:API_KEY}";
        expect((await fetchUrl("POST", server.url("http/bytes/0"), "x", header)).value).toBe("200\n");
        expect((await fetchUrl("POST", `${other}bytes/0`, "x", header)).error?.name).toBe("PluginResultError");
        const sent = (await server.requests()).filter(({ path, method }) => path === "/http/bytes/0" && method === "POST");
        expect(sent.map(({ headers }) => headers["authorization"])).toEqual(["Bearer s3cret-value"]);
        expect(JSON.stringify(await plugins.events())).not.toContain("s3cret-value");
      });
    });
  }
}
