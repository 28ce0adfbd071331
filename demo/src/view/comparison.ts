import { drawPicture, type Picture } from "../picture/picture.js";
import { byId } from "./elements.js";

const KEY_STEPS: ReadonlyMap<string, number> = new Map([
  ["ArrowLeft", -2], ["ArrowDown", -2], ["ArrowRight", 2], ["ArrowUp", 2], ["PageDown", -10], ["PageUp", 10], ["Home", -100], ["End", 100],
]);

/** The picture as it is, and as it was on the left of a divide that can be dragged. */
export class Comparison {
  readonly #frame = byId("frame", HTMLDivElement);
  readonly #before = byId("before", HTMLCanvasElement);
  readonly #after = byId("after", HTMLCanvasElement);
  readonly #divide = byId("divide", HTMLDivElement);
  readonly #busy = byId("busy", HTMLDivElement);
  #shown: { readonly before: Picture; readonly after: Picture } | undefined;
  #position = 50;
  #isOn = true;

  constructor() {
    this.#divide.addEventListener("keydown", (event) => this.#onKey(event));
    this.#frame.addEventListener("pointerdown", (event) => this.#onPointerDown(event));
    this.#moveTo(this.#position);
  }

  show(before: Picture, after: Picture): void {
    if (this.#shown?.before !== before) drawPicture(before, this.#before);
    if (this.#shown?.after !== after) drawPicture(after, this.#after);
    this.#shown = { before, after };
    this.#frame.style.setProperty("--ratio", String(after.width / after.height));
    this.#update();
  }

  setBusy(isBusy: boolean): void {
    this.#busy.classList.toggle("is-busy", isBusy);
    this.#frame.setAttribute("aria-busy", String(isBusy));
  }

  setCompare(isOn: boolean): void {
    this.#isOn = isOn;
    this.#update();
  }

  /** Nothing is divided while both sides are the same picture. */
  #update(): void {
    const isDivided = this.#isOn && this.#shown !== undefined && this.#shown.before !== this.#shown.after;
    this.#frame.classList.toggle("is-divided", isDivided);
    this.#divide.tabIndex = isDivided ? 0 : -1;
  }

  #onPointerDown(down: PointerEvent): void {
    if (down.button !== 0 || !this.#frame.classList.contains("is-divided")) return;
    down.preventDefault();
    this.#divide.focus({ preventScroll: true });
    this.#frame.setPointerCapture(down.pointerId);
    const move = (event: PointerEvent) => {
      const { left, width } = this.#frame.getBoundingClientRect();
      this.#moveTo(((event.clientX - left) / width) * 100);
    };
    const end = new AbortController();
    this.#frame.addEventListener("pointermove", move, { signal: end.signal });
    for (const name of ["pointerup", "pointercancel"] as const) this.#frame.addEventListener(name, () => end.abort(), { signal: end.signal });
    move(down);
  }

  #onKey(event: KeyboardEvent): void {
    const step = KEY_STEPS.get(event.key);
    if (step === undefined) return;
    event.preventDefault();
    this.#moveTo(this.#position + step);
  }

  #moveTo(position: number): void {
    this.#position = Math.min(100, Math.max(0, position));
    this.#frame.style.setProperty("--divide", `${this.#position}%`);
    this.#divide.setAttribute("aria-valuenow", String(Math.round(this.#position)));
    this.#divide.setAttribute("aria-valuetext", `${Math.round(this.#position)}% before`);
  }
}
