//! Between sRGB bytes and linear light from 0 to 1 (IEC 61966-2-1).

use std::sync::OnceLock;

/// Fine enough that every sRGB byte comes back as itself: the darkest steps are 1/3300 apart.
const STEPS: usize = 1 << 14;

pub struct Tables {
    to_linear: [f32; 256],
    from_linear: Vec<u8>,
}

/// The tables, made at the first call.
pub fn tables() -> &'static Tables {
    static TABLES: OnceLock<Tables> = OnceLock::new();
    TABLES.get_or_init(|| Tables {
        to_linear: std::array::from_fn(|byte| linear_of(byte as f32 / 255.0)),
        from_linear: (0..=STEPS).map(|step| byte_of(step as f32 / STEPS as f32)).collect(),
    })
}

impl Tables {
    #[must_use]
    pub fn linear(&self, byte: u8) -> f32 {
        self.to_linear[usize::from(byte)]
    }

    /// The nearest sRGB byte; light outside 0 to 1 is cut off.
    #[must_use]
    pub fn byte(&self, light: f32) -> u8 {
        self.from_linear[(light.clamp(0.0, 1.0) * STEPS as f32 + 0.5) as usize]
    }
}

fn linear_of(value: f32) -> f32 {
    if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
}

fn byte_of(light: f32) -> u8 {
    let value = if light <= 0.003_130_8 { light * 12.92 } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 };
    (value * 255.0 + 0.5) as u8
}

/// How bright linear light looks (Rec. 709 weights).
#[must_use]
pub fn luminance([red, green, blue]: [f32; 3]) -> f32 {
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}
