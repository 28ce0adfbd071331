// darkroom:filters in JavaScript: two inks, one for the shadows and one for the light.

const sliders = [
  { name: "shadow-hue", label: "Shadow hue", minimum: 0, maximum: 360, initial: 262, step: 1 },
  { name: "light-hue", label: "Light hue", minimum: 0, maximum: 360, initial: 38, step: 1 },
  { name: "contrast", label: "Contrast", minimum: 0, maximum: 1, initial: 0.35, step: 0.01 },
  { name: "strength", label: "Strength", minimum: 0, maximum: 1, initial: 1, step: 0.01 },
];

// A guest signals `err` by throwing an object that carries the payload.
class FilterError extends Error {
  constructor(tag, val) {
    super(`${tag}: ${val}`);
    this.payload = { tag, val };
  }
}

function readSettings(settings) {
  const values = new Map(sliders.map((slider) => [slider.name, slider.initial]));
  for (const { name, value } of settings) {
    const slider = sliders.find((candidate) => candidate.name === name);
    if (slider === undefined) throw new FilterError("unknown-parameter", name);
    // Written so that NaN fails as well.
    if (!(value >= slider.minimum && value <= slider.maximum)) throw new FilterError("out-of-range", name);
    values.set(name, value);
  }
  return values;
}

function checkImage({ width, height, pixels }) {
  if (width * height === 0 || pixels.length !== width * height * 4) {
    throw new FilterError("unsupported-image", `${width}x${height} with ${pixels.length} bytes`);
  }
}

// OKLCH, in which equal steps of lightness look equal whatever the hue is (Björn Ottosson's OKLab).
function colourOf(lightness, chroma, hue) {
  const a = chroma * Math.cos((hue * Math.PI) / 180);
  const b = chroma * Math.sin((hue * Math.PI) / 180);
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ].map(toByte);
}

function toByte(light) {
  const cut = Math.min(1, Math.max(0, light));
  return Math.round(255 * (cut <= 0.0031308 ? cut * 12.92 : 1.055 * cut ** (1 / 2.4) - 0.055));
}

// The colour of each of the 256 greys: through both inks, with an S-shaped curve between them.
function makeRamp(values) {
  const contrast = values.get("contrast");
  const shadow = values.get("shadow-hue");
  // The shorter way round the circle of hues.
  const turn = ((values.get("light-hue") - shadow + 540) % 360) - 180;
  const ramp = new Uint8Array(256 * 3);
  for (let grey = 0; grey < 256; grey++) {
    const even = grey / 255;
    const curved = even + contrast * (even * even * (3 - 2 * even) - even) * 2;
    const chroma = 0.05 + 0.14 * Math.sin(Math.PI * Math.min(1, 0.12 + curved * 0.8));
    ramp.set(colourOf(0.2 + 0.76 * curved, chroma, shadow + turn * curved), grey * 3);
  }
  return ramp;
}

// Changes the pixels in place. Whole numbers and one loop: this runs in an interpreter.
function print(pixels, ramp, strength) {
  const share = Math.round(strength * 256);
  const rest = 256 - share;
  for (let i = 0; i < pixels.length; i += 4) {
    const red = pixels[i];
    const green = pixels[i + 1];
    const blue = pixels[i + 2];
    const colour = ((red * 54 + green * 183 + blue * 19) >> 8) * 3;
    pixels[i] = (ramp[colour] * share + red * rest) >> 8;
    pixels[i + 1] = (ramp[colour + 1] * share + green * rest) >> 8;
    pixels[i + 2] = (ramp[colour + 2] * share + blue * rest) >> 8;
  }
}

export const filter = {
  describe: () => ({ name: "Duotone", summary: "Two inks: one for the shadows, one for the light", parameters: sliders }),

  apply: (image, settings) => {
    const values = readSettings(settings);
    checkImage(image);
    print(image.pixels, makeRamp(values), values.get("strength"));
    return image;
  },
};
