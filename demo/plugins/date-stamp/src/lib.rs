//! darkroom.date-stamp: the date in the corner, as compact cameras burned it into the film. It needs the clock, and
//! letters, which the page draws.

wit_bindgen::generate!({
    path: [
        "../../../node_modules/@bytecodealliance/jco/lib/wit/builtin/0.2.12/wasi-io",
        "../../../node_modules/@bytecodealliance/jco/lib/wit/builtin/0.2.12/wasi-clocks",
        "../../wit/app",
    ],
    inline: "
        package darkroom:date-stamp;
        world imports {
            import wasi:clocks/wall-clock@0.2.12;
            import darkroom:app/lettering@1.0.0;
        }
    ",
    world: "darkroom:date-stamp/imports",
    generate_all,
});

mod date;
mod glow;

use darkroom::app::lettering::{self, Mask};
use darkroom_filter::srgb::tables;
use darkroom_filter::{Filter, FilterError, Image, Slider, export_filter};
use glow::Layer;
use wasi::clocks::wall_clock;

struct DateStamp;

export_filter!(DateStamp);

/// Light of the little lamps behind the film: red, green, blue.
const LAMP: [f32; 3] = [1.0, 0.34, 0.05];

const fn slider(name: &'static str, label: &'static str, minimum: f32, maximum: f32, initial: f32) -> Slider {
    Slider { name, label, minimum, maximum, initial, step: 0.01 }
}

impl Filter for DateStamp {
    const NAME: &'static str = "Date stamp";
    const SUMMARY: &'static str = "Today's date (UTC) in the corner, burned in as old cameras did";
    const SLIDERS: &'static [Slider] = &[
        slider("size", "Size", 0.03, 0.2, 0.07),
        slider("strength", "Strength", 0.0, 1.0, 0.85),
        slider("glow", "Glow", 0.0, 1.0, 0.5),
    ];

    fn apply(image: &mut Image, values: &[f32]) -> Result<(), FilterError> {
        let &[size, strength, glow] = values else { unreachable!("there is one value per slider") };
        let letter_height = ((image.height as f32 * size) as u32).max(6);
        let text = date::stamp(wall_clock::now().seconds);
        let mask = lettering::render(&text, letter_height).map_err(FilterError::Unavailable)?;
        let letters = layer(&mask)?;
        let radius = (letter_height as usize / 5).max(1);
        let halo = letters.padded(radius * 3).blurred(radius);
        let right = image.width as i64 - i64::from(letter_height);
        let bottom = image.height as i64 - i64::from(letter_height);
        let corner = (right - letters.width as i64, bottom - letters.height as i64);
        add_light(image, &halo, (corner.0 - radius as i64 * 3, corner.1 - radius as i64 * 3), strength * glow);
        add_light(image, &letters, corner, strength);
        Ok(())
    }
}

/// The page is trusted with the letters, not with the size of its list.
fn layer(mask: &Mask) -> Result<Layer, FilterError> {
    let (width, height) = (mask.width as usize, mask.height as usize);
    if width.checked_mul(height) != Some(mask.coverage.len()) {
        return Err(FilterError::Unavailable("the letters do not fit their size".to_string()));
    }
    Ok(Layer { width, height, values: mask.coverage.iter().map(|&byte| f32::from(byte) / 255.0).collect() })
}

/// Adds the lamp's light where the layer lies; what is outside the image is cut off.
fn add_light(image: &mut Image, layer: &Layer, (left, top): (i64, i64), strength: f32) {
    let tables = tables();
    for (row, values) in layer.values.chunks_exact(layer.width.max(1)).enumerate() {
        let y = top + row as i64;
        if y < 0 || y >= i64::from(image.height) {
            continue;
        }
        for (column, value) in values.iter().enumerate() {
            let x = left + column as i64;
            if x < 0 || x >= i64::from(image.width) {
                continue;
            }
            let offset = (y as usize * image.width as usize + x as usize) * 4;
            for c in 0..3 {
                let byte = &mut image.pixels[offset + c];
                *byte = tables.byte(tables.linear(*byte) + LAMP[c] * value * strength);
            }
        }
    }
}
