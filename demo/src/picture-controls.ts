import type { Editor } from "./editor.js";
import { decodePicture, downloadPicture } from "./picture/picture-file.js";
import type { Picture } from "./picture/picture.js";
import { samplePicture } from "./picture/sample/sample-picture.js";
import type { Comparison } from "./view/comparison.js";
import { byId } from "./view/elements.js";

const SAMPLE_NAME = "Lake at dusk";

/** The buttons and keys that act on the picture as a whole: open, undo, redo, reset, compare, export. */
export function connectPictureControls(
  editor: Editor,
  comparison: Comparison,
  onProblem: (source: string, text: string) => void,
): { readonly render: () => void; readonly openPicture: (file: File) => Promise<void> } {
  const name = byId("picture-name", HTMLParagraphElement);
  let pictureName = SAMPLE_NAME;
  const show = (picture: Picture, shownName: string, note: string): void => {
    pictureName = shownName;
    name.textContent = `${shownName} · ${picture.width} × ${picture.height}${note}`;
    editor.open(picture);
  };
  const openPicture = async (file: File): Promise<void> => {
    try {
      const { picture, isScaled } = await decodePicture(file);
      show(picture, file.name, isScaled ? ", scaled down" : "");
    } catch (error) {
      onProblem(file.name, error instanceof Error ? error.message : String(error));
    }
  };
  connectFileInput(openPicture);
  connectCompare(comparison);
  const step = (by: number) => editor.goTo((editor.history?.position ?? 0) + by);
  const undo = connectButton("undo", () => step(-1));
  const redo = connectButton("redo", () => step(1));
  const reset = connectButton("reset", () => editor.goTo(0));
  const exportButton = connectButton("export", () => {
    if (editor.shown !== undefined) downloadPicture(editor.shown, pictureName).catch((error: unknown) => onProblem(pictureName, String(error)));
  });
  connectKeys(() => step(-1), () => step(1));
  show(samplePicture(), SAMPLE_NAME, "");
  return {
    openPicture,
    render: () => {
      const { history } = editor;
      const position = history?.position ?? 0;
      undo.disabled = position === 0;
      reset.disabled = position === 0;
      redo.disabled = history === undefined || position >= history.steps.length - 1;
      exportButton.disabled = history === undefined;
    },
  };
}

function connectButton(id: string, onClick: () => void): HTMLButtonElement {
  const found = byId(id, HTMLButtonElement);
  found.addEventListener("click", onClick);
  return found;
}

function connectFileInput(onFile: (file: File) => Promise<void>): void {
  const input = byId("picture-file", HTMLInputElement);
  connectButton("open-picture", () => input.click());
  input.addEventListener("change", () => {
    for (const file of input.files ?? []) void onFile(file);
    input.value = "";
  });
}

function connectCompare(comparison: Comparison): void {
  const compare = connectButton("compare", () => {
    const isOn = compare.getAttribute("aria-pressed") !== "true";
    compare.setAttribute("aria-pressed", String(isOn));
    comparison.setCompare(isOn);
  });
}

function connectKeys(onUndo: () => void, onRedo: () => void): void {
  window.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
    const key = event.key.toLowerCase();
    const isRedo = key === "y" || (key === "z" && event.shiftKey);
    if (!isRedo && key !== "z") return;
    event.preventDefault();
    if (isRedo) onRedo();
    else onUndo();
  });
}
