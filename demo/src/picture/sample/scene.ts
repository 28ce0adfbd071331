/** The canvas that the sample picture is drawn on, and what its parts must agree on. */
export interface Scene {
  readonly context: OffscreenCanvasRenderingContext2D;
  readonly width: number;
  readonly height: number;
  /** Where the lake begins, in pixels from the top. */
  readonly horizon: number;
  readonly sun: { readonly x: number; readonly y: number };
}
