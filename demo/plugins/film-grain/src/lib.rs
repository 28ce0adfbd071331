//! darkroom.film-grain: the grain of fast film. Each picture has grain of its own, so it needs chance.

wit_bindgen::generate!({
    path: "../../../node_modules/@bytecodealliance/jco/lib/wit/builtin/0.2.12/wasi-random",
    inline: "
        package darkroom:film-grain;
        world imports { import wasi:random/random@0.2.12; }
    ",
    world: "darkroom:film-grain/imports",
    generate_all,
});

use darkroom_filter::srgb::{luminance, tables};
use darkroom_filter::{Filter, FilterError, Image, Slider, export_filter};
use wasi::random::random::get_random_u64;

struct FilmGrain;

export_filter!(FilmGrain);

const fn slider(name: &'static str, label: &'static str, minimum: f32, maximum: f32, initial: f32, step: f32) -> Slider {
    Slider { name, label, minimum, maximum, initial, step }
}

impl Filter for FilmGrain {
    const NAME: &'static str = "Film grain";
    const SUMMARY: &'static str = "Fine grain as on fast film, different for each picture";
    const SLIDERS: &'static [Slider] = &[
        slider("amount", "Amount", 0.0, 1.0, 0.45, 0.01),
        slider("size", "Grain size", 1.0, 6.0, 1.8, 0.1),
        slider("colour", "Colour", 0.0, 1.0, 0.25, 0.01),
    ];

    fn apply(image: &mut Image, values: &[f32]) -> Result<(), FilterError> {
        let &[amount, size, colour] = values else { unreachable!("there is one value per slider") };
        let mut chance = Chance::new(get_random_u64());
        let (width, height) = (image.width as usize, image.height as usize);
        let grey = Grain::new(&mut chance, width, height, size);
        let tints: [Grain; 3] = std::array::from_fn(|_| Grain::new(&mut chance, width, height, size));
        let tables = tables();
        for (y, row) in image.pixels.chunks_exact_mut(width * 4).enumerate() {
            for (x, pixel) in row.chunks_exact_mut(4).enumerate() {
                let light: [f32; 3] = std::array::from_fn(|c| tables.linear(pixel[c]));
                let strength = amount * visibility(luminance(light));
                let shared = grey.at(x, y);
                for c in 0..3 {
                    let noise = shared + (tints[c].at(x, y) - shared) * colour;
                    // In stops, as the thickness of silver changes light.
                    pixel[c] = tables.byte(light[c] * (noise * strength).exp2() + noise * strength * 0.004);
                }
            }
        }
        Ok(())
    }
}

/// Grain shows most in the middle tones: film is clear in the shadows of the print and dense in its light.
fn visibility(light: f32) -> f32 {
    let tone = light.clamp(0.0, 1.0).sqrt();
    0.25 + 3.0 * tone * (1.0 - tone)
}

/// Numbers drawn from one seed (SplitMix64): a plugin that asked for each would spend its time asking.
struct Chance {
    state: u64,
}

impl Chance {
    fn new(seed: u64) -> Self {
        Chance { state: seed }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// About normally distributed, with variance 1: the sum of four even draws.
    fn noise(&mut self) -> f32 {
        let bits = self.next();
        let sum: u32 = (0..4).map(|draw| (bits >> (16 * draw)) as u32 & 0xffff).sum();
        (sum as f32 / 65_535.0 - 2.0) * 1.732
    }
}

/// Noise on a grid, smooth between its points.
struct Grain {
    columns: usize,
    spacing: f32,
    points: Vec<f32>,
}

impl Grain {
    fn new(chance: &mut Chance, width: usize, height: usize, spacing: f32) -> Self {
        let points_along = |length: usize| (length as f32 / spacing) as usize + 2;
        let columns = points_along(width);
        let points = (0..columns * points_along(height)).map(|_| chance.noise()).collect();
        Grain { columns, spacing, points }
    }

    fn at(&self, x: usize, y: usize) -> f32 {
        let (column, row) = (x as f32 / self.spacing, y as f32 / self.spacing);
        let (left, top) = (column as usize, row as usize);
        let (across, down) = (column - left as f32, row - top as f32);
        let point = |column: usize, row: usize| self.points[row * self.columns + column];
        let upper = point(left, top) + (point(left + 1, top) - point(left, top)) * across;
        let lower = point(left, top + 1) + (point(left + 1, top + 1) - point(left, top + 1)) * across;
        upper + (lower - upper) * down
    }
}
