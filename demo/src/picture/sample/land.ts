import { fractalNoise, seededRandom } from "./noise.js";
import type { Scene } from "./scene.js";

interface Ridge {
  readonly base: number;
  readonly rise: number;
  readonly detail: number;
  readonly seed: number;
  readonly top: string;
  readonly foot: string;
}

/** From the farthest to the nearest: the air between makes far ridges pale and warm. Heights are shares of the horizon's. */
const RIDGES: readonly Ridge[] = [
  { base: 0.9, rise: 0.34, detail: 2.2, seed: 11, top: "#a45f78", foot: "#e69a78" },
  { base: 0.95, rise: 0.27, detail: 3.1, seed: 23, top: "#74476d", foot: "#b9707a" },
  { base: 0.99, rise: 0.22, detail: 4.4, seed: 37, top: "#472f57", foot: "#7d4a6c" },
  { base: 1.02, rise: 0.14, detail: 6.5, seed: 53, top: "#271f40", foot: "#4a3156" },
];

export function drawMountains(scene: Scene): void {
  const { context, width, horizon } = scene;
  for (const ridge of RIDGES) {
    const highest = (ridge.base - ridge.rise) * horizon;
    const shade = context.createLinearGradient(0, highest, 0, horizon);
    shade.addColorStop(0, ridge.top);
    shade.addColorStop(1, ridge.foot);
    context.fillStyle = shade;
    context.beginPath();
    context.moveTo(0, horizon + 1);
    for (let x = 0; x <= width; x += 1) context.lineTo(x, ridgeHeight(ridge, x / width) * horizon);
    context.lineTo(width, horizon + 1);
    context.fill();
  }
}

function ridgeHeight({ base, rise, detail, seed }: Ridge, across: number): number {
  const broad = fractalNoise(across * detail, seed, seed, 6);
  // Noise folded at its middle has edges, as ridges have.
  const sharp = 1 - Math.abs(2 * fractalNoise(across * detail * 1.7, seed + 5, seed, 5) - 1);
  return Math.min(1.01, base - rise * (0.25 * broad + 0.75 * sharp * broad * 1.25));
}

/** Mirrors what stands above the horizon, dimmed, and broken into ripples that grow towards the viewer. */
export function drawLake(scene: Scene): void {
  const { context, width, height, horizon, sun } = scene;
  const above = context.canvas.transferToImageBitmap();
  context.drawImage(above, 0, 0);
  const depth = height - horizon;
  for (let row = 0; row < depth; row += 1) {
    const near = row / depth;
    const wave = Math.sin(row * 0.9 + near * 16) * 0.6 + Math.sin(row * 0.37) * 0.4;
    const source = Math.max(0, horizon - 1 - row * 1.25 - wave * near * 7);
    const shift = wave * near * 9;
    context.drawImage(above, 0, source, width, 1, shift - 12, horizon + row, width + 24, 1);
  }
  above.close();
  const water = context.createLinearGradient(0, horizon, 0, height);
  water.addColorStop(0, "rgba(40, 24, 60, 0.12)");
  water.addColorStop(1, "rgba(9, 10, 30, 0.72)");
  context.fillStyle = water;
  context.fillRect(0, horizon, width, depth);
  drawSunPath(scene, sun.x, depth);
}

function drawSunPath({ context, horizon, width }: Scene, centre: number, depth: number): void {
  const random = seededRandom(19);
  for (let glint = 0; glint < 520; glint += 1) {
    const near = random() ** 1.3;
    const spread = (0.012 + near * 0.055) * width;
    const x = centre + (random() + random() + random() - 1.5) * spread;
    const length = (2 + random() * 16) * (0.3 + near);
    context.fillStyle = `rgba(255, 221, 160, ${(0.5 * (1 - near * 0.75) * random()).toFixed(3)})`;
    context.fillRect(x - length / 2, horizon + 1 + near * depth, length, 0.8 + near * 1.2);
  }
}

/** Low mist where land meets water. */
export function drawMist({ context, width, horizon }: Scene): void {
  for (const [offset, thickness, strength] of [[-10, 34, 0.34], [6, 20, 0.2]] as const) {
    const mist = context.createLinearGradient(0, horizon + offset - thickness, 0, horizon + offset + thickness);
    mist.addColorStop(0, "rgba(255, 205, 170, 0)");
    mist.addColorStop(0.5, `rgba(255, 205, 170, ${strength})`);
    mist.addColorStop(1, "rgba(255, 205, 170, 0)");
    context.fillStyle = mist;
    context.fillRect(0, horizon + offset - thickness, width, thickness * 2);
  }
}

/** A shore in the foreground with pines on both sides. */
export function drawShore({ context, width, height }: Scene): void {
  const random = seededRandom(5);
  context.fillStyle = "#0d0c1b";
  context.beginPath();
  context.moveTo(0, height);
  for (let x = 0; x <= width; x += 2) context.lineTo(x, shoreHeight(x / width, height));
  context.lineTo(width, height);
  context.fill();
  for (let tree = 0; tree < 46; tree += 1) {
    const side = random() < 0.58 ? random() ** 1.5 * 0.27 : 1 - random() ** 1.6 * 0.2;
    const edge = Math.min(side, 1 - side);
    drawPine(context, side * width, shoreHeight(side, height) + 6, height * (0.1 + 0.25 * Math.max(0, 0.24 - edge) / 0.24 + random() * 0.07), random);
  }
}

function shoreHeight(across: number, height: number): number {
  const bank = Math.abs(across - 0.56) ** 2 * 0.36;
  return height * (0.985 - bank - 0.03 * fractalNoise(across * 9, 3, 71, 4));
}

function drawPine(context: OffscreenCanvasRenderingContext2D, x: number, foot: number, tall: number, random: () => number): void {
  const shade = Math.floor(10 + random() * 10);
  context.fillStyle = `rgb(${shade}, ${shade}, ${shade + 14})`;
  context.fillRect(x - tall * 0.012, foot - tall * 0.2, tall * 0.024, tall * 0.24);
  context.beginPath();
  context.moveTo(x, foot - tall);
  const layers = 15;
  for (const side of [1, -1]) {
    for (let step = 1; step <= layers; step += 1) {
      const layer = side === 1 ? step : layers + 1 - step;
      const reach = tall * 0.19 * (layer / layers) ** 0.85 * (0.75 + random() * 0.45);
      const y = foot - tall + (tall * 0.93 * layer) / layers;
      const inner: [number, number] = [x + side * reach * 0.42, y - tall * 0.012];
      const outer: [number, number] = [x + side * reach, y + tall * 0.02];
      for (const point of side === 1 ? [outer, inner] : [inner, outer]) context.lineTo(...point);
    }
  }
  context.fill();
}
