//! darkroom.halftone: what a printing press does to a picture. Each ink has a screen of dots at an angle of its own,
//! and a dot's area is how much of that ink the picture has there.

use darkroom_filter::srgb::{Tables, luminance, tables};
use darkroom_filter::{Filter, FilterError, Image, Slider, export_filter};

struct Halftone;

export_filter!(Halftone);

const fn slider(
    name: &'static str, label: &'static str, minimum: f32, maximum: f32, initial: f32, step: f32,
) -> Slider {
    Slider { name, label, minimum, maximum, initial, step }
}

impl Filter for Halftone {
    const NAME: &'static str = "Halftone";
    const SUMMARY: &'static str = "Prints the picture in dots of ink";
    const SLIDERS: &'static [Slider] = &[
        slider("dot-size", "Dot size", 3.0, 32.0, 7.0, 0.5),
        slider("angle", "Angle", 0.0, 90.0, 0.0, 1.0),
        slider("softness", "Softness", 0.0, 1.0, 0.25, 0.01),
        slider("colour", "Colour", 0.0, 1.0, 1.0, 0.01),
        slider("paper", "Warm paper", 0.0, 1.0, 0.4, 0.01),
    ];

    fn apply(image: &mut Image, values: &[f32]) -> Result<(), FilterError> {
        let &[size, angle, softness, colour, paper] = values else {
            unreachable!("there is one value per slider")
        };
        let tables = tables();
        let inks = Inks::read(image, tables, size, colour);
        let screens = INKS.map(|ink| Screen::new(size, ink.angle + angle, softness));
        let paper = [1.0, 1.0 - 0.04 * paper, 1.0 - 0.16 * paper];
        let width = image.width as usize;
        for (y, row) in image.pixels.chunks_exact_mut(width * 4).enumerate() {
            for (x, pixel) in row.chunks_exact_mut(4).enumerate() {
                let light = print(&inks, &screens, paper, x as f32 + 0.5, y as f32 + 0.5);
                for c in 0..3 {
                    pixel[c] = tables.byte(light[c]);
                }
            }
        }
        Ok(())
    }
}

struct Ink {
    /// Degrees. Thirty degrees apart the screens' interference is least; yellow is too pale to show it.
    angle: f32,
    /// The share of red, green and blue light that the ink lets through.
    light: [f32; 3],
}

/// Below 1, prints lighter.
const INK_STRENGTH: f32 = 0.8;

const INKS: [Ink; 4] = [
    Ink { angle: 15.0, light: [0.02, 0.55, 0.88] },
    Ink { angle: 75.0, light: [0.86, 0.03, 0.35] },
    Ink { angle: 0.0, light: [0.99, 0.90, 0.03] },
    Ink { angle: 45.0, light: [0.01, 0.01, 0.015] },
];

/// The colour at a point of the paper: each ink takes its part of the light where its dot lies.
fn print(inks: &Inks, screens: &[Screen; 4], paper: [f32; 3], x: f32, y: f32) -> [f32; 3] {
    let mut light = paper;
    for (number, screen) in screens.iter().enumerate() {
        let (centre_x, centre_y, threshold) = screen.dot(x, y);
        let cover = screen.cover(inks.amount(number, centre_x, centre_y), threshold);
        for (c, channel) in light.iter_mut().enumerate() {
            *channel *= 1.0 - cover * (1.0 - INKS[number].light[c]);
        }
    }
    light
}

struct Screen {
    size: f32,
    cosine: f32,
    sine: f32,
    /// Width of a dot's edge, as a share of the area.
    edge: f32,
}

impl Screen {
    fn new(size: f32, degrees: f32, softness: f32) -> Self {
        let (sine, cosine) = degrees.to_radians().sin_cos();
        // Half a pixel of edge at least, or the dots show steps.
        Screen { size, cosine, sine, edge: (1.2 / size).max(softness * 0.9) }
    }

    /// The centre of the dot that a point belongs to, and the share of ink from which on the point is covered.
    fn dot(&self, x: f32, y: f32) -> (f32, f32, f32) {
        let u = (x * self.cosine + y * self.sine) / self.size;
        let v = (y * self.cosine - x * self.sine) / self.size;
        let (cell_u, cell_v) = (u.floor() + 0.5, v.floor() + 0.5);
        let (du, dv) = (u - cell_u, v - cell_v);
        let centre_x = (cell_u * self.cosine - cell_v * self.sine) * self.size;
        let centre_y = (cell_u * self.sine + cell_v * self.cosine) * self.size;
        (centre_x, centre_y, area_within(du, dv))
    }

    fn cover(&self, amount: f32, threshold: f32) -> f32 {
        if amount <= 0.0 {
            return 0.0;
        }
        // Scaled so that no ink leaves the paper bare and full ink leaves no gap.
        let reach = amount * (1.0 + self.edge) - self.edge / 2.0;
        ((reach - threshold) / self.edge + 0.5).clamp(0.0, 1.0)
    }
}

/// How much of its unit cell a dot covers when its edge goes through this point: round dots that grow into round
/// gaps (the classic spot function), made linear in area closely enough to keep the picture's tones.
fn area_within(du: f32, dv: f32) -> f32 {
    let spot = ((du * std::f32::consts::TAU).cos() + (dv * std::f32::consts::TAU).cos()) / 4.0;
    let level = 0.5 - spot;
    // The spot function's own levels crowd around the middle: this evens out their areas.
    let centred = 2.0 * level - 1.0;
    0.5 + 0.5 * centred * (1.32 - 0.32 * centred * centred)
}

/// Amounts of cyan, magenta, yellow and black on a grid that is coarser than the picture, so that a dot takes the
/// average of what it stands for.
struct Inks {
    columns: usize,
    rows: usize,
    block: f32,
    amounts: Vec<[f32; 4]>,
}

impl Inks {
    fn read(image: &Image, tables: &Tables, size: f32, colour: f32) -> Self {
        let block = ((size / 2.0) as usize).max(1);
        let (width, height) = (image.width as usize, image.height as usize);
        let (columns, rows) = (width.div_ceil(block), height.div_ceil(block));
        let mut amounts = Vec::with_capacity(columns * rows);
        for row in 0..rows {
            for column in 0..columns {
                let xs = column * block..((column + 1) * block).min(width);
                let ys = row * block..((row + 1) * block).min(height);
                amounts.push(separate(average(image, tables, xs, ys), colour));
            }
        }
        Inks { columns, rows, block: block as f32, amounts }
    }

    /// The amount of one ink at a point of the picture, between the four nearest averages.
    fn amount(&self, ink: usize, x: f32, y: f32) -> f32 {
        let (column, right, along) = neighbours(x / self.block, self.columns);
        let (row, below, down) = neighbours(y / self.block, self.rows);
        let at = |row: usize, column: usize| self.amounts[row * self.columns + column][ink];
        let upper = at(row, column) + (at(row, right) - at(row, column)) * along;
        let lower = at(below, column) + (at(below, right) - at(below, column)) * along;
        upper + (lower - upper) * down
    }
}

fn neighbours(position: f32, count: usize) -> (usize, usize, f32) {
    let position = (position - 0.5).clamp(0.0, (count - 1) as f32);
    let first = position as usize;
    (first, (first + 1).min(count - 1), position - first as f32)
}

fn average(
    image: &Image, tables: &Tables, xs: std::ops::Range<usize>, ys: std::ops::Range<usize>,
) -> [f32; 3] {
    let count = (xs.len() * ys.len()) as f32;
    let mut sum = [0.0; 3];
    for y in ys {
        for x in xs.clone() {
            let pixel = &image.pixels[(y * image.width as usize + x) * 4..][..4];
            for c in 0..3 {
                sum[c] += tables.linear(pixel[c]);
            }
        }
    }
    sum.map(|channel| channel / count)
}

/// Linear light as amounts of ink. Black takes over the grey part of dark colours, as presses do to save ink.
fn separate(light: [f32; 3], colour: f32) -> [f32; 4] {
    let grey = luminance(light);
    // A dot's area is the share of light that it takes. Less than that share, because each ink also takes a little of
    // the light that is the others' to take.
    let [cyan, magenta, yellow] = light.map(|channel| 1.0 - (grey + (channel - grey) * colour).max(0.0).powf(INK_STRENGTH));
    let common = cyan.min(magenta).min(yellow);
    let black = common * (1.0 - colour * (1.0 - common));
    let rest = (1.0 - black).max(1e-4);
    let beside = |ink: f32| ((ink - black) / rest).clamp(0.0, 1.0);
    [beside(cyan), beside(magenta), beside(yellow), black]
}
