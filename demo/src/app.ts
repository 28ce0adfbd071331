import { isPluginError, type PluginEvent } from "portcullis";
import { Editor } from "./editor.js";
import { connectPictureControls } from "./picture-controls.js";
import { type FileTrust, FilterLibrary } from "./plugins/filter-library.js";
import type { FilterPlugin } from "./plugins/filter-plugin.js";
import type { Permission } from "./plugins/permissions.js";
import { Comparison } from "./view/comparison.js";
import { Console } from "./view/console.js";
import { ControlsPanel } from "./view/controls-panel.js";
import { acceptDrops } from "./view/drop-zone.js";
import { button, byId } from "./view/elements.js";
import { wordsFor } from "./view/error-words.js";
import { addEvent } from "./view/event-entries.js";
import { FilterList } from "./view/filter-list.js";
import { formatMilliseconds } from "./view/format.js";
import { HistoryList } from "./view/history-list.js";
import { InspectorPanel } from "./view/inspector-panel.js";
import { cacheOutcome, cacheWords } from "./view/load-words.js";
import { PermissionsPanel } from "./view/permissions-panel.js";
import { showRefusal } from "./view/plugin-dialogs.js";

/** Files that the demo offers to try the refusals with. */
const SAMPLES = [["an unsigned filter", "samples/unsigned-halftone.wasm"], ["a tampered one", "samples/tampered-tone.tgz"]] as const;

/** Darkroom: the picture, the filters, and what connects them to the page. */
export class App {
  readonly #console = new Console();
  readonly #editor = new Editor(() => this.#render());
  readonly #comparison = new Comparison();
  readonly #history = new HistoryList((position) => this.#editor.goTo(position));
  readonly #filterList = new FilterList((filter) => void this.#choose(filter));
  readonly #library = new FilterLibrary({
    onEvent: (event) => this.#onEvent(event), onChange: () => this.#render(),
  });
  readonly #permissions = new PermissionsPanel(this.#library.permissions, {
    onRevoke: (permission) => void this.#revoke(permission),
    onAskAgain: (permission) => void this.#askAgain(this.#filters.find(({ listing }) => listing.id === permission.pluginId), permission.pluginId),
  }, () => void this.#library.permissions.refresh());
  readonly #controls = new ControlsPanel({
    onChange: () => this.#editor.preview(this.#controls.settings),
    onApply: () => this.#editor.apply(this.#controls.settings),
    onDiscard: () => this.#editor.discard(),
    onStop: () => this.#editor.stop(),
    onRetry: () => void this.#choose(this.#chosen),
    denial: {
      onAskAgain: () => void this.#askAgain(this.#chosen),
      onShowPermissions: () => this.#permissions.show(),
      wordsOf: (capability) => this.#permissions.wordsOf(capability),
    },
    refusedOf: (filter) => this.#library.permissions.refusedOf(filter.listing.id),
  });
  readonly #inspector = new InspectorPanel({
    onLoadAgain: () => void this.#reload(),
    onLoadAfresh: () => void this.#reload(() => this.#library.forgetCompiledCode()),
  });
  #filters: readonly FilterPlugin[] = [];
  #chosen: FilterPlugin | undefined;
  #renderPictureControls: () => void = () => undefined;

  async start(): Promise<void> {
    const { render, openPicture } = connectPictureControls(this.#editor, this.#comparison, (source, text) => this.#console.add("problem", source, text));
    this.#renderPictureControls = render;
    acceptDrops({
      onPicture: (file) => void openPicture(file),
      onFilter: (file) => void this.#openFilter(file),
      onOther: (file) => this.#console.add("problem", file.name, "This is neither a picture nor a filter."),
    });
    this.#connectFilterFiles();
    this.#render();
    await this.#discover();
  }

  #render(): void {
    const { history, shown, run } = this.#editor;
    if (history !== undefined && shown !== undefined) {
      this.#comparison.show(history.original, shown);
      this.#history.render(history);
    }
    this.#comparison.setBusy(run.kind === "running" || this.#chosen?.state.kind === "loading");
    if (this.#filters.length > 0) this.#filterList.render(this.#filters, this.#chosen);
    this.#controls.render(this.#chosen, run);
    this.#inspector.render(this.#chosen);
    this.#permissions.render(this.#filters);
    this.#renderPictureControls();
  }

  async #discover(): Promise<void> {
    this.#filterList.renderMessage("Looking for filters…");
    this.#filters = await this.#library.discover();
    if (this.#filters.length === 0) this.#filterList.renderMessage("No filters could be listed; Events says why.", () => void this.#discover());
    this.#render();
  }

  /** Loads a filter unless it is loaded, and previews it with its initial settings. */
  async #choose(filter: FilterPlugin | undefined): Promise<void> {
    if (filter === undefined || (filter === this.#chosen && filter.state.kind === "ready")) return;
    this.#chosen = filter;
    this.#editor.choose(filter);
    const wasReady = filter.state.kind === "ready";
    try {
      const { handle } = await filter.load();
      if (!wasReady) this.#reportLoad(filter, handle.report);
      if (this.#chosen === filter) this.#editor.preview(this.#controls.settings);
    } catch (error) {
      this.#reportFailure(filter.listing.id, error);
    }
  }

  async #reload(before: () => Promise<void> = () => Promise.resolve()): Promise<void> {
    const filter = this.#chosen;
    if (filter === undefined) return;
    await filter.unload();
    await before().catch((error: unknown) => this.#reportFailure("Cache", error));
    await this.#choose(filter);
  }

  async #openFilter(file: File, trust: FileTrust = "publisher"): Promise<void> {
    try {
      const filter = await this.#library.open(file, trust);
      const { listing } = filter;
      // The same plugin out of a file again takes the earlier one's place.
      const replaced = this.#filters.find((other) => other.origin === "file" && other.listing.id === listing.id);
      this.#filters = [...this.#filters.filter((other) => other !== replaced), filter];
      await replaced?.unload();
      if (filter.state.kind === "ready") this.#reportLoad(filter, filter.state.loaded.handle.report);
      await this.#choose(filter);
    } catch (error) {
      this.#reportFailure(file.name, error);
      if (await showRefusal(file.name, error)) await this.#openFilter(file, "anyone");
    }
  }

  #onEvent(event: PluginEvent): void {
    addEvent(this.#console, event);
    // Before the page has its parts, nothing has happened to a permission.
    if (event.kind === "audit" && this.#permissions.isOpen) void this.#library.permissions.refresh();
  }

  /** Takes a permission away from a filter, also while it runs. Its next run meets the refusal. */
  async #revoke({ pluginId, capability }: Permission): Promise<void> {
    await this.#library.permissions.revoke(pluginId, capability);
    this.#permissions.announce(`Taken away: ${this.#permissions.wordsOf(capability)}`);
    this.#render();
  }

  /** Loads a filter again, so that it asks for what it has not got. */
  async #askAgain(filter: FilterPlugin | undefined, pluginId = filter?.listing.id): Promise<void> {
    if (pluginId !== undefined) await this.#library.permissions.forgetRefusals(pluginId);
    await filter?.unload();
    await this.#choose(filter);
  }

  #connectFilterFiles(): void {
    const input = byId("filter-file", HTMLInputElement);
    byId("open-filter", HTMLButtonElement).addEventListener("click", () => input.click());
    input.addEventListener("change", () => {
      for (const file of input.files ?? []) void this.#openFilter(file);
      input.value = "";
    });
    const links = SAMPLES.map(([label, path]) => button(label, () => void this.#openSample(path), "link"));
    byId("samples", HTMLParagraphElement).replaceChildren("Or try ", ...links.flatMap((link, index) => (index === 0 ? [link] : [" or ", link])), ".");
  }

  async #openSample(path: string): Promise<void> {
    try {
      const response = await fetch(path);
      if (!response.ok) throw new Error(`The server answered ${response.status} for ${path}`);
      await this.#openFilter(new File([await response.blob()], path.replace(/^.*\//, "")));
    } catch (error) {
      this.#reportFailure(path, error);
    }
  }

  #reportLoad(filter: FilterPlugin, { totalMilliseconds, cache }: { readonly totalMilliseconds: number; readonly cache: Parameters<typeof cacheWords>[0] }): void {
    this.#console.add("app", filter.listing.id, `loaded in ${formatMilliseconds(totalMilliseconds)}. Cache ${cacheOutcome(cache).toLowerCase()}: ${cacheWords(cache)}`);
  }

  #reportFailure(source: string, error: unknown): void {
    if (!isPluginError(error) && !(error instanceof Error)) throw error;
    const { title, detail, code } = wordsFor(error);
    this.#console.add("problem", source, [title, detail, code === undefined ? "" : `(${code})`].filter((part) => part !== "").join(" "));
  }
}
