/** A picture in memory: rows from top to bottom, red, green, blue, alpha, not premultiplied, in sRGB. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8ClampedArray<ArrayBuffer>;
}

/** Draws `picture` into `canvas`, which takes its size. */
export function drawPicture(picture: Picture, canvas: HTMLCanvasElement): void {
  // Setting the size clears the canvas, which would flicker where it did not change.
  if (canvas.width !== picture.width) canvas.width = picture.width;
  if (canvas.height !== picture.height) canvas.height = picture.height;
  context2d(canvas).putImageData(new ImageData(picture.pixels, picture.width, picture.height), 0, 0);
}

export function pictureOf(canvas: HTMLCanvasElement | OffscreenCanvas): Picture {
  const { width, height } = canvas;
  return { width, height, pixels: context2d(canvas).getImageData(0, 0, width, height).data };
}

type Context2d<Canvas> = Canvas extends HTMLCanvasElement ? CanvasRenderingContext2D : OffscreenCanvasRenderingContext2D;

/** The canvas's drawing context, in memory that is cheap to read back. */
export function context2d<Canvas extends HTMLCanvasElement | OffscreenCanvas>(canvas: Canvas): Context2d<Canvas> {
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (context === null) throw new Error("This browser cannot draw: it has no 2D canvas context");
  return context as Context2d<Canvas>;
}
