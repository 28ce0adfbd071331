/** What specs do on the demo's page, and what they read out of it. */
import { expect, type Page } from "@playwright/test";

export interface PagePicture {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

/** The pixels of one of the page's canvases. */
export async function pictureIn(page: Page, canvas: "#before" | "#after"): Promise<PagePicture> {
  const { width, height, base64 } = await page.locator(canvas).evaluate((element) => {
    if (!(element instanceof HTMLCanvasElement)) throw new Error("this is no canvas");
    const { width, height } = element;
    const pixels = element.getContext("2d")?.getImageData(0, 0, width, height).data ?? new Uint8ClampedArray();
    let text = "";
    for (let offset = 0; offset < pixels.length; offset += 32_768) text += String.fromCharCode(...pixels.subarray(offset, offset + 32_768));
    return { width, height, base64: btoa(text) };
  });
  const pixels = new Uint8Array(Buffer.from(base64, "base64"));
  expect(pixels.length).toBe(width * height * 4);
  return { width, height, pixels };
}

export async function waitForPreview(page: Page): Promise<void> {
  await expect(page.locator(".run-status")).toContainText("Preview in");
}

/** Chooses a filter, sets its sliders, and keeps the result. */
export async function applyFilter(page: Page, id: string, values: Readonly<Record<string, number>>): Promise<void> {
  await page.locator(`[data-filter="${id}"]`).click();
  await waitForPreview(page);
  for (const [name, value] of Object.entries(values)) await page.locator(`[data-parameter="${name}"]`).fill(String(value));
  // It cannot be pressed before the preview of the last value is there.
  await page.getByRole("button", { name: "Apply", exact: true }).click();
  await expect(page.locator(".run-status")).toContainText("Applied");
}

/** Drops a file onto the page, as a person does. */
export async function dropFile(page: Page, name: string, content: Uint8Array): Promise<void> {
  const transfer = await page.evaluateHandle(
    ({ name, base64 }) => {
      const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
      const transfer = new DataTransfer();
      transfer.items.add(new File([bytes], name));
      return transfer;
    },
    { name, base64: Buffer.from(content).toString("base64") },
  );
  for (const type of ["dragenter", "dragover", "drop"]) await page.dispatchEvent("body", type, { dataTransfer: transfer });
}

/** Large enough for a filter in an interpreter to need seconds. */
export async function openLargePicture(page: Page): Promise<void> {
  const base64 = await page.evaluate(() => {
    const canvas = document.createElement("canvas");
    canvas.width = 2400;
    canvas.height = 2400;
    canvas.getContext("2d")?.fillRect(300, 300, 1200, 900);
    return canvas.toDataURL("image/png").replace(/^[^,]*,/, "");
  });
  await page.locator("#picture-file").setInputFiles({ name: "large.png", mimeType: "image/png", buffer: Buffer.from(base64, "base64") });
  await expect(page.locator("#picture-name")).toContainText("2400 × 2400");
}

/** Mean brightness, and how much neighbours in a row differ. */
export function sharpness({ width, height, pixels }: PagePicture): { readonly brightness: number; readonly edges: number } {
  const light = (x: number, y: number) => {
    const offset = (y * width + x) * 4;
    return linearLight(pixels[offset] ?? 0) + linearLight(pixels[offset + 1] ?? 0) + linearLight(pixels[offset + 2] ?? 0);
  };
  let brightness = 0;
  let edges = 0;
  for (let y = 0; y < height; y += 1) {
    for (let x = 1; x < width; x += 1) {
      const here = light(x, y);
      brightness += here;
      edges += Math.abs(here - light(x - 1, y));
    }
  }
  return { brightness, edges };
}

const LINEAR = Array.from({ length: 256 }, (_, byte) => {
  const value = byte / 255;
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
});

/** Linear light from 0 to 1 of an sRGB byte (IEC 61966-2-1). */
export function linearLight(byte: number): number {
  return LINEAR[byte] ?? 0;
}
