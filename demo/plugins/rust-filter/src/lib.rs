//! What Darkroom's Rust filters share: the bindings, the checks of image and settings, and the way between sRGB
//! bytes and linear light. A filter implements [`Filter`] and ends with `export_filter!`.

pub mod srgb;

wit_bindgen::generate!({
    path: "../../wit",
    world: "plugin",
    pub_export_macro: true,
    export_macro_name: "export_plugin",
});

pub use exports::darkroom::filters::filter::{
    Description, FilterError, Guest, Image, Parameter, Setting,
};

pub struct Slider {
    pub name: &'static str,
    pub label: &'static str,
    pub minimum: f32,
    pub maximum: f32,
    pub initial: f32,
    pub step: f32,
}

/// One filter over sliders that are known by their position.
pub trait Filter {
    const NAME: &'static str;
    const SUMMARY: &'static str;
    const SLIDERS: &'static [Slider];

    /// Where a slider begins, if the filter remembers that from before.
    fn remembered(_slider: &Slider) -> Option<f32> {
        None
    }

    /// Changes the image in place. `values` holds one number per slider, in their order, each in its range.
    fn apply(image: &mut Image, values: &[f32]) -> Result<(), FilterError>;
}

#[must_use]
pub fn describe<F: Filter>() -> Description {
    Description {
        name: F::NAME.to_string(),
        summary: F::SUMMARY.to_string(),
        parameters: F::SLIDERS.iter().map(parameter::<F>).collect(),
    }
}

fn parameter<F: Filter>(slider: &Slider) -> Parameter {
    let remembered = F::remembered(slider).filter(|value| (slider.minimum..=slider.maximum).contains(value));
    Parameter {
        name: slider.name.to_string(),
        label: slider.label.to_string(),
        minimum: slider.minimum,
        maximum: slider.maximum,
        initial: remembered.unwrap_or(slider.initial),
        step: slider.step,
    }
}

/// Checks what came in, then runs the filter.
pub fn apply<F: Filter>(mut image: Image, settings: &[Setting]) -> Result<Image, FilterError> {
    let values = read_settings(F::SLIDERS, settings)?;
    let pixels = u64::from(image.width) * u64::from(image.height);
    if pixels == 0 || pixels * 4 != image.pixels.len() as u64 {
        let found = format!("{}x{} with {} bytes", image.width, image.height, image.pixels.len());
        return Err(FilterError::UnsupportedImage(found));
    }
    F::apply(&mut image, &values)?;
    Ok(image)
}

fn read_settings(sliders: &[Slider], settings: &[Setting]) -> Result<Vec<f32>, FilterError> {
    let mut values: Vec<f32> = sliders.iter().map(|slider| slider.initial).collect();
    for setting in settings {
        let position = sliders
            .iter()
            .position(|slider| slider.name == setting.name)
            .ok_or_else(|| FilterError::UnknownParameter(setting.name.clone()))?;
        let slider = &sliders[position];
        if !(slider.minimum..=slider.maximum).contains(&setting.value) {
            return Err(FilterError::OutOfRange(setting.name.clone()));
        }
        values[position] = setting.value;
    }
    Ok(values)
}

/// Makes a type that implements [`Filter`] the component's export.
#[macro_export]
macro_rules! export_filter {
    ($filter:ty) => {
        struct Plugin;

        impl $crate::Guest for Plugin {
            fn describe() -> $crate::Description {
                $crate::describe::<$filter>()
            }

            fn apply(
                image: $crate::Image,
                settings: Vec<$crate::Setting>,
            ) -> Result<$crate::Image, $crate::FilterError> {
                $crate::apply::<$filter>(image, &settings)
            }
        }

        $crate::export_plugin!(Plugin with_types_in $crate);
    };
}
