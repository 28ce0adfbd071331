//! darkroom.oil-paint: brush strokes that follow the picture's edges. A native library, which a bridge runs: it paints on
//! every core at once, and a worker has one. The interface is fidius's; its types are those of demo/wit.

mod painting;
mod sums;

use fidius::{plugin_impl, plugin_interface, PluginError};
use serde::{Deserialize, Serialize};

use painting::Brush;

#[derive(Serialize, Deserialize)]
pub struct Parameter {
    name: String,
    label: String,
    minimum: f32,
    maximum: f32,
    initial: f32,
    step: f32,
}

#[derive(Serialize, Deserialize)]
pub struct Description {
    name: String,
    summary: String,
    parameters: Vec<Parameter>,
}

#[derive(Serialize, Deserialize)]
pub struct Image {
    width: u32,
    height: u32,
    pixels: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
pub struct Setting {
    name: String,
    value: f32,
}

/// `darkroom:filters/filter`. The functions are called by their places: keep the order of the WIT.
#[plugin_interface(version = 1, buffer = PluginAllocated)]
pub trait Filter: Send + Sync {
    fn describe(&self) -> Description;
    fn apply(&self, image: Image, settings: Vec<Setting>) -> Result<Image, PluginError>;
}

// As package.toml and the Python filter have it. It is a hash of the types' names as the compiler prints them: with one that
// prints them in another way, building fails here, and not on the bridge.
const _: () = assert!(__fidius_Filter::Filter_INTERFACE_HASH == 0xcc5c_da00_7928_3326);

struct Slider {
    name: &'static str,
    label: &'static str,
    minimum: f32,
    maximum: f32,
    initial: f32,
    step: f32,
}

const SLIDERS: [Slider; 3] = [
    Slider { name: "brush", label: "Brush", minimum: 2.0, maximum: 24.0, initial: 9.0, step: 1.0 },
    Slider { name: "edges", label: "Edges", minimum: 0.0, maximum: 1.0, initial: 0.6, step: 0.01 },
    Slider { name: "strength", label: "Strength", minimum: 0.0, maximum: 1.0, initial: 1.0, step: 0.01 },
];

pub struct OilPaint;

#[plugin_impl(Filter)]
impl Filter for OilPaint {
    fn describe(&self) -> Description {
        Description {
            name: "Oil paint".to_string(),
            summary: "Brush strokes that end where the picture’s edges are".to_string(),
            parameters: SLIDERS.iter().map(parameter).collect(),
        }
    }

    fn apply(&self, image: Image, settings: Vec<Setting>) -> Result<Image, PluginError> {
        let [brush, edges, strength] = read_settings(&settings)?;
        let Image { width, height, pixels } = image;
        if pixels.is_empty() || u64::from(width) * u64::from(height) * 4 != pixels.len() as u64 {
            return Err(PluginError::new("unsupported-image", format!("{width}x{height} with {} bytes", pixels.len())));
        }
        let brush = Brush { radius: brush as usize, edges, strength };
        Ok(Image { width, height, pixels: painting::paint(&pixels, width as usize, &brush) })
    }
}

fn parameter(slider: &Slider) -> Parameter {
    Parameter {
        name: slider.name.to_string(),
        label: slider.label.to_string(),
        minimum: slider.minimum,
        maximum: slider.maximum,
        initial: slider.initial,
        step: slider.step,
    }
}

/// The value of every slider. An error's code is the name of a case of the interface's own error, and its message the payload.
fn read_settings(settings: &[Setting]) -> Result<[f32; SLIDERS.len()], PluginError> {
    let mut values = SLIDERS.map(|slider| slider.initial);
    for Setting { name, value } in settings {
        let position = SLIDERS.iter().position(|slider| slider.name == name).ok_or_else(|| PluginError::new("unknown-parameter", name))?;
        let slider = &SLIDERS[position];
        if !(slider.minimum..=slider.maximum).contains(value) {
            return Err(PluginError::new("out-of-range", name));
        }
        values[position] = *value;
    }
    Ok(values)
}

fidius::fidius_plugin_registry!();
