//! Sums over rectangles of a picture, each for the price of four look-ups (a summed-area table).

/// Red, green, blue, and the square of how bright a pixel is.
type Sum = [u32; 4];

/// Rectangle of pixels, without its last column and row.
#[derive(Clone, Copy)]
pub struct Area {
    pub left: usize,
    pub top: usize,
    pub right: usize,
    pub bottom: usize,
}

/// What an area of a picture looks like.
pub struct Average {
    pub colour: [f32; 3],
    /// Of its brightness.
    pub variance: f32,
}

/// The sums of all rectangles that begin at the first pixel of some rows. They wrap around: differences are right as long as
/// the area itself has fewer than 2^32 / 255^2 pixels.
pub struct Sums {
    sums: Vec<Sum>,
    stride: usize,
}

impl Sums {
    /// Of whole rows of pixels with four bytes each.
    pub fn new(rows: &[u8], width: usize) -> Self {
        let stride = width + 1;
        let height = rows.len() / (width * 4);
        let mut sums: Vec<Sum> = vec![[0; 4]; stride * (height + 1)];
        for (y, row) in rows.chunks_exact(width * 4).enumerate() {
            let (above, below) = sums.split_at_mut(stride * (y + 1));
            let above = &above[stride * y..];
            let mut row_sum: Sum = [0; 4];
            for (x, pixel) in row.chunks_exact(4).enumerate() {
                let bright = brightness(pixel[0].into(), pixel[1].into(), pixel[2].into());
                let values = [pixel[0].into(), pixel[1].into(), pixel[2].into(), bright * bright];
                for part in 0..4 {
                    row_sum[part] = row_sum[part].wrapping_add(values[part]);
                    below[x + 1][part] = above[x + 1][part].wrapping_add(row_sum[part]);
                }
            }
        }
        Sums { sums, stride }
    }

    pub fn average(&self, Area { left, top, right, bottom }: Area) -> Average {
        let (first, last) = (top * self.stride, bottom * self.stride);
        let [a, b, c, d] = [self.sums[first + left], self.sums[first + right], self.sums[last + left], self.sums[last + right]];
        let share = 1.0 / ((right - left) * (bottom - top)) as f32;
        let [red, green, blue, squares] = std::array::from_fn(|part| d[part].wrapping_sub(b[part]).wrapping_sub(c[part]).wrapping_add(a[part]) as f32 * share);
        let bright = (54.0 * red + 183.0 * green + 19.0 * blue) / 256.0;
        Average { colour: [red, green, blue], variance: (squares - bright * bright).max(0.0) }
    }
}

/// How bright a colour looks, from 0 to 255.
fn brightness(red: u32, green: u32, blue: u32) -> u32 {
    (54 * red + 183 * green + 19 * blue) >> 8
}
