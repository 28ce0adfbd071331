/** HTTP by real programs, through the page: streamed both ways, over both transports. */
import { isExpected } from "../fixtures/index.js";
import { expect, test, type TestServer } from "../support/browser-test.js";
import { type CallResult, PluginPage } from "../support/plugin-page.js";
import { loadRequesting } from "../support/requesting-plugin.js";

const GUESTS = (["authority-rust", "authority-js"] as const).filter(isExpected);
// Its JavaScript engine reads the clock in every call.
const NEEDS = { "authority-rust": [], "authority-js": ["clocks"] } as const;
const TRANSPORTS = [
  { transport: "promise integration", prefix: "", target: "browser-jspi" },
  { transport: "shared memory", prefix: "isolated/", target: "browser-sync" },
] as const;

const PIECE = 65_536;
const MEBIBYTE = 1_048_576;

type Guest = (typeof GUESTS)[number];

async function load(plugins: PluginPage, server: TestServer, guest: Guest): Promise<void> {
  const grant = [`http:GET,POST,PUT:${server.url("http/")}`, `http:GET,POST:${server.otherOriginUrl("http/")}`, ...NEEDS[guest]];
  const loaded = await loadRequesting(plugins, server, guest, grant, { host: { grant, limits: { callMilliseconds: 60_000 } } });
  expect(loaded.error).toBeUndefined();
}

function echoOf({ value, error }: CallResult): { readonly method: string; readonly headers: Record<string, string>; readonly body: string } {
  expect(error).toBeUndefined();
  const [status, ...body] = String(value).split("\n");
  expect(status).toBe("200");
  return JSON.parse(body.join("\n"));
}

for (const { transport, prefix, target } of TRANSPORTS) {
  test.describe(`over ${transport}`, () => {
    // The browser itself notes on the page's console what a request failed with.
    test.use({ pagePath: `${prefix}pages/blank.html`, allowPageErrors: true });
    for (const guest of GUESTS) {
      const run = (plugins: PluginPage, command: string, ...values: string[]) => plugins.call(guest, "run", [command, values]);

      test(`${guest} asks servers of this origin and of another`, async ({ page, server }) => {
        const plugins = new PluginPage(page, server, prefix);
        await load(plugins, server, guest);
        expect((await plugins.run(({ plugins: modules }, name) => modules.handle(name).report.target, guest))).toBe(target);
        for (const url of [server.url("http/echo?q=1"), server.otherOriginUrl("http/echo?q=1")]) {
          expect(echoOf(await run(plugins, "fetch", "GET", url)).method).toBe("GET");
          const posted = echoOf(await run(plugins, "fetch", "POST", url, "a body", "X-Note:one"));
          expect([posted.method, posted.body, posted.headers["x-note"]]).toEqual(["POST", "a body", "one"]);
        }
        expect(await run(plugins, "fetch", "GET", server.url("http/status/404"))).toEqual({ value: "404\n" });
      });

      test(`${guest} reads a long answer piece by piece, and sends one`, async ({ page, server }) => {
        const plugins = new PluginPage(page, server, prefix);
        await load(plugins, server, guest);
        for (const path of [`http/bytes/${MEBIBYTE}`, `http/stream/${MEBIBYTE}`, `http/gzip/${MEBIBYTE}`]) {
          expect(await run(plugins, "fetch-stream", server.url(path)), path).toEqual({ value: String(MEBIBYTE) });
        }
        expect(await run(plugins, "upload", server.url("http/echo"), String(4 * PIECE + 1))).toEqual({ value: "200" });
        const [uploaded] = (await server.requests()).filter(({ method, path }) => method === "POST" && path === "/http/echo");
        expect(uploaded?.headers["content-length"]).toBe(String(4 * PIECE + 1));
      });

      test(`${guest} hears of failures, and goes on`, async ({ page, server }) => {
        const plugins = new PluginPage(page, server, prefix);
        await load(plugins, server, guest);
        expect((await run(plugins, "fetch", "GET", server.url("http/cut/100"))).error?.name).toBe("PluginResultError");
        expect((await run(plugins, "fetch", "GET", server.url("http/status/200"))).value).toBe("200\n");
        expect((await run(plugins, "compute", "30")).value).toBe("832040");
      });
    }
  });
}
