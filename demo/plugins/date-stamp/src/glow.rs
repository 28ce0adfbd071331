//! A layer of light, and its halo.

pub struct Layer {
    pub width: usize,
    pub height: usize,
    pub values: Vec<f32>,
}

impl Layer {
    /// The same with room around it.
    pub fn padded(&self, room: usize) -> Layer {
        let (width, height) = (self.width + 2 * room, self.height + 2 * room);
        let mut values = vec![0.0; width * height];
        for y in 0..self.height {
            let start = (y + room) * width + room;
            values[start..start + self.width].copy_from_slice(&self.values[y * self.width..(y + 1) * self.width]);
        }
        Layer { width, height, values }
    }

    /// Three box blurs, which are close to a Gaussian one.
    pub fn blurred(mut self, radius: usize) -> Layer {
        for _ in 0..3 {
            for y in 0..self.height {
                box_blur(&mut self.values, y * self.width, 1, self.width, radius);
            }
            for x in 0..self.width {
                box_blur(&mut self.values, x, self.width, self.height, radius);
            }
        }
        self
    }
}

fn box_blur(values: &mut [f32], start: usize, step: usize, count: usize, radius: usize) {
    let line: Vec<f32> = (0..count).map(|at| values[start + at * step]).collect();
    let share = 1.0 / (2 * radius + 1) as f32;
    let mut sum: f32 = line.iter().take(radius + 1).sum();
    for at in 0..count {
        values[start + at * step] = sum * share;
        sum += line.get(at + radius + 1).copied().unwrap_or(0.0);
        sum -= if at >= radius { line[at - radius] } else { 0.0 };
    }
}
