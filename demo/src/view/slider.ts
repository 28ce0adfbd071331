import type { Parameter } from "../plugins/filter-interface.js";
import { element } from "./elements.js";
import { formatValue } from "./format.js";

export interface Slider {
  readonly root: HTMLElement;
  readonly name: string;
  readonly value: number;
  reset(): void;
}

let sliders = 0;

/** A labelled slider for one parameter, as the filter describes it. */
export function createSlider(parameter: Parameter, onInput: () => void): Slider {
  const { name, label, minimum, maximum, initial, step } = parameter;
  sliders += 1;
  const id = `slider-${sliders}`;
  const input = element("input", { attributes: { type: "range", id, min: String(minimum), max: String(maximum), step: step > 0 ? stepText(step) : "any", "data-parameter": name } });
  const output = element("output", { attributes: { for: id } });
  const show = () => {
    const value = input.valueAsNumber;
    output.textContent = formatValue(value, step);
    input.style.setProperty("--filled", `${((value - minimum) / (maximum - minimum || 1)) * 100}%`);
  };
  input.addEventListener("input", () => {
    show();
    onInput();
  });
  input.value = String(initial);
  show();
  return {
    root: element("div", { class: "slider" }, [element("label", { text: label, attributes: { for: id } }), output, input]),
    name,
    get value() {
      // What the browser rounded to the step may lie a hair outside the plugin's 32-bit bounds.
      return Math.min(maximum, Math.max(minimum, input.valueAsNumber));
    },
    reset() {
      input.value = String(initial);
      show();
    },
  };
}

/** 0.01 in 32 bits is 0.009999999776…, which no slider should count in. */
function stepText(step: number): string {
  return String(Number(step.toPrecision(6)));
}
