import { context2d } from "../picture.js";
import { fractalNoise, seededRandom } from "./noise.js";
import type { Scene } from "./scene.js";

/** Sky colours from the zenith to the horizon. */
const SKY: readonly (readonly [number, string])[] = [
  [0, "#101a3a"], [0.28, "#2b2f63"], [0.52, "#74457a"], [0.72, "#c8606a"], [0.87, "#f39a5f"], [1, "#ffd48a"],
];
const CLOUD_COLUMNS = 300;

/** Gradient, stars, the sun's light and clouds that it lights from below. */
export function drawSky(scene: Scene): void {
  const { context, width, horizon } = scene;
  const gradient = context.createLinearGradient(0, 0, 0, horizon);
  for (const [offset, colour] of SKY) gradient.addColorStop(offset, colour);
  context.fillStyle = gradient;
  context.fillRect(0, 0, width, horizon + 1);
  drawStars(scene);
  drawGlow(scene, 0.62, "255, 190, 120", 0.75);
  drawClouds(scene);
  drawSun(scene);
}

function drawStars({ context, width, horizon }: Scene): void {
  const random = seededRandom(7);
  for (let star = 0; star < 170; star += 1) {
    const height = random() ** 1.6 * 0.55;
    const brightness = (0.25 + random() * 0.7) * (1 - height / 0.55);
    context.fillStyle = `rgba(255, 246, 235, ${brightness.toFixed(3)})`;
    context.beginPath();
    context.arc(random() * width, height * horizon, 0.4 + random() ** 3 * 1.1, 0, Math.PI * 2);
    context.fill();
  }
}

export function drawGlow({ context, width, height, sun }: Scene, reach: number, colour: string, strength: number): void {
  const glow = context.createRadialGradient(sun.x, sun.y, 0, sun.x, sun.y, width * reach);
  glow.addColorStop(0, `rgba(${colour}, ${strength})`);
  glow.addColorStop(0.35, `rgba(${colour}, ${strength * 0.28})`);
  glow.addColorStop(1, `rgba(${colour}, 0)`);
  context.fillStyle = glow;
  context.fillRect(0, 0, width, height);
}

function drawSun({ context, sun, width }: Scene): void {
  const radius = width * 0.032;
  const disc = context.createRadialGradient(sun.x, sun.y, 0, sun.x, sun.y, radius);
  disc.addColorStop(0, "#fffbe9");
  disc.addColorStop(0.82, "#ffe9b0");
  disc.addColorStop(1, "rgba(255, 214, 140, 0)");
  context.fillStyle = disc;
  context.fillRect(sun.x - radius, sun.y - radius, radius * 2, radius * 2);
}

/** Clouds are soft, so they are made small and stretched, which is much cheaper. */
function drawClouds({ context, width, horizon, sun }: Scene): void {
  const rows = Math.round((CLOUD_COLUMNS * horizon) / width);
  const clouds = new OffscreenCanvas(CLOUD_COLUMNS, rows);
  const cloudContext = context2d(clouds);
  const image = cloudContext.createImageData(CLOUD_COLUMNS, rows);
  for (let row = 0; row < rows; row += 1) {
    const down = row / rows;
    for (let column = 0; column < CLOUD_COLUMNS; column += 1) {
      const across = column / CLOUD_COLUMNS;
      // Flattened towards the horizon, where they are seen from the side.
      const stretch = 3 + down * 12;
      const warp = fractalNoise(across * 4, down * 9, 90, 3);
      const cover = fractalNoise(across * 5.5 + warp * 0.8, down * stretch + warp, 40, 5);
      const density = Math.min(1, Math.max(0, (cover - 0.53) * 4.2)) * (0.35 + 0.65 * Math.sin(Math.PI * Math.min(1, down * 1.08)));
      const distance = Math.hypot((across - sun.x / width) * 1.5, (down - sun.y / horizon) * 0.9);
      const light = Math.max(0, 1 - distance * 1.25) ** 1.4;
      const offset = (row * CLOUD_COLUMNS + column) * 4;
      image.data[offset] = 112 + light * 143;
      image.data[offset + 1] = 70 + light * 118;
      image.data[offset + 2] = 112 - light * 8;
      image.data[offset + 3] = density * (0.55 + light * 0.4) * 255;
    }
  }
  cloudContext.putImageData(image, 0, 0);
  context.drawImage(clouds, 0, 0, width, horizon);
}
