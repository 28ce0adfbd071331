import { byId } from "./elements.js";

export interface DropHandlers {
  readonly onPicture: (file: File) => void;
  readonly onFilter: (file: File) => void;
  readonly onOther: (file: File) => void;
}

/** Takes files that are dropped anywhere on the page. */
export function acceptDrops(handlers: DropHandlers): void {
  const overlay = byId("drop-overlay", HTMLDivElement);
  const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") === true;
  window.addEventListener("dragenter", (event) => {
    if (hasFiles(event)) overlay.hidden = false;
  });
  window.addEventListener("dragover", (event) => {
    if (hasFiles(event)) event.preventDefault();
  });
  // Leaving the page has no element that is entered.
  window.addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) overlay.hidden = true;
  });
  window.addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    overlay.hidden = true;
    for (const file of event.dataTransfer?.files ?? []) sort(file, handlers);
  });
}

/** A file's type is what the system makes of its name; packages and components have none that is reliable. */
function sort(file: File, { onPicture, onFilter, onOther }: DropHandlers): void {
  if (/\.(tar\.gz|tgz|wasm)$/i.test(file.name)) onFilter(file);
  else if (file.type.startsWith("image/")) onPicture(file);
  else onOther(file);
}
