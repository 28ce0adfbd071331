//! darkroom.palette: paints the picture in a few colours that it fetches from Darkroom's server, and remembers which
//! palette was used last.

wit_bindgen::generate!({
    path: [
        "../../../node_modules/@bytecodealliance/jco/lib/wit/builtin/0.2.12/wasi-io",
        "../../../node_modules/@bytecodealliance/jco/lib/wit/builtin/0.2.12/wasi-clocks",
        "../../../node_modules/@bytecodealliance/jco/lib/wit/builtin/0.2.12/wasi-random",
        "../../../node_modules/@bytecodealliance/jco/lib/wit/builtin/0.2.12/wasi-filesystem",
        "../../../node_modules/@bytecodealliance/jco/lib/wit/builtin/0.2.12/wasi-sockets",
        "../../../node_modules/@bytecodealliance/jco/lib/wit/builtin/0.2.12/wasi-cli",
        "../../../node_modules/@bytecodealliance/jco/lib/wit/builtin/0.2.12/wasi-http",
        "wit",
    ],
    world: "darkroom:palette/imports",
    generate_all,
});

mod colours;
mod fetch;
mod memory;

use colours::Palette;
use darkroom_filter::{Filter, FilterError, Image, Slider, export_filter};
use wasi::config::store as config;

struct PaletteFilter;

export_filter!(PaletteFilter);

const PALETTE: &str = "palette";

const fn slider(name: &'static str, label: &'static str, minimum: f32, maximum: f32, initial: f32, step: f32) -> Slider {
    Slider { name, label, minimum, maximum, initial, step }
}

impl Filter for PaletteFilter {
    const NAME: &'static str = "Palette";
    const SUMMARY: &'static str = "Paints the picture in a few colours, fetched from Darkroom's collection";
    const SLIDERS: &'static [Slider] = &[
        slider(PALETTE, "Palette", 1.0, 6.0, 1.0, 1.0),
        slider("dither", "Dither", 0.0, 1.0, 0.55, 0.01),
        slider("strength", "Strength", 0.0, 1.0, 1.0, 0.01),
    ];

    fn remembered(slider: &Slider) -> Option<f32> {
        if slider.name == PALETTE { memory::last().map(f32::from) } else { None }
    }

    fn apply(image: &mut Image, values: &[f32]) -> Result<(), FilterError> {
        let &[number, dither, strength] = values else { unreachable!("there is one value per slider") };
        let number = number.round() as u8;
        let palette = palette(number).map_err(FilterError::Unavailable)?;
        palette.paint(image, dither, strength);
        memory::keep(number);
        Ok(())
    }
}

/// Fetched for each picture, so that a permission that was taken away is felt at once.
fn palette(number: u8) -> Result<Palette, String> {
    let folder = config::get("palettes").ok().flatten().ok_or("Darkroom does not say where its palettes are")?;
    let answer = fetch::get(&format!("{folder}{number}.json")).map_err(|why| format!("palette {number} was not fetched: {why}"))?;
    Palette::parse(&answer).ok_or_else(|| format!("palette {number} cannot be read"))
}
