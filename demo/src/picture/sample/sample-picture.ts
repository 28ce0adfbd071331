import { context2d, type Picture, pictureOf } from "../picture.js";
import { drawLake, drawMist, drawMountains, drawShore } from "./land.js";
import { seededRandom } from "./noise.js";
import type { Scene } from "./scene.js";
import { drawGlow, drawSky } from "./sky.js";

const WIDTH = 1200;
const HEIGHT = 800;

/** A lake at dusk, drawn here so that the page needs no picture file and nobody's permission. Always the same. */
export function samplePicture(): Picture {
  const canvas = new OffscreenCanvas(WIDTH, HEIGHT);
  const horizon = Math.round(HEIGHT * 0.66);
  const scene: Scene = { context: context2d(canvas), width: WIDTH, height: HEIGHT, horizon, sun: { x: WIDTH * 0.605, y: horizon * 0.62 } };
  drawSky(scene);
  drawMountains(scene);
  drawGlow(scene, 0.3, "255, 176, 110", 0.42);
  drawLake(scene);
  drawMist(scene);
  drawShore(scene);
  const picture = pictureOf(canvas);
  addGrain(picture.pixels);
  return picture;
}

/** A little grain hides the steps of smooth gradients. */
function addGrain(pixels: Uint8ClampedArray): void {
  const random = seededRandom(3);
  for (let offset = 0; offset < pixels.length; offset += 4) {
    const grain = (random() + random() - 1) * 5;
    for (let channel = 0; channel < 3; channel += 1) pixels[offset + channel] = (pixels[offset + channel] ?? 0) + grain;
  }
}
