//! darkroom.tone: the sliders of a raw developer, in linear light.

use darkroom_filter::srgb::{luminance, tables};
use darkroom_filter::{Filter, FilterError, Image, Slider, export_filter};

struct Tone;

export_filter!(Tone);

/// What stays as it is when contrast changes: the middle grey of photography.
const MIDDLE_GREY: f32 = 0.18;

const fn slider(name: &'static str, label: &'static str, minimum: f32, maximum: f32, initial: f32) -> Slider {
    Slider { name, label, minimum, maximum, initial, step: 0.01 }
}

impl Filter for Tone {
    const NAME: &'static str = "Tone";
    const SUMMARY: &'static str = "Exposure, contrast, saturation, temperature and vignette";
    const SLIDERS: &'static [Slider] = &[
        slider("exposure", "Exposure", -3.0, 3.0, 0.0),
        slider("contrast", "Contrast", -1.0, 1.0, 0.15),
        slider("saturation", "Saturation", 0.0, 2.0, 1.15),
        slider("temperature", "Temperature", -1.0, 1.0, 0.1),
        slider("vignette", "Vignette", 0.0, 1.0, 0.35),
    ];

    fn apply(image: &mut Image, values: &[f32]) -> Result<(), FilterError> {
        let &[exposure, contrast, saturation, temperature, vignette] = values else {
            unreachable!("there is one value per slider")
        };
        let tables = tables();
        let curve = Curve::new(contrast);
        let gains = channel_gains(exposure, temperature);
        let vignette = Vignette::new(image.width, image.height, vignette);
        let width = image.width as usize;
        for (y, row) in image.pixels.chunks_exact_mut(width * 4).enumerate() {
            for (x, pixel) in row.chunks_exact_mut(4).enumerate() {
                let light = vignette.at(x, y);
                let toned: [f32; 3] =
                    std::array::from_fn(|c| curve.at(tables.linear(pixel[c]) * gains[c] * light));
                let grey = luminance(toned);
                for c in 0..3 {
                    pixel[c] = tables.byte(grey + (toned[c] - grey) * saturation);
                }
            }
        }
        Ok(())
    }
}

/// Exposure in stops, and warmth that leaves the brightness of grey alone.
fn channel_gains(exposure: f32, temperature: f32) -> [f32; 3] {
    let tint = [1.0 + 0.35 * temperature, 1.0 + 0.03 * temperature, 1.0 - 0.35 * temperature];
    let gain = exposure.exp2() / luminance(tint);
    tint.map(|channel| channel * gain)
}

/// Contrast as a power around middle grey, with a shoulder that rolls off instead of clipping. Kept as a table over
/// the square root of the light, which gives the shadows the most entries.
struct Curve {
    values: Vec<f32>,
}

impl Curve {
    const STEPS: usize = 2048;
    /// Light above this is white.
    const LIMIT: f32 = 8.0;
    /// Where the shoulder begins.
    const KNEE: f32 = 0.8;

    fn new(contrast: f32) -> Self {
        let power = if contrast >= 0.0 { 1.0 + contrast } else { 1.0 / (1.0 - contrast) };
        let value = |step: usize| {
            let root = step as f32 / Self::STEPS as f32;
            Self::shoulder(MIDDLE_GREY * (root * root * Self::LIMIT / MIDDLE_GREY).powf(power))
        };
        Curve { values: (0..=Self::STEPS + 1).map(value).collect() }
    }

    fn shoulder(light: f32) -> f32 {
        if light <= Self::KNEE {
            return light;
        }
        let room = 1.0 - Self::KNEE;
        let over = (light - Self::KNEE) / room;
        Self::KNEE + room * (1.0 - (-over).exp())
    }

    fn at(&self, light: f32) -> f32 {
        let position = (light / Self::LIMIT).clamp(0.0, 1.0).sqrt() * Self::STEPS as f32;
        let step = position as usize;
        let share = position - step as f32;
        self.values[step] + (self.values[step + 1] - self.values[step]) * share
    }
}

/// Light falling off towards the corners, as the fourth power of the cosine does in a lens.
struct Vignette {
    centre: (f32, f32),
    scale: f32,
    strength: f32,
}

impl Vignette {
    fn new(width: u32, height: u32, strength: f32) -> Self {
        let centre = (width as f32 / 2.0, height as f32 / 2.0);
        Vignette { centre, scale: 1.0 / (centre.0 * centre.0 + centre.1 * centre.1), strength }
    }

    fn at(&self, x: usize, y: usize) -> f32 {
        let (dx, dy) = (x as f32 + 0.5 - self.centre.0, y as f32 + 0.5 - self.centre.1);
        let distance = (dx * dx + dy * dy) * self.scale;
        let falloff = 1.0 + distance * 1.4 * self.strength;
        1.0 / (falloff * falloff)
    }
}
