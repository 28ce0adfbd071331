/*
 * A constructed style sheet: a page whose policy forbids inline styles refuses <style> and style="", and not this.
 * Colours follow `color-scheme`, which the element inherits from the page or is given by it.
 */
const STYLE = `
:host {
  all: initial;
  color-scheme: inherit;
  --_background: var(--portcullis-background, #ffffff);
  --_surface: var(--portcullis-surface, #f4f4f6);
  --_text: var(--portcullis-text, #17171c);
  --_text-soft: var(--portcullis-text-soft, #56565f);
  --_line: var(--portcullis-line, #d6d6dd);
  --_control: var(--portcullis-control, #75757f);
  --_accent: var(--portcullis-accent, #1f4fd8);
  --_accent-text: var(--portcullis-accent-text, #ffffff);
  --_good: var(--portcullis-good, #14663a);
  --_warning-text: var(--portcullis-warning-text, #7a2e00);
  --_warning-surface: var(--portcullis-warning-surface, #fdf1e4);
  --_radius: var(--portcullis-radius, 12px);
  --_font: var(--portcullis-font, system-ui, -apple-system, "Segoe UI", Roboto, sans-serif);
  --_code-font: var(--portcullis-code-font, ui-monospace, "SF Mono", Menlo, Consolas, monospace);
}

@supports (color: light-dark(white, black)) {
  :host {
    --_background: var(--portcullis-background, light-dark(#ffffff, #1b1b20));
    --_surface: var(--portcullis-surface, light-dark(#f4f4f6, #26262d));
    --_text: var(--portcullis-text, light-dark(#17171c, #f0f0f3));
    --_text-soft: var(--portcullis-text-soft, light-dark(#56565f, #b6b6c0));
    --_line: var(--portcullis-line, light-dark(#d6d6dd, #3d3d47));
    --_control: var(--portcullis-control, light-dark(#75757f, #84848f));
    --_accent: var(--portcullis-accent, light-dark(#1f4fd8, #9bb8ff));
    --_accent-text: var(--portcullis-accent-text, light-dark(#ffffff, #0d1530));
    --_good: var(--portcullis-good, light-dark(#14663a, #82d6a3));
    --_warning-text: var(--portcullis-warning-text, light-dark(#7a2e00, #ffc894));
    --_warning-surface: var(--portcullis-warning-surface, light-dark(#fdf1e4, #3a2a1b));
  }
}

*, ::before, ::after { box-sizing: border-box; }
[hidden] { display: none !important; }
h2, p, fieldset, legend { margin: 0; padding: 0; border: 0; }

.dialog {
  inline-size: min(33rem, 100vw - 2rem);
  max-inline-size: none;
  max-block-size: min(46rem, 100dvh - 2rem);
  padding: 0;
  border: 1px solid var(--_line);
  border-radius: var(--_radius);
  background: var(--_background);
  color: var(--_text);
  font: 400 0.9375rem/1.45 var(--_font);
  text-align: start;
  overflow: hidden;
  box-shadow: 0 0 0 1px rgb(0 0 0 / 4%), 0 24px 64px rgb(0 0 0 / 32%);
}
.dialog[open] { display: flex; flex-direction: column; animation: appear 140ms ease-out; }
.dialog:focus { outline: none; }
.dialog::backdrop { background: rgb(10 10 14 / 56%); }
@keyframes appear { from { opacity: 0; translate: 0 8px; } }

.header { display: flex; flex: none; gap: 0.75rem; align-items: flex-start; padding: 1.25rem 1.5rem 1rem; }
.heading { font-size: 1.1875rem; font-weight: 650; line-height: 1.3; }
.introduction { margin-block-start: 0.125rem; color: var(--_text-soft); }
.icon { flex: none; fill: currentcolor; }
.icon-gate { inline-size: 1.75rem; block-size: 1.75rem; fill: none; stroke: var(--_accent); stroke-width: 1.7; stroke-linecap: round; }

.content { flex: 1 1 auto; min-block-size: 0; padding: 0 1.5rem 1rem; overflow-y: auto; overscroll-behavior: contain; scroll-padding-block: 1rem; }
.label { display: block; color: var(--_text-soft); font-size: 0.8125rem; font-style: normal; }
.code { font: 0.8125rem/1.5 var(--_code-font); overflow-wrap: anywhere; }

.plugin { padding: 0.875rem 1rem 1rem; border-radius: calc(var(--_radius) - 2px); background: var(--_surface); }
.plugin-name { font-size: 1.0625rem; font-style: italic; overflow: clip; overflow-wrap: anywhere; contain: paint; }
.plugin-identity { display: flex; flex-wrap: wrap; gap: 0.125rem 1rem; color: var(--_text-soft); }
.signed, .unsigned { display: flex; gap: 0.625rem; align-items: flex-start; margin-block-start: 0.75rem; }
.signed { color: var(--_good); font-weight: 600; }
.signed .detail { color: var(--_text-soft); font-weight: 400; }
.unsigned { padding: 0.625rem 0.75rem; border-radius: 8px; background: var(--_warning-surface); color: var(--_warning-text); }
.unsigned-heading { font-weight: 650; }

.request { min-inline-size: 0; padding-block: 1.125rem; border-block-start: 1px solid var(--_line); }
.plugin + .request { border-block-start: 0; }
.request:last-child { padding-block-end: 0.25rem; }
.description { float: inline-start; inline-size: 100%; font-weight: 650; overflow-wrap: anywhere; }
.facts { clear: both; display: grid; gap: 0.5rem; }
.capability, .optional, .no-reason, .previous { color: var(--_text-soft); }
.optional, .required { font-size: 0.875rem; }
.required { color: var(--_text); }
.reason { padding-inline-start: 0.75rem; border-inline-start: 3px solid var(--_line); overflow: clip; contain: paint; }
.reason q { font-style: italic; overflow-wrap: anywhere; }

.choices { display: flex; flex-wrap: wrap; gap: 0.5rem; align-items: center; min-block-size: 2.5rem; margin-block-start: 0.75rem; }
.choice {
  display: inline-flex; gap: 0.5rem; align-items: center;
  min-block-size: 2.5rem; padding: 0.25rem 0.875rem;
  border: 1px solid var(--_control); border-radius: 8px; cursor: pointer;
}
.choice:has(:checked) { border-color: var(--_accent); box-shadow: inset 0 0 0 1px var(--_accent); }
.choice:has(:focus-visible) { outline: 2px solid var(--_accent); outline-offset: 2px; }
.never { color: var(--_text-soft); font-size: 0.875rem; display: inline-flex; gap: 0.5rem; align-items: center; min-block-size: 2.5rem; margin-inline-start: auto; cursor: pointer; }
input { inline-size: 1.0625rem; block-size: 1.0625rem; margin: 0; accent-color: var(--_accent); }
select {
  max-inline-size: 100%; margin-inline-start: auto;
  min-block-size: 2.5rem; padding: 0.25rem 0.5rem;
  border: 1px solid var(--_control); border-radius: 8px;
  background: var(--_background); color: var(--_text); font: inherit;
}

.footer {
  display: flex; flex: none; flex-wrap: wrap; gap: 0.5rem 1rem; align-items: center; justify-content: flex-end;
  padding: 0.875rem 1.5rem; border-block-start: 1px solid var(--_line);
}
.note { flex: 1 1 12rem; color: var(--_text-soft); font-size: 0.875rem; }
.actions { display: flex; flex-wrap: wrap; gap: 0.5rem; }
.button {
  min-block-size: 2.5rem; padding: 0.375rem 1rem;
  border: 1px solid var(--_control); border-radius: 8px;
  background: transparent; color: var(--_text); font: inherit; font-weight: 600; cursor: pointer;
}
.button[aria-disabled="true"] { border-color: var(--_line); color: var(--_text-soft); cursor: default; }
.allow-selected[aria-disabled="false"] { border-color: var(--_accent); background: var(--_accent); color: var(--_accent-text); }
.button[aria-disabled="false"]:hover { box-shadow: inset 0 0 0 100vmax rgb(127 127 127 / 12%); }
.button:focus-visible, select:focus-visible, input:focus-visible, .content:focus-visible { outline: 2px solid var(--_accent); outline-offset: 2px; }
.choice input:focus-visible { outline: none; }

@media (max-width: 30rem) {
  .dialog { inline-size: 100vw; max-block-size: 92dvh; margin-block-end: 0; border-radius: var(--_radius) var(--_radius) 0 0; border-inline: 0; border-block-end: 0; }
  .header { padding: 1rem 1rem 0.75rem; }
  .content { padding-inline: 1rem; }
  .footer { padding: 0.75rem 1rem; }
  .actions, .button { flex: 1 1 auto; }
  .choice { flex: 1 1 auto; justify-content: center; }
  select, .never { margin-inline-start: 0; inline-size: 100%; }
}
@media (max-height: 30rem) {
  .dialog[open] { display: block; max-block-size: 100dvh; overflow-y: auto; }
}
@media (prefers-reduced-motion: reduce) {
  .dialog[open] { animation: none; }
}
@media (forced-colors: active) {
  .button[aria-disabled="true"] { border-color: GrayText; color: GrayText; }
  .choice:has(:checked) { outline: 2px solid Highlight; }
}
`;

let sheet: CSSStyleSheet | undefined;

/** The dialog's style, made once. */
export function dialogStyle(): CSSStyleSheet {
  if (sheet === undefined) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLE);
  }
  return sheet;
}
