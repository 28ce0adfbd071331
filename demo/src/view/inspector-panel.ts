import type { FilterPlugin, LoadedFilter } from "../plugins/filter-plugin.js";
import { button, byId, element } from "./elements.js";
import { formatBytes } from "./format.js";
import { cacheOutcome, cacheWords, codeWords, SANDBOX_WORDS } from "./load-words.js";
import { PhaseChart } from "./phase-chart.js";

export interface InspectorHandlers {
  /** Ends the instance and loads the filter again. */
  readonly onLoadAgain: () => void;
  /** The same, with all compiled code forgotten first. */
  readonly onLoadAfresh: () => void;
}

/** How the chosen filter got here: time of each phase, cache, code, sandbox, trust and permissions. */
export class InspectorPanel {
  readonly #root = byId("inspector", HTMLElement);
  readonly #chart = new PhaseChart();
  readonly #facts = element("dl", { class: "facts" });
  /** The two that matter most, where they are seen without scrolling. */
  readonly #badges = element("span", { class: "head-badges" });
  readonly #permissions = element("span");
  readonly #again: HTMLButtonElement;
  readonly #afresh: HTMLButtonElement;
  #shown: LoadedFilter | "nothing" | undefined;

  constructor({ onLoadAgain, onLoadAfresh }: InspectorHandlers) {
    this.#again = button("Load again", onLoadAgain, "quiet");
    this.#afresh = button("Forget cache and load", onLoadAfresh, "quiet");
    const heading = element("h2", { text: "How it loaded", attributes: { id: "inspector-title" } });
    const actions = element("div", { class: "inspector-actions" }, [this.#again, this.#afresh]);
    this.#root.append(element("div", { class: "section-head" }, [heading, this.#badges]), this.#chart.root, this.#facts, actions);
    this.render(undefined);
  }

  render(filter: FilterPlugin | undefined): void {
    const state = filter?.state;
    const isIdle = state === undefined || state.kind === "loading";
    this.#again.disabled = isIdle;
    this.#afresh.disabled = isIdle;
    if (state?.kind === "loading") this.#chart.renderProgress(state.progress);
    else if (state?.kind === "ready") this.#chart.renderReport(state.loaded.handle.report);
    else this.#chart.clear();
    if (state?.kind === "ready") this.#permissions.textContent = permissionWords(state.loaded.grantsAtStart, filter?.grants ?? []);
    const shown = state?.kind === "ready" ? state.loaded : "nothing";
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#facts.replaceChildren(...(shown === "nothing" ? [] : factsOf(shown, filter?.origin, this.#permissions)));
    this.#badges.replaceChildren(...(shown === "nothing" ? [] : badgesOf(shown)));
  }
}

function badgesOf({ handle: { info, report } }: LoadedFilter): HTMLElement[] {
  return [report.sandbox === "bridge" ? badge("Bridge", "plain") : cacheBadge(report.cache.hit), trustBadge(info.trust.kind === "signed")];
}

function factsOf({ handle: { info, report } }: LoadedFilter, origin: FilterPlugin["origin"] | undefined, permissions: Node): HTMLElement[] {
  const { cache, sandbox, downloadedBytes } = report;
  const trust = info.trust.kind === "signed"
    ? ["Signed by the trusted key ", element("code", { class: "wrapping", text: info.trust.keyIds.join(", ") })]
    : [`Unsigned. ${info.trust.reason}`];
  return [
    ...fact("cache", "Cache", [`${cacheOutcome(cache)}: ${cacheWords(cache)}`]),
    ...fact("code", "Code", [codeWords(report)]),
    ...fact("downloaded", "Downloaded", [origin === "file" ? "Nothing: it is a file" : downloadedBytes === 0 ? "Nothing of the plugin" : formatBytes(downloadedBytes)]),
    ...fact("sandbox", "Sandbox", [SANDBOX_WORDS[sandbox]]),
    ...fact("trust", "Trust", trust),
    ...fact("permissions", "Permissions", [permissions]),
    ...fact("plugin", "Plugin", [element("code", { text: `${info.id} ${info.version}` })]),
  ];
}

function permissionWords(atStart: readonly string[], now: readonly string[]): string {
  if (atStart.length === 0) return "It has none.";
  return `${now.length === 0 ? "None now" : now.join(", ")}${now.length < atStart.length ? `; ${atStart.length - now.length} taken away` : ""}`;
}

function fact(name: string, term: string, description: readonly (Node | string)[]): HTMLElement[] {
  return [element("dt", { text: term }), element("dd", { attributes: { "data-fact": name } }, description)];
}

function cacheBadge(isHit: boolean): HTMLElement {
  return badge(isHit ? "Cache hit" : "Cache miss", isHit ? "good" : "plain");
}

function trustBadge(isSigned: boolean): HTMLElement {
  return badge(isSigned ? "Signed" : "Unsigned", isSigned ? "good" : "warning");
}

function badge(text: string, kind: "good" | "warning" | "plain"): HTMLElement {
  return element("span", { class: `badge badge-${kind}`, text });
}
