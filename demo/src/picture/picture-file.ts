import { context2d, drawPicture, type Picture, pictureOf } from "./picture.js";

/** The longest edge that is edited. A call carries at most 64 MiB, and history keeps several pictures. */
const LONGEST_EDGE = 2400;

/**
 * Decodes an image file, upright as its metadata says, scaled down if it is larger than what is edited.
 *
 * @throws {Error} in words for the person who chose the file.
 */
export async function decodePicture(file: Blob): Promise<{ readonly picture: Picture; readonly isScaled: boolean }> {
  const bitmap = await createImageBitmap(file).catch((cause: unknown) => {
    throw new Error("This file is not a picture that your browser can open. Try a JPEG, PNG or WebP file.", { cause });
  });
  const scale = Math.min(1, LONGEST_EDGE / Math.max(bitmap.width, bitmap.height));
  const canvas = new OffscreenCanvas(Math.max(1, Math.round(bitmap.width * scale)), Math.max(1, Math.round(bitmap.height * scale)));
  const context = context2d(canvas);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return { picture: pictureOf(canvas), isScaled: scale < 1 };
}

/** Hands `picture` to the person as a PNG download. */
export async function downloadPicture(picture: Picture, name: string): Promise<void> {
  const canvas = document.createElement("canvas");
  drawPicture(picture, canvas);
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/png"));
  if (blob === null) throw new Error("The picture could not be written as a PNG. Is there enough memory?");
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = `${name.replace(/\.[^.]+$/, "")}-darkroom.png`;
  link.click();
  // The download has its own reference once it began.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
