export interface ElementOptions {
  readonly class?: string;
  readonly text?: string;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly onClick?: () => void;
}

/** A new element. Text is set as text: what plugins and files say can never become markup. */
export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  options: ElementOptions = {},
  children: readonly (Node | string)[] = [],
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  if (options.class !== undefined) made.className = options.class;
  if (options.text !== undefined) made.textContent = options.text;
  for (const [attribute, value] of Object.entries(options.attributes ?? {})) made.setAttribute(attribute, value);
  if (options.onClick !== undefined) made.addEventListener("click", options.onClick);
  made.append(...children);
  return made;
}

export function button(text: string, onClick: () => void, kind = ""): HTMLButtonElement {
  return element("button", { class: `button ${kind}`.trim(), text, attributes: { type: "button" }, onClick });
}

/** The page's element with this id, which must be of this type. */
export function byId<Type extends HTMLElement>(id: string, type: new () => Type): Type {
  const found = document.getElementById(id);
  if (found instanceof type) return found;
  throw new Error(`The page has no ${type.name} with the id ${id}`);
}
