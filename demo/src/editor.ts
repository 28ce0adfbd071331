import { isPluginError } from "portcullis";
import { History } from "./picture/history.js";
import type { Picture } from "./picture/picture.js";
import type { FilterPlugin } from "./plugins/filter-plugin.js";
import type { Setting } from "./plugins/filter-interface.js";
import { type PreviewRequest, PreviewRunner } from "./plugins/preview-runner.js";
import type { RunState } from "./view/controls-panel.js";

/** The picture, its history, and the chosen filter's preview of the next step. */
export class Editor {
  readonly #onChange: () => void;
  readonly #runner: PreviewRunner;
  #history: History | undefined;
  #filter: FilterPlugin | undefined;
  #preview: { readonly picture: Picture; readonly milliseconds: number } | undefined;
  #run: RunState = { kind: "idle" };
  /** Apply was pressed before there was a preview to keep. */
  #keepsResult = false;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
    this.#runner = new PreviewRunner({
      onStart: (request) => this.#isCurrent(request) && this.#enter({ kind: "running" }),
      onDone: (request, picture, milliseconds) => this.#onDone(request, picture, milliseconds),
      onFail: (request, error) => this.#isCurrent(request) && this.#onFail(error),
    });
  }

  get history(): History | undefined {
    return this.#history;
  }

  get run(): RunState {
    return this.#run;
  }

  /** What is to be seen: the preview, or else the picture as it is. */
  get shown(): Picture | undefined {
    return this.#preview?.picture ?? this.#history?.current;
  }

  open(picture: Picture): void {
    this.#history = new History(picture);
    this.discard();
  }

  /** Chooses the filter that previews are made with. A preview of another one is dropped. */
  choose(filter: FilterPlugin | undefined): void {
    this.#filter = filter;
    this.discard();
  }

  preview(settings: readonly Setting[]): void {
    if (this.#filter === undefined || this.#history === undefined) return;
    this.#runner.request({ filter: this.#filter, picture: this.#history.current, settings });
  }

  /** Keeps the preview as a step of the history; without one, runs the filter and keeps what comes. */
  apply(settings: readonly Setting[]): void {
    if (this.#preview !== undefined && this.#run.kind === "previewed") return this.#keep(this.#preview.picture, this.#preview.milliseconds);
    this.#keepsResult = true;
    this.preview(settings);
  }

  discard(): void {
    this.#runner.forgetWaiting();
    this.#preview = undefined;
    this.#keepsResult = false;
    this.#enter({ kind: "idle" });
  }

  stop(): void {
    this.#runner.stop();
  }

  goTo(position: number): void {
    if (this.#history?.goTo(position) === true) this.discard();
  }

  /** Whether a run still is about what the person looks at. */
  #isCurrent({ filter, picture }: PreviewRequest): boolean {
    return filter === this.#filter && picture === this.#history?.current;
  }

  #onDone(request: PreviewRequest, picture: Picture, milliseconds: number): void {
    if (!this.#isCurrent(request)) return;
    if (this.#keepsResult) return this.#keep(picture, milliseconds);
    this.#preview = { picture, milliseconds };
    this.#enter({ kind: "previewed", milliseconds });
  }

  #onFail(error: unknown): void {
    this.#preview = undefined;
    this.#keepsResult = false;
    this.#enter(isPluginError(error, "aborted") ? { kind: "stopped" } : { kind: "failed", error });
  }

  #keep(picture: Picture, milliseconds: number): void {
    this.#history?.push({ label: this.#filter?.title ?? "Filter", picture });
    this.#preview = undefined;
    this.#keepsResult = false;
    this.#enter({ kind: "applied", milliseconds });
  }

  #enter(run: RunState): void {
    this.#run = run;
    this.#onChange();
  }
}
