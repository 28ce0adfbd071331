//! A Kuwahara filter: each pixel gets the colours of the areas around it, and above all of the smoothest one. Inside of
//! things that blurs; at their edges it takes a side.

use std::f32::consts::TAU;
use std::ops::Range;
use std::sync::Mutex;
use std::thread;

use crate::sums::{Area, Sums};

pub struct Brush {
    /// In pixels.
    pub radius: usize,
    /// From 0, where areas are mixed, to 1, where the smoothest one has nearly everything.
    pub edges: f32,
    /// From 0, the picture as it was, to 1.
    pub strength: f32,
}

/// What a thread takes at a time: large against the rows around it that are looked at besides, and small enough to share well.
const BAND_ROWS: usize = 64;

/// How many areas around a pixel are looked at.
const DIRECTIONS: usize = 12;

/// Paints the picture, in bands of rows, on as many threads as there are cores.
pub fn paint(pixels: &[u8], width: usize, brush: &Brush) -> Vec<u8> {
    let mut painted = pixels.to_vec();
    let bands = Mutex::new(painted.chunks_mut(BAND_ROWS * width * 4).enumerate());
    let work = || {
        while let Some((index, band)) = next_of(&bands) {
            paint_band(pixels, width, index * BAND_ROWS, brush, band);
        }
    };
    let cores = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 1..cores {
            // Where no more threads may be started, those that there are do it all.
            if thread::Builder::new().spawn_scoped(scope, work).is_err() {
                break;
            }
        }
        work();
    });
    painted
}

/// The lock is held only while the next band is taken.
fn next_of<Band>(bands: &Mutex<impl Iterator<Item = Band>>) -> Option<Band> {
    bands.lock().expect("nobody panics with the lock").next()
}

/// Paints the rows from `first` on into `band`, which has them as they were.
fn paint_band(pixels: &[u8], width: usize, first: usize, brush: &Brush, band: &mut [u8]) {
    let half = brush.radius / 2;
    let (rows, height) = (band.len() / (width * 4), pixels.len() / (width * 4));
    let strokes = Strokes::new(pixels, width, around(first..first + rows, half, height), brush);
    let directions = circle(half);
    for (y, row) in band.chunks_exact_mut(width * 4).enumerate() {
        for (x, pixel) in row.chunks_exact_mut(4).enumerate() {
            let colour = strokes.at(x, first + y, &directions);
            for part in 0..3 {
                let before = f32::from(pixel[part]);
                pixel[part] = (before + (colour[part] - before) * brush.strength + 0.5) as u8;
            }
        }
    }
}

fn around(rows: Range<usize>, more: usize, height: usize) -> Range<usize> {
    rows.start.saturating_sub(more)..(rows.end + more).min(height)
}

/// Where the areas around a pixel have their middle, so that the pixel is at the edge of each.
fn circle(radius: usize) -> [(isize, isize); DIRECTIONS] {
    std::array::from_fn(|direction| {
        let (down, right) = (direction as f32 * TAU / DIRECTIONS as f32).sin_cos();
        ((right * radius as f32).round() as isize, (down * radius as f32).round() as isize)
    })
}

/// For every pixel of some rows the colour of the area around it, times the weight of that area, and the weight.
struct Strokes {
    weighted: Vec<[f32; 4]>,
    width: usize,
    rows: Range<usize>,
}

impl Strokes {
    fn new(pixels: &[u8], width: usize, rows: Range<usize>, brush: &Brush) -> Self {
        let half = brush.radius / 2;
        let summed = around(rows.clone(), half, pixels.len() / (width * 4));
        let sums = Sums::new(&pixels[summed.start * width * 4..summed.end * width * 4], width);
        let power = 0.5 + 5.0 * brush.edges;
        let mut weighted = Vec::with_capacity(rows.len() * width);
        for y in rows.clone() {
            let (top, bottom) = (y.saturating_sub(half), (y + half + 1).min(summed.end));
            for x in 0..width {
                let area = Area { left: x.saturating_sub(half), top: top - summed.start, right: (x + half + 1).min(width), bottom: bottom - summed.start };
                let average = sums.average(area);
                // Below a variance of 4 there is nothing but noise.
                let weight = (4.0 / (average.variance + 4.0)).powf(power);
                let [red, green, blue] = average.colour.map(|part| part * weight);
                weighted.push([red, green, blue, weight]);
            }
        }
        Strokes { weighted, width, rows }
    }

    /// What the areas around a pixel make of it. What would be outside of the picture is the one at its edge.
    fn at(&self, x: usize, y: usize, directions: &[(isize, isize); DIRECTIONS]) -> [f32; 3] {
        let mut sum = [0.0; 4];
        for &(right, down) in directions {
            let column = x.saturating_add_signed(right).min(self.width - 1);
            let row = y.saturating_add_signed(down).clamp(self.rows.start, self.rows.end - 1);
            let stroke = self.weighted[(row - self.rows.start) * self.width + column];
            for part in 0..4 {
                sum[part] += stroke[part];
            }
        }
        [sum[0] / sum[3], sum[1] / sum[3], sum[2] / sum[3]]
    }
}
