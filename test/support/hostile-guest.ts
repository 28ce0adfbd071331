/** A hostile guest and one that behaves, side by side in a page, and what each of them does to the other and to the page. */
import { expect, type TestServer } from "./browser-test.js";
import { type CallResult, type LoadRequest, type LoadResult, PluginPage } from "./plugin-page.js";
import type { FixtureName } from "../fixtures/index.js";
import type { Page } from "@playwright/test";

export interface Attack {
  readonly outcome: CallResult;
  /** How often the page's own timer fired meanwhile. */
  readonly heartbeats: number;
  /** Calls of the other plugin that were made and answered rightly meanwhile. */
  readonly answered: number;
  readonly wrong: readonly unknown[];
  readonly after: CallResult;
}

/** What to do to the plugin, in the page: a call, or a chain of calls on what each gives. */
export type Steps = readonly (readonly [functionName: string, ...values: unknown[]])[];

/** Loads `hostile` by `load`, and a plugin that behaves beside it. */
export async function besideHostile(page: Page, server: TestServer, load: (plugins: PluginPage) => Promise<LoadResult>): Promise<PluginPage> {
  const plugins = new PluginPage(page, server);
  expect((await plugins.loadComponent("small-c")).error).toBeUndefined();
  expect((await load(plugins)).error).toBeUndefined();
  return plugins;
}

export const loadHostile = (name: FixtureName, limits: NonNullable<LoadRequest["host"]>["limits"] = {}) => (plugins: PluginPage): Promise<LoadResult> =>
  plugins.loadComponent(name, { host: { limits: { callMilliseconds: 1_000, ...limits } } });

/**
 * Has `hostile` do `steps`, the first on the plugin and each further one on what the one before gave (`dispose` drops it).
 * Until that has ended, the page counts its heartbeats and calls the plugin that behaves, again and again.
 */
export async function attack(plugins: PluginPage, hostile: FixtureName, steps: Steps): Promise<Attack> {
  return plugins.run(async ({ plugins: modules }, { name, chain }) => {
    let heartbeats = 0;
    const state = { isOver: false };
    const timer = setInterval(() => (heartbeats += 1), 5);
    const outcome: Promise<CallResult> = (async () => {
      let target = modules.handle(name);
      let last: unknown;
      for (const [functionName, ...values] of chain) {
        const answer = functionName === "dispose" ? await target.dispose() : await target.call(functionName, values);
        if (typeof answer === "object" && "call" in answer) target = answer;
        else last = answer;
      }
      return { value: last };
    })().catch((error) => ({ error: modules.describeError(error) }));
    void outcome.finally(() => (state.isOver = true));
    const wrong: unknown[] = [];
    let answered = 0;
    do {
      const { value, error } = await modules.call("small-c", "add", [answered, 1]);
      if (value === answered + 1) answered += 1;
      else wrong.push(value ?? error);
      await new Promise((resolve) => setTimeout(resolve, 5));
    } while (!state.isOver);
    clearInterval(timer);
    // What is left of the attack takes its time to end: the attacker's deadline is not this call's.
    const after = await modules.call(name, "add", [40, 2], { timeoutMs: 60_000 });
    return { outcome: await outcome, heartbeats, answered, wrong, after };
  }, { name: hostile, chain: steps });
}

/** The plugin beside was not harmed, and the hostile one itself can be called again. */
export function expectUnharmed({ wrong, answered, after }: Attack): void {
  expect(wrong).toEqual([]);
  expect(answered).toBeGreaterThan(0);
  expect(after).toEqual({ value: 42 });
}
