//! A grey picture of a digit, made as MNIST's pictures are made.
//!
//! The page of the MNIST database (Y. LeCun, C. Cortes, C. J. C. Burges) says how: black and white
//! digits were scaled, without distorting them, so that they fit 20×20 pixels, which made the edges
//! grey, and then centred in 28×28 pixels by their centre of mass. A network that learned from such
//! pictures reads others the better the more alike they are. The steps, once it is known what is
//! ink:
//!
//! 4. **Crop** to the box around the ink. A piece with less than [`SPECK`] of the largest piece's
//!    ink does not widen the box: one speck far out would make the digit small.
//! 5. **Scale** the longer side to 20 by averaging areas, and stretch so that the strongest ink is
//!    1 again. A thin pen would become faint or vanish in an average, so strokes that would be
//!    thinner than [`PEN`] pixels are thickened before. Their width is twice the ink's area over
//!    the length of its outline, and for grey pictures that length is the total variation (the
//!    coarea formula). The thickening is by whole pixels of the picture, so that one which is as
//!    small as MNIST's is not touched.
//! 6. **Centre:** a shift by whole pixels brings the centre of mass as near as it can to the pixel
//!    (14, 14), counted from 0, which is where all of MNIST's are.

use super::ink::ink;

/// The side of a normalised picture.
pub(super) const SIDE: usize = 28;

/// The longer side of the digit in it.
const BOX: usize = 20;

/// The share of the largest piece's ink that a piece must have to count.
const SPECK: f64 = 0.005;

/// The thinnest strokes in pixels of the normalised picture. Of MNIST's pictures, 98 in 100 have
/// strokes that are wider.
const PEN: f64 = 1.5;

/// Numbers in rows.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Grey {
    pub width: usize,
    pub height: usize,
    pub values: Vec<f64>,
}

impl Grey {
    pub(super) fn from_fn(
        width: usize, height: usize, mut value: impl FnMut(usize, usize) -> f64,
    ) -> Self {
        let rows = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        let values = rows.map(|(x, y)| value(x, y)).collect();
        Self { width, height, values }
    }

    pub(super) fn at(&self, x: usize, y: usize) -> f64 {
        self.values[y * self.width + x]
    }

    /// The value at a place that may be outside, where there is nothing.
    fn around(&self, x: usize, dx: isize, y: usize, dy: isize) -> f64 {
        match (x.checked_add_signed(dx), y.checked_add_signed(dy)) {
            (Some(x), Some(y)) if x < self.width && y < self.height => self.at(x, y),
            _ => 0.0,
        }
    }

    pub(super) fn largest(&self) -> f64 {
        self.values.iter().copied().fold(0.0, f64::max)
    }

    /// The part of a picture in a box, with `margin` pixels of nothing on each side.
    fn part(&self, part: &Area, margin: usize) -> Self {
        let (width, height) = (part.right - part.left, part.bottom - part.top);
        Self::from_fn(width + 2 * margin, height + 2 * margin, |x, y| {
            let inside = |x: usize, size| x.checked_sub(margin).filter(|&x| x < size);
            match (inside(x, width), inside(y, height)) {
                (Some(x), Some(y)) => self.at(part.left + x, part.top + y),
                _ => 0.0,
            }
        })
    }

    fn transposed(&self) -> Self {
        Self::from_fn(self.height, self.width, |x, y| self.at(y, x))
    }
}

/// Pixels from `left` to `right`, exclusive, and from `top` to `bottom`, exclusive.
#[derive(Clone, Debug, PartialEq)]
struct Area {
    left: usize,
    right: usize,
    top: usize,
    bottom: usize,
}

impl Area {
    fn union(&self, other: &Area) -> Area {
        Area {
            left: self.left.min(other.left),
            right: self.right.max(other.right),
            top: self.top.min(other.top),
            bottom: self.bottom.max(other.bottom),
        }
    }
}

/// Steps 2 to 6: from grey values between 0 and 255, in which either may be ink, to 28×28 bytes in
/// which 0 is paper and 255 the strongest ink.
///
/// # Errors
///
/// If nothing stands out from the paper.
pub(super) fn normalise(grey: &Grey) -> Result<Vec<u8>, String> {
    let ink = ink(grey)?;
    let digit = thick_enough(&ink.part(&digit_area(&ink), 0));
    let placed = centred(&scaled(&digit));
    let strongest = placed.largest();
    Ok(placed.values.iter().map(|value| (value / strongest * 255.0).round() as u8).collect())
}

/// Step 4: the box around the ink's pieces, the specks left out.
fn digit_area(ink: &Grey) -> Area {
    let pieces = pieces(ink);
    let largest = pieces.iter().map(|piece| piece.1).fold(0.0, f64::max);
    let counts = pieces.into_iter().filter(|piece| piece.1 >= SPECK * largest);
    counts.map(|piece| piece.0).reduce(|a, b| a.union(&b)).expect("there is ink")
}

/// The pieces of connected ink, corners connecting: the box around each, and how much ink it has.
fn pieces(ink: &Grey) -> Vec<(Area, f64)> {
    let mut seen: Vec<bool> = ink.values.iter().map(|&value| value == 0.0).collect();
    let mut pieces = Vec::new();
    for first in 0..seen.len() {
        let mut open = Vec::new();
        let mut visit = |place: usize, open: &mut Vec<usize>| {
            if !std::mem::replace(&mut seen[place], true) {
                open.push(place);
            }
        };
        visit(first, &mut open);
        let mut piece: Option<(Area, f64)> = None;
        while let Some(place) = open.pop() {
            let (x, y) = (place % ink.width, place / ink.width);
            let pixel = Area { left: x, right: x + 1, top: y, bottom: y + 1 };
            let (whole, mass) = piece.get_or_insert_with(|| (pixel.clone(), 0.0));
            *whole = whole.union(&pixel);
            *mass += ink.values[place];
            for near_y in y.saturating_sub(1)..(y + 2).min(ink.height) {
                for near_x in x.saturating_sub(1)..(x + 2).min(ink.width) {
                    visit(near_y * ink.width + near_x, &mut open);
                }
            }
        }
        pieces.extend(piece);
    }
    pieces
}

/// Step 5, before the scaling: strokes that do not become too thin by it.
fn thick_enough(digit: &Grey) -> Grey {
    let shrink = digit.width.max(digit.height) as f64 / BOX as f64;
    let missing = ((PEN * shrink - pen_width(digit)) / 2.0).round().max(0.0) as usize;
    let whole = Area { left: 0, right: digit.width, top: 0, bottom: digit.height };
    let mut thick = digit.part(&whole, missing);
    for round in 0..missing {
        // Squares and diamonds in turn come near to a round pen.
        let diamond = round % 2 == 0;
        thick = Grey::from_fn(thick.width, thick.height, |x, y| {
            let near = (-1..=1).flat_map(|dy| (-1..=1).map(move |dx| (dx, dy)));
            near.filter(|(dx, dy)| !diamond || dx * dy == 0)
                .map(|(dx, dy)| thick.around(x, dx, y, dy))
                .fold(0.0, f64::max)
        });
    }
    thick
}

/// How wide the strokes are on average: 2 Σ v / Σ |∇v|.
fn pen_width(ink: &Grey) -> f64 {
    let steps = Grey::from_fn(ink.width + 1, ink.height + 1, |x, y| {
        let corner = ink.around(x, -1, y, -1);
        (ink.around(x, 0, y, -1) - corner).hypot(ink.around(x, -1, y, 0) - corner)
    });
    2.0 * ink.values.iter().sum::<f64>() / steps.values.iter().sum::<f64>()
}

/// Step 5: the longer side is 20, the other as long as the aspect ratio wants, and at least 1.
fn scaled(digit: &Grey) -> Grey {
    let longer = digit.width.max(digit.height);
    let side = |size: usize| ((size * BOX) as f64 / longer as f64).round().max(1.0) as usize;
    let wide = averaged_rows(digit, side(digit.width));
    averaged_rows(&wide.transposed(), side(digit.height)).transposed()
}

/// Each row cut into `count` equal lengths, and the average of each; pixels count by how much of
/// them is in a length.
fn averaged_rows(grey: &Grey, count: usize) -> Grey {
    let length = grey.width as f64 / count as f64;
    Grey::from_fn(count, grey.height, |x, y| {
        let (start, end) = (x as f64 * length, (x + 1) as f64 * length);
        let last = (end.ceil() as usize).min(grey.width);
        let share = |k: usize| (end.min((k + 1) as f64) - start.max(k as f64)).max(0.0);
        (start as usize..last).map(|k| share(k) * grey.at(k, y)).sum::<f64>() / length
    })
}

/// Step 6: in 28×28 pixels, with the centre of mass at (14, 14), as near as the sides let it.
fn centred(digit: &Grey) -> Grey {
    let mass: f64 = digit.values.iter().sum();
    let places = || (0..digit.height).flat_map(|y| (0..digit.width).map(move |x| (x, y)));
    let x = places().map(|(x, y)| x as f64 * digit.at(x, y)).sum::<f64>() / mass;
    let y = places().map(|(x, y)| y as f64 * digit.at(x, y)).sum::<f64>() / mass;
    let shift = |centre: f64, size: usize| {
        ((SIDE / 2) as f64 - centre).round().clamp(0.0, (SIDE - size) as f64) as isize
    };
    let (right, down) = (shift(x, digit.width), shift(y, digit.height));
    Grey::from_fn(SIDE, SIDE, |x, y| digit.around(x, -right, y, -down))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::ChaCha8Rng;
    use rand::{RngExt, SeedableRng};

    /// A four, black on white in `size` × `size` pixels, with strokes of this width.
    fn four(size: usize, pen: f64) -> Grey {
        let scale = size as f64 / 100.0;
        let strokes =
            [[40.0, 15.0, 20.0, 55.0], [20.0, 55.0, 80.0, 58.0], [60.0, 30.0, 55.0, 90.0]];
        Grey::from_fn(size, size, |x, y| {
            let (x, y) = (x as f64 + 0.5, y as f64 + 0.5);
            let far = strokes.iter().map(|stroke| {
                let [x0, y0, x1, y1] = stroke.map(|k| k * scale);
                let (dx, dy) = (x1 - x0, y1 - y0);
                let t = ((x - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy);
                let t = t.clamp(0.0, 1.0);
                (x - x0 - t * dx).hypot(y - y0 - t * dy)
            });
            let inside = (pen / 2.0 - far.fold(f64::MAX, f64::min) + 0.5).clamp(0.0, 1.0);
            (255.0 * (1.0 - inside)).round()
        })
    }

    fn map(grey: &Grey, value: impl Fn(usize, usize, f64) -> f64) -> Grey {
        Grey::from_fn(grey.width, grey.height, |x, y| value(x, y, grey.at(x, y)))
    }

    /// The largest difference between two normalised pictures.
    fn difference(a: &Grey, b: &Grey) -> u8 {
        let (a, b) = (normalise(a).unwrap(), normalise(b).unwrap());
        a.iter().zip(&b).map(|(a, b)| a.abs_diff(*b)).max().unwrap()
    }

    /// What is where in a normalised picture, with `#` for the darker half.
    fn shown(grey: &Grey) -> Vec<String> {
        let rows = normalise(grey).unwrap();
        let line = |row: &[u8]| row.iter().map(|&v| if v > 127 { '#' } else { '.' }).collect();
        rows.chunks(SIDE).map(line).collect()
    }

    #[test]
    fn neither_colours_nor_place_nor_size_change_the_digit() {
        let plain = four(100, 9.0);
        let same = |other: &Grey, within: u8| {
            let difference = difference(&plain, other);
            assert!(difference <= within, "{difference}");
        };
        same(&map(&plain, |_, _, v| 255.0 - v), 0);
        same(&map(&plain, |_, _, v| 40.0 + v / 5.0), 1);
        same(&map(&plain, |_, _, v| 200.0 - v / 5.0), 1);
        let padded = |left: usize, right: usize, top: usize, bottom: usize| {
            Grey::from_fn(100 + left + right, 100 + top + bottom, |x, y| {
                let inside = (left..100 + left).contains(&x) && (top..100 + top).contains(&y);
                if inside { plain.at(x - left, y - top) } else { 255.0 }
            })
        };
        for (left, right, top, bottom) in [(0, 90, 0, 200), (300, 0, 7, 0), (31, 1, 0, 57)] {
            same(&padded(left, right, top, bottom), 0);
        }
        for factor in [2, 3, 7] {
            let large = |x, y| plain.at(x / factor, y / factor);
            same(&Grey::from_fn(100 * factor, 100 * factor, large), 0);
        }
    }

    #[test]
    fn a_speck_does_not_widen_the_box_and_a_second_stroke_does() {
        let plain = four(100, 9.0);
        let bar = |size: usize| {
            map(&plain, |x, y, v| if x.abs_diff(7) < 2 && y.abs_diff(40) < size { 0.0 } else { v })
        };
        assert_eq!(difference(&plain, &bar(1)), 0);
        assert!(difference(&plain, &bar(10)) > 100);
    }

    #[test]
    fn the_longer_side_is_20_and_the_centre_of_mass_in_the_centre() {
        let bar = |wide: usize, high: usize| {
            let inside = move |x, y| (30..30 + wide).contains(&x) && (12..12 + high).contains(&y);
            shown(&Grey::from_fn(120, 130, |x, y| if inside(x, y) { 0.0 } else { 255.0 }))
        };
        let [full, empty] = [".....####################...", "............................"];
        let mut wanted = vec![empty; 28];
        wanted[12..17].fill(full);
        assert_eq!(bar(80, 20), wanted);
        let tall = bar(10, 100);
        assert_eq!(tall.iter().filter(|row| row.contains(".##.")).count(), 20);
        // A heavy foot under a thin post: the box is not in the middle, the mass is.
        let post = Grey::from_fn(60, 60, |x, y| {
            let post = (24..28).contains(&x) && (5..45).contains(&y);
            if post || ((16..36).contains(&x) && (35..45).contains(&y)) { 255.0 } else { 0.0 }
        });
        let rows = shown(&post);
        assert_eq!(rows.iter().position(|row| row.contains('#')), Some(1));
        let pixels = normalise(&post).unwrap();
        let mass: f64 = pixels.iter().map(|&v| f64::from(v)).sum();
        let centre = |of: fn(usize) -> usize| {
            let moments = pixels.iter().enumerate().map(|(k, &v)| of(k) as f64 * f64::from(v));
            moments.sum::<f64>() / mass
        };
        for centre in [centre(|k| k % SIDE), centre(|k| k / SIDE)] {
            assert!((centre - 14.0).abs() <= 0.5, "{centre}");
        }
    }

    #[test]
    fn a_digit_with_its_mass_at_one_side_is_not_cut() {
        // A thick post with a thin foot, to either side.
        let post = |x: usize, y: usize| x < 12 || y >= 56;
        for mirrored in [false, true] {
            let rows = shown(&Grey::from_fn(100, 100, |x, y| {
                let (x, y) = (if mirrored { 99 - x } else { x }.wrapping_sub(20), y - y.min(20));
                if x < 60 && y < 60 && y > 0 && post(x, y) { 0.0 } else { 255.0 }
            }));
            let foot = rows.iter().map(|row| row.matches('#').count()).max();
            assert_eq!(foot, Some(20), "{}", rows.join("\n"));
        }
    }

    #[test]
    fn what_is_strongest_after_the_averaging_is_255() {
        let cone = Grey::from_fn(120, 120, |x, y| {
            255.0 * (1.0 - (x as f64 - 60.0).hypot(y as f64 - 60.0) / 40.0).max(0.0)
        });
        assert_eq!(normalise(&cone).unwrap().iter().max(), Some(&255));
    }

    #[test]
    fn averages_of_equals_are_equal() {
        for width in 1..1100 {
            let row = Grey::from_fn(width, 1, |_, _| 1.0);
            for count in [1, 3, 7, 19, 20] {
                let far = averaged_rows(&row, count).values.into_iter().map(|v| (v - 1.0).abs());
                assert!(far.fold(0.0, f64::max) < 1e-9, "{width} in {count}");
            }
        }
    }

    #[test]
    fn a_pen_of_one_pixel_lasts() {
        for size in [100, 400, 1000] {
            let pixels = normalise(&four(size, 1.0)).unwrap();
            let dark = |row: &&[u8]| row.iter().any(|&v| v > 110);
            assert_eq!(pixels.chunks(SIDE).filter(dark).count(), 20, "{size} pixels");
        }
        let width = |pen| pen_width(&map(&four(400, pen), |_, _, v| 1.0 - v / 255.0));
        for pen in [4.0, 10.0, 20.0] {
            assert!((width(pen) / pen - 1.0).abs() < 0.1, "{pen}: {}", width(pen));
        }
    }

    #[test]
    fn pictures_of_a_few_pixels_do_not_panic() {
        let mut random = ChaCha8Rng::seed_from_u64(2);
        for width in 1..8 {
            for height in 1..8 {
                for _ in 0..100 {
                    let levels = random.random_range(1..5);
                    let any = |_, _| f64::from(random.random_range(0..=levels) * 255 / levels);
                    if let Ok(pixels) = normalise(&Grey::from_fn(width, height, any)) {
                        assert_eq!(pixels.iter().max(), Some(&255));
                    }
                }
            }
        }
    }
}
