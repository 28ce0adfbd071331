import type { FilterPlugin } from "../plugins/filter-plugin.js";
import type { Setting } from "../plugins/filter-interface.js";
import { type DenialHandlers, lostGrantCard, refusedLoadCard } from "./denial-card.js";
import { button, byId, element } from "./elements.js";
import { errorCard } from "./error-card.js";
import { formatMilliseconds } from "./format.js";
import { createSlider, type Slider } from "./slider.js";

/** Where the chosen filter stands with the picture. */
export type RunState =
  | { readonly kind: "idle" }
  | { readonly kind: "running" }
  | { readonly kind: "previewed"; readonly milliseconds: number }
  | { readonly kind: "applied"; readonly milliseconds: number }
  | { readonly kind: "stopped" }
  | { readonly kind: "failed"; readonly error: unknown };

export interface ControlsHandlers {
  readonly onChange: () => void;
  readonly onApply: () => void;
  readonly onDiscard: () => void;
  readonly onStop: () => void;
  readonly onRetry: () => void;
  readonly denial: DenialHandlers;
  /** What the filter was refused when it was loaded. */
  readonly refusedOf: (filter: FilterPlugin) => readonly string[];
}

/** The chosen filter's sliders, made from what it says of itself, and what to do with the result. */
export class ControlsPanel {
  readonly #root = byId("controls", HTMLElement);
  readonly #handlers: ControlsHandlers;
  readonly #heading = element("h2", { attributes: { id: "controls-title" } });
  readonly #summary = element("p", { class: "controls-summary" });
  readonly #body = element("div", { class: "controls-body" });
  readonly #status = element("div", { class: "run-status", attributes: { role: "status" } });
  readonly #apply: HTMLButtonElement;
  readonly #discard: HTMLButtonElement;
  readonly #stop: HTMLButtonElement;
  readonly #initial: HTMLButtonElement;
  #sliders: readonly Slider[] = [];
  #shown: object | undefined;
  #failure: { readonly error: unknown; readonly card: HTMLElement } | undefined;

  constructor(handlers: ControlsHandlers) {
    this.#handlers = handlers;
    this.#apply = button("Apply", handlers.onApply, "primary");
    this.#discard = button("Discard", handlers.onDiscard);
    this.#stop = button("Stop", handlers.onStop, "danger");
    this.#initial = button("Initial values", () => this.#setInitial(), "quiet");
    const actions = element("div", { class: "controls-actions" }, [this.#apply, this.#discard, this.#stop]);
    const content = element("div", { class: "controls-content" }, [this.#summary, this.#body]);
    this.#root.append(element("div", { class: "section-head" }, [this.#heading, this.#initial]), content, actions, this.#status);
    this.render(undefined, { kind: "idle" });
  }

  get settings(): readonly Setting[] {
    return this.#sliders.map(({ name, value }) => ({ name, value }));
  }

  render(filter: FilterPlugin | undefined, run: RunState): void {
    const isReady = filter?.state.kind === "ready";
    this.#heading.textContent = filter?.title ?? "Settings";
    this.#renderBody(filter);
    const isRunning = run.kind === "running";
    this.#apply.disabled = !isReady || isRunning;
    this.#discard.disabled = run.kind !== "previewed" && run.kind !== "failed";
    this.#stop.disabled = !isRunning;
    this.#initial.disabled = !isReady || this.#sliders.length === 0;
    this.#renderRun(filter, run);
  }

  #renderBody(filter: FilterPlugin | undefined): void {
    const state = filter?.state;
    // Sliders stay as they are while their filter runs: what a person drags must not be replaced.
    const shown = state?.kind === "ready" ? state.loaded : state?.kind === "failed" ? state.error : filter;
    if (shown !== undefined && shown === this.#shown) return;
    this.#shown = shown;
    this.#sliders = [];
    if (state?.kind === "ready") {
      const { description } = state.loaded;
      this.#summary.textContent = description.summary;
      this.#sliders = description.parameters.map((parameter) => createSlider(parameter, this.#handlers.onChange));
      this.#body.replaceChildren(...this.#sliders.map(({ root }) => root));
    } else if (state?.kind === "failed" && filter !== undefined) {
      const denial = refusedLoadCard(filter, state.error, this.#handlers.refusedOf(filter), this.#handlers.denial);
      this.#summary.textContent = denial === undefined ? "It was not loaded, and nothing of it ran." : (filter.listing.description ?? "");
      this.#body.replaceChildren(denial ?? errorCard(state.error, [button("Try again", this.#handlers.onRetry)]));
    } else {
      this.#summary.textContent = filter === undefined ? "Choose a filter to see what it can do." : "Loading…";
      this.#body.replaceChildren();
    }
  }

  #renderRun(filter: FilterPlugin | undefined, run: RunState): void {
    this.#status.classList.toggle("is-failed", run.kind === "failed");
    switch (run.kind) {
      case "idle":
        return this.#status.replaceChildren();
      case "running":
        return this.#status.replaceChildren(filter === undefined || filter.place === "page" ? "Running in its sandbox…" : "Running on the bridge…");
      case "previewed":
        return this.#status.replaceChildren(`Preview in ${formatMilliseconds(run.milliseconds)}. Apply keeps it.`);
      case "applied":
        return this.#status.replaceChildren(`Applied; the filter took ${formatMilliseconds(run.milliseconds)}.`);
      case "stopped":
        return this.#status.replaceChildren("Stopped. The next run starts a fresh instance.");
      case "failed":
        return this.#renderFailure(filter, run.error);
    }
  }

  /** Made once for each failure: a card that is made again is read out again, and loses the focus. */
  #renderFailure(filter: FilterPlugin | undefined, error: unknown): void {
    if (this.#status.contains(this.#failure?.card ?? null) && this.#failure?.error === error) return;
    const denial = filter === undefined ? undefined : lostGrantCard(filter, error, this.#handlers.denial);
    this.#failure = { error, card: denial ?? errorCard(error) };
    this.#status.replaceChildren(this.#failure.card);
  }

  #setInitial(): void {
    for (const slider of this.#sliders) slider.reset();
    this.#handlers.onChange();
  }
}
