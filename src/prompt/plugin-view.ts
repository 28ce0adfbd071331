import type { GrantRequest } from "../admission/decide-grants.js";
import { showAuthorText } from "./author-text.js";
import type { PermissionDialogTexts } from "./dialog-texts.js";
import { element, icon } from "./elements.js";

const TITLE_CHARACTERS = 80;

export interface PluginViewOptions {
  readonly texts: PermissionDialogTexts;
  /** The app's own name for who holds a key. */
  readonly publisherName?: ((keyId: string) => string | undefined) | undefined;
}

/** Who asks: what the plugin calls itself, what it is, and who vouches for it. */
export function pluginView({ plugin, trust }: GrantRequest, options: PluginViewOptions): HTMLElement {
  const { texts } = options;
  const named = plugin.title === undefined ? [] : [
    element("span", { part: "label", text: texts.namedByAuthor }),
    element("p", { part: "plugin-name" }, [element("q", {}, [element("bdi", { text: showAuthorText(plugin.title, TITLE_CHARACTERS).text })])]),
  ];
  const identity = element("p", { part: "plugin-identity" }, [
    code(plugin.id), element("span", { text: `${texts.version} ` }, [element("bdi", { text: showAuthorText(plugin.version, TITLE_CHARACTERS).text })]),
  ]);
  return element("section", { part: "plugin" }, [...named, identity, trust.kind === "signed" ? signedView(trust.keyIds, options) : unsignedView(texts)]);
}

function signedView(keyIds: readonly string[], { texts, publisherName }: PluginViewOptions): HTMLElement {
  const names = keyIds.flatMap((keyId) => publisherName?.(keyId) ?? []);
  const said = names.length === 0 ? [texts.signed] : [`${texts.signedBy} `, element("bdi", { text: names.join(", ") })];
  const keys = keyIds.map((keyId) => element("p", { part: "detail" }, [`${texts.key} `, code(keyId)]));
  return element("div", { part: "signed", attributes: { id: "origin" } }, [icon("shield"), element("div", {}, [element("p", {}, said), ...keys])]);
}

function unsignedView(texts: PermissionDialogTexts): HTMLElement {
  const said = [element("p", { part: "unsigned-heading", text: texts.unsigned }), element("p", { text: texts.unsignedAdvice })];
  return element("div", { part: "unsigned", attributes: { id: "origin" } }, [icon("warning"), element("div", {}, said)]);
}

/** Text for machines, such as an id: always from left to right, and whole. */
export function code(text: string): HTMLElement {
  return element("bdi", { attributes: { dir: "ltr" } }, [element("code", { part: "code", text: showAuthorText(text, 1_024).text })]);
}
