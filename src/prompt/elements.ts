interface ElementOptions {
  readonly text?: string;
  /** Name for `::part()`, and the class that the dialog's own style uses. */
  readonly part?: string;
  readonly attributes?: Readonly<Record<string, string>>;
}

/** Makes an element. Text is only ever text: nothing here parses markup. */
export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  { text, part, attributes = {} }: ElementOptions = {},
  children: readonly (Node | string)[] = [],
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (part !== undefined) {
    made.className = part;
    made.setAttribute("part", part);
  }
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
  made.append(...children);
  return made;
}

const SHAPES = {
  shield: "M12 2.5 4.5 5.4v5.3c0 4.9 3.1 8.9 7.5 10.8 4.4-1.9 7.5-5.9 7.5-10.8V5.4L12 2.5Zm-1.1 13.3-3.6-3.6 1.5-1.5 2.1 2.1 4.4-4.4 1.5 1.5-5.9 5.9Z",
  gate: "M4 21V10.5a8 8 0 0 1 16 0V21M8.4 4.2v13.3M12 3v16.5M15.6 4.2v13.3M4.2 9h15.6M4 14h16",
  warning: "M12 3.2 1.9 20.6h20.2L12 3.2Zm-1 6.6h2v5h-2v-5Zm0 6.6h2v2h-2v-2Z",
} as const;

/** A drawing that repeats what the text beside it says. */
export function icon(name: keyof typeof SHAPES): SVGSVGElement {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  const path = document.createElementNS(space, "path");
  for (const [attribute, value] of Object.entries({ viewBox: "0 0 24 24", width: "20", height: "20", "aria-hidden": "true", class: `icon icon-${name}` })) {
    svg.setAttribute(attribute, value);
  }
  path.setAttribute("d", SHAPES[name]);
  svg.append(path);
  return svg;
}
