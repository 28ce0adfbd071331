import type { HostInterface } from "portcullis";
import { hostInterface, ResultError } from "portcullis";
import { lettering } from "../generated/application.js";
import { context2d } from "../picture/picture.js";

/** What a filter may do with it, in the words of the permission dialog. */
export const LETTERING_WORDS = "Have Darkroom draw a line of text";

const LONGEST_TEXT = 64;
const TALLEST_LETTERS = 512;
const FONT = 'ui-monospace, "SF Mono", "Cascadia Code", Menlo, Consolas, monospace';
/** Letters are measured at this size, and then drawn at the one that was asked for. */
const MEASURED_SIZE = 100;

/** The page's letters for filters, which have no fonts: Darkroom's own function, given to those that ask and are allowed. */
export function letteringInterface(): HostInterface {
  return hostInterface(lettering, {
    render: async (text, height) => {
      const length = Array.from(text).length;
      if (length === 0 || length > LONGEST_TEXT) throw new ResultError(`the text has ${length} characters; 1 to ${LONGEST_TEXT} can be drawn`);
      if (height === 0 || height > TALLEST_LETTERS) throw new ResultError(`the letters are ${height} pixels tall; 1 to ${TALLEST_LETTERS} can be drawn`);
      return drawText(text, height);
    },
  }, { documentation: LETTERING_WORDS });
}

async function drawText(text: string, height: number): Promise<{ width: number; height: number; coverage: Uint8Array }> {
  // Fonts may still be on their way.
  await document.fonts.load(fontAt(MEASURED_SIZE), text);
  const measuring = context2d(new OffscreenCanvas(1, 1));
  measuring.font = fontAt(MEASURED_SIZE);
  const size = (MEASURED_SIZE * height) / measuring.measureText("0").actualBoundingBoxAscent;
  measuring.font = fontAt(size);
  const { actualBoundingBoxLeft: left, actualBoundingBoxRight: right, actualBoundingBoxAscent: above, actualBoundingBoxDescent: below } = measuring.measureText(text);
  const width = Math.max(1, Math.ceil(left + right));
  const canvas = new OffscreenCanvas(width, Math.max(1, Math.ceil(above + below)));
  const context = context2d(canvas);
  context.font = fontAt(size);
  context.fillText(text, left, above);
  const { data } = context.getImageData(0, 0, width, canvas.height);
  return { width, height: canvas.height, coverage: Uint8Array.from({ length: width * canvas.height }, (_, pixel) => data[pixel * 4 + 3] ?? 0) };
}

function fontAt(size: number): string {
  return `600 ${size}px ${FONT}`;
}
