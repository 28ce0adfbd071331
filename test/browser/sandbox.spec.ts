/** Which sandbox is taken: the default one, the fallback, and on pages whose policy allows little. realms*.spec.ts have what each does. */
import { expect, test, type TestServer } from "../support/browser-test.js";
import { expectNothingLeft, PluginPage } from "../support/plugin-page.js";
import { expectAnswers } from "../support/small-plugin.js";
import { changedPackage, newKey, putRegistry } from "../support/test-registry.js";

const tuple = [255, "text", -0.5];

test.describe("sandboxes", () => {
  test("the default sandbox starts every time in a new page", async ({ page, server }) => {
    const plugins = new PluginPage(page, server);
    const seen = new Map<string | undefined, number>();
    // A worker made right after its frame's load event is lost once in fifty times; the realm waits longer than that.
    for (let round = 0; round < 40; round += 1) {
      await page.reload();
      const { report } = await plugins.loadPackaged("small-c");
      seen.set(report?.sandbox, (seen.get(report?.sandbox) ?? 0) + 1);
    }
    expect([...seen]).toEqual([["policy-frame", 40]]);
  });

  test.describe("under a page's content security policy", () => {
    test.use({ allowPageErrors: true });
    const openWith = async (plugins: PluginPage, policy: string) => {
      await plugins.page.goto(`${plugins.server.url("pages/blank.html")}?csp=${encodeURIComponent(policy)}`);
    };
    const script = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'";

    test("without data: workers it falls back to the sandboxed frame, for packages and components", async ({ page, server }) => {
      const plugins = new PluginPage(page, server);
      await openWith(plugins, `${script} 'unsafe-inline'; worker-src 'self' blob:`);
      const packaged = await plugins.loadPackaged("small-c");
      expect(packaged.error).toBeUndefined();
      expect(packaged.report?.sandbox).toBe("sandboxed-frame");
      await expectAnswers(plugins, "small-c");
      await page.reload();
      const bare = await plugins.loadComponent("small-c", { name: "bare" });
      expect(bare.error).toBeUndefined();
      expect(bare.report).toMatchObject({ sandbox: "sandboxed-frame", code: "transpiled" });
      await expectAnswers(plugins, "bare");
    });

    for (const [what, policy] of [["any workers", `${script}; worker-src 'none'`], ["frames' scripts", `${script}; worker-src 'self' blob:`]] as const) {
      test(`without ${what} the error says what the policy must allow`, async ({ page, server }) => {
        const plugins = new PluginPage(page, server);
        await openWith(plugins, policy);
        const { error } = await plugins.loadPackaged("small-c");
        expect(error).toMatchObject({ code: "sandbox-unavailable", pluginId: "fixture.small-c" });
        expect(error?.message).toMatch(/policy-frame.*sandboxed-frame.*worker-src data:/s);
        await expectNothingLeft(plugins);
      });
    }

    test("without wasm-unsafe-eval the error says so", async ({ page, server }) => {
      const plugins = new PluginPage(page, server);
      await openWith(plugins, "default-src 'self'; script-src 'self'; worker-src 'self' data:");
      const { error } = await plugins.loadPackaged("small-c");
      expect(error?.code).toBe("compile-failed");
      expect(error?.message).toContain("'wasm-unsafe-eval'");
      await expectNothingLeft(plugins);
    });
  });

  test.describe("under the strictest policy that works", () => {
    test.use({ pagePath: "strict/pages/blank.html", allowPageErrors: true });

    test("packages and components load in the default sandbox", async ({ page, server, pageErrors }) => {
      const plugins = new PluginPage(page, server, "strict/");
      expect((await plugins.loadPackaged("types-rust")).report).toMatchObject({ sandbox: "policy-frame", code: "package" });
      expect((await plugins.call("types-rust", "echoTuple", [tuple])).value).toEqual(tuple);
      expect((await plugins.loadComponent("small-c")).report).toMatchObject({ sandbox: "policy-frame", code: "transpiled" });
      await expectAnswers(plugins, "small-c");
      // The page's own empty icon is all that its policy blocks.
      expect(pageErrors.filter((error) => !error.startsWith("console: Loading the image 'data:,'"))).toEqual([]);
    });
  });

  test("a page that is no secure context loads signed packages and components", async ({ page, server }) => {
    const insecure: TestServer = { ...server, url: server.insecureUrl };
    await page.goto(insecure.url("pages/blank.html"));
    expect(await page.evaluate(() => [isSecureContext, typeof crypto.subtle])).toEqual([false, "undefined"]);
    const plugins = new PluginPage(page, insecure);
    expect((await plugins.loadPackaged("small-c")).report).toMatchObject({ code: "package", cache: { hit: false } });
    await expectAnswers(plugins, "small-c");
    const stranger = await newKey();
    expect((await plugins.loadPackaged("small-c", { name: "refused", trust: { keys: [stranger.publicKey] } })).error?.code).toBe("key-untrusted");
    const altered = await changedPackage("small-c", { keepDigests: true, files: new Map([["component.wasm", new Uint8Array(1_248)]]), manifest: (manifest) => ({ ...manifest, id: "acme.altered" }) });
    const index = await putRegistry(server, "altered", [altered]);
    expect((await plugins.loadPackaged("small-c", { name: "altered", id: "acme.altered", source: { index } })).error?.code).toBe("digest-mismatch");
    expect((await plugins.loadComponent("types-rust", { name: "bare" })).report).toMatchObject({ code: "transpiled" });
    expect((await plugins.call("bare", "echoTuple", [tuple])).value).toEqual(tuple);
    await expect.poll(async () => (await plugins.loadPackaged("small-c", { name: "warm" })).report?.cache.hit).toBe(true);
    await expectAnswers(plugins, "warm");
  });
});
