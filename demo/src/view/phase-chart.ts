import type { LoadProgress, LoadReport } from "portcullis";
import { element } from "./elements.js";
import { formatBytes, formatMilliseconds } from "./format.js";
import { PHASE_WORDS, type ReportedPhase } from "./load-words.js";

interface Row {
  readonly root: HTMLElement;
  readonly bar: HTMLElement;
  readonly value: HTMLElement;
}

const PHASES = Object.keys(PHASE_WORDS) as readonly ReportedPhase[];

/** The time of each phase of a load, as bars: all phases always, so that nothing moves when a report comes. */
export class PhaseChart {
  readonly root = element("div", { class: "phases", attributes: { role: "table", "aria-label": "Time of each load phase" } });
  readonly #rows = new Map<ReportedPhase, Row>();
  readonly #total = element("span", { class: "phase-value" });

  constructor() {
    for (const phase of PHASES) {
      const bar = element("span", { class: "phase-bar" });
      const value = element("span", { class: "phase-value", attributes: { role: "cell" } });
      const root = element("div", { class: "phase", attributes: { role: "row", "data-phase": phase } }, [
        element("span", { class: "phase-name", text: PHASE_WORDS[phase], attributes: { role: "rowheader" } }),
        element("span", { class: "phase-track", attributes: { "aria-hidden": "true" } }, [bar]),
        value,
      ]);
      this.#rows.set(phase, { root, bar, value });
    }
    this.#total.setAttribute("role", "cell");
    const total = element("div", { class: "phase phase-total", attributes: { role: "row" } }, [
      element("span", { class: "phase-name", text: "Altogether", attributes: { role: "rowheader" } }),
      element("span", { attributes: { "aria-hidden": "true" } }),
      this.#total,
    ]);
    this.root.append(...[...this.#rows.values()].map(({ root }) => root), total);
    this.clear();
  }

  clear(): void {
    for (const row of this.#rows.values()) fill(row, 0, "–", false);
    this.#total.textContent = "–";
  }

  renderProgress(progress: LoadProgress): void {
    for (const [phase, row] of this.#rows) {
      const isCurrent = phase === progress.phase;
      row.root.classList.toggle("is-current", isCurrent);
      if (progress.phase === "resolve") fill(row, 0, "–", isCurrent);
      if (isCurrent) row.value.textContent = progress.phase === "download" ? formatBytes(progress.loadedBytes) : "…";
    }
    this.#total.textContent = "…";
  }

  renderReport(report: LoadReport): void {
    const times = new Map(report.phases.map(({ phase, milliseconds }) => [phase, milliseconds]));
    const longest = Math.max(1, ...times.values());
    for (const [phase, row] of this.#rows) {
      const milliseconds = times.get(phase);
      if (milliseconds === undefined) fill(row, 0, "skipped", false);
      else fill(row, milliseconds / longest, formatMilliseconds(milliseconds), false);
    }
    this.#total.textContent = formatMilliseconds(report.totalMilliseconds);
  }
}

function fill({ root, bar, value }: Row, share: number, text: string, isCurrent: boolean): void {
  root.classList.toggle("is-current", isCurrent);
  root.classList.toggle("is-skipped", text === "skipped");
  bar.style.setProperty("--share", String(share));
  value.textContent = text;
}
