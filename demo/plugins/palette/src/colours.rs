//! A palette, and pictures painted in it.

use darkroom_filter::Image;
use serde_json::Value;

const MOST_COLOURS: usize = 64;
/// The order in which an area of eight by eight pixels fills (Bayer).
const ORDER: [[u8; 8]; 8] = bayer();

pub struct Palette {
    colours: Vec<[f32; 3]>,
    /// How far dithering must reach to mix neighbouring colours.
    reach: f32,
}

impl Palette {
    /// Reads `{"name": …, "colours": ["#1a2b3c", …]}`.
    pub fn parse(text: &[u8]) -> Option<Palette> {
        let document: Value = serde_json::from_slice(text).ok()?;
        let colours: Vec<[f32; 3]> =
            document.get("colours")?.as_array()?.iter().map(|colour| parse_colour(colour.as_str()?)).collect::<Option<_>>()?;
        if colours.len() < 2 || colours.len() > MOST_COLOURS {
            return None;
        }
        let reach = 1.1 / (colours.len() as f32).sqrt();
        Some(Palette { colours, reach })
    }

    pub fn paint(&self, image: &mut Image, dither: f32, strength: f32) {
        let width = image.width as usize;
        for (y, row) in image.pixels.chunks_exact_mut(width * 4).enumerate() {
            for (x, pixel) in row.chunks_exact_mut(4).enumerate() {
                let shift = ((f32::from(ORDER[y % 8][x % 8]) + 0.5) / 64.0 - 0.5) * self.reach * dither;
                let colour = self.nearest(std::array::from_fn(|c| f32::from(pixel[c]) / 255.0 + shift));
                for c in 0..3 {
                    let before = f32::from(pixel[c]);
                    pixel[c] = (before + (colour[c] * 255.0 - before) * strength).round() as u8;
                }
            }
        }
    }

    fn nearest(&self, wanted: [f32; 3]) -> [f32; 3] {
        let mut nearest = ([0.0; 3], f32::INFINITY);
        for &colour in &self.colours {
            let distance = distance(colour, wanted);
            if distance < nearest.1 {
                nearest = (colour, distance);
            }
        }
        nearest.0
    }
}

/// How different two colours look: eyes tell green apart best, and blue least.
fn distance(left: [f32; 3], right: [f32; 3]) -> f32 {
    let [red, green, blue] = std::array::from_fn(|c| (left[c] - right[c]) * (left[c] - right[c]));
    0.3 * red + 0.59 * green + 0.11 * blue
}

fn parse_colour(text: &str) -> Option<[f32; 3]> {
    let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6)?;
    let number = u32::from_str_radix(digits, 16).ok()?;
    Some([16, 8, 0].map(|shift| (number >> shift & 0xff) as f32 / 255.0))
}

const fn bayer() -> [[u8; 8]; 8] {
    let mut order = [[0; 8]; 8];
    let mut y = 0;
    while y < 8 {
        let mut x = 0;
        while x < 8 {
            let mut value = 0;
            let mut bit = 0;
            while bit < 3 {
                let (across, down) = (x >> bit & 1, y >> bit & 1);
                value |= ((across ^ down) << 1 | down) << (4 - 2 * bit);
                bit += 1;
            }
            order[y as usize][x as usize] = value;
            x += 1;
        }
        y += 1;
    }
    order
}
