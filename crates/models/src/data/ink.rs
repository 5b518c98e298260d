//! The second and third step from a PNG file to a digit: which is paper and which is ink.
//!
//! 2. **Inversion.** Most of the border is paper: its median is the paper's level, and a plane
//!    fitted to what is near it follows light that falls off to one side. What the picture has more
//!    of beyond the paper's noise, darker or brighter, is ink. So dark on white, white on black and
//!    ink on coloured paper are the same.
//! 3. **Contrast.** Paper becomes 0, the strongest ink 1; what is within [`NOISE`] times the
//!    border's noise is paper. A clean picture has no noise, so that its faintest grey stays, which
//!    MNIST's pictures need.

use super::normal::Grey;

/// The least difference between paper and ink, of 255, for there to be ink.
const LEAST: f64 = 16.0;

/// How many times the noise of the border is still paper. The noise is the 95th percentile, which
/// is about two standard deviations; three times that is six.
const NOISE: f64 = 3.0;

/// Steps 2 and 3: paper is 0 and the strongest ink 1.
///
/// # Errors
///
/// If nothing stands out from the paper.
pub(super) fn ink(grey: &Grey) -> Result<Grey, String> {
    let (paper, noise) = paper(grey);
    let rise = Grey::from_fn(grey.width, grey.height, |x, y| grey.at(x, y) - paper.at(x, y));
    let noise = NOISE * noise;
    let brighter = |value: &f64| if *value > noise { *value } else { 0.0 };
    let darker = |value: &f64| brighter(&-value);
    let total = |part: &dyn Fn(&f64) -> f64| rise.values.iter().map(part).sum::<f64>();
    let values: Vec<f64> = match total(&darker) > total(&brighter) {
        true => rise.values.iter().map(darker).collect(),
        false => rise.values.iter().map(brighter).collect(),
    };
    let ink = Grey { values, ..rise };
    let strongest = ink.largest();
    if strongest < LEAST {
        return Err(format!(
            "the picture has no digit: nothing in it stands out from the paper, by {LEAST} of 255 \
             or more"
        ));
    }
    Ok(Grey { values: ink.values.iter().map(|value| value / strongest).collect(), ..ink })
}

/// The paper under the whole picture, and its noise: the 95th percentile of what the border's paper
/// differs from the plane.
fn paper(grey: &Grey) -> (Grey, f64) {
    let (width, height) = (grey.width, grey.height);
    let frame = (width.min(height) / 16).max(1);
    let is_border = |x: usize, size: usize| x < frame || x + frame >= size;
    let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    let border: Vec<(f64, f64, f64)> = pixels
        .filter(|&(x, y)| is_border(x, width) || is_border(y, height))
        .map(|(x, y)| (x as f64, y as f64, grey.at(x, y)))
        .collect();
    let level = percentile(border.iter().map(|point| point.2), 50);
    let mut plane = Plane { level, ..Plane::default() };
    let mut noise = 0.0;
    for _ in 0..4 {
        let far = |point: &(f64, f64, f64)| (point.2 - plane.at(point.0, point.1)).abs();
        let near = 3.0 * percentile(border.iter().map(far), 50) + 0.5;
        let kept: Vec<_> = border.iter().copied().filter(|point| far(point) <= near).collect();
        plane = Plane::fitted(&kept);
        let far = |point: &(f64, f64, f64)| (point.2 - plane.at(point.0, point.1)).abs();
        noise = percentile(kept.iter().map(far), 95);
    }
    (Grey::from_fn(width, height, |x, y| plane.at(x as f64, y as f64)), noise)
}

/// The number that `percent` in a hundred are below; there must be one.
fn percentile(numbers: impl Iterator<Item = f64>, percent: usize) -> f64 {
    let mut numbers: Vec<f64> = numbers.collect();
    let place = numbers.len() * percent / 100;
    *numbers.select_nth_unstable_by(place, f64::total_cmp).1
}

/// A level at a place, and how it changes along the rows and down the columns.
#[derive(Default)]
struct Plane {
    x: f64,
    y: f64,
    level: f64,
    along: f64,
    down: f64,
}

impl Plane {
    fn at(&self, x: f64, y: f64) -> f64 {
        self.level + self.along * (x - self.x) + self.down * (y - self.y)
    }

    /// The plane with the least squares of differences; a level one if the points leave it open.
    fn fitted(points: &[(f64, f64, f64)]) -> Self {
        let sum = |of: &dyn Fn(f64, f64, f64) -> f64| -> f64 {
            points.iter().map(|&(x, y, v)| of(x, y, v)).sum()
        };
        let n = points.len() as f64;
        let (x0, y0) = (sum(&|x, _, _| x) / n, sum(&|_, y, _| y) / n);
        let level = sum(&|_, _, v| v) / n;
        let (xx, yy) = (sum(&|x, _, _| (x - x0).powi(2)), sum(&|_, y, _| (y - y0).powi(2)));
        let xy = sum(&|x, y, _| (x - x0) * (y - y0));
        let (xv, yv) =
            (sum(&|x, _, v| (x - x0) * (v - level)), sum(&|_, y, v| (y - y0) * (v - level)));
        let determinant = xx * yy - xy * xy;
        if determinant <= 1e-6 * xx * yy {
            return Self { level, ..Self::default() };
        }
        let (along, down) = ((xv * yy - yv * xy) / determinant, (yv * xx - xv * xy) / determinant);
        Self { x: x0, y: y0, level, along, down }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::ChaCha8Rng;
    use rand::{RngExt, SeedableRng};

    /// A bar, and one in a corner.
    fn is_ink(x: usize, y: usize) -> bool {
        (20..26).contains(&x) && (10..40).contains(&y) || x > 30 && y > 42
    }

    fn shade(x: usize, y: usize) -> f64 {
        if is_ink(x, y) { 1.0 } else { 0.0 }
    }

    fn picture(value: impl FnMut(usize, usize) -> f64) -> Grey {
        Grey::from_fn(60, 50, value)
    }

    /// Checks that paper is 0, and ink 1 to within so much.
    fn separates(grey: &Grey, within: f64) {
        let ink = ink(grey).unwrap();
        for (x, y) in (0..50).flat_map(|y| (0..60).map(move |x| (x, y))) {
            let (found, bound) = (ink.at(x, y), if is_ink(x, y) { within } else { 0.0 });
            assert!((found - shade(x, y)).abs() <= bound, "{found} at {x}, {y}");
        }
    }

    #[test]
    fn paper_is_what_the_border_is_and_ink_what_differs() {
        for (paper, ink) in [(255.0, 0.0), (0.0, 255.0), (90.0, 140.0), (200.0, 170.0)] {
            separates(&picture(|x, y| if is_ink(x, y) { ink } else { paper }), 0.0);
        }
    }

    #[test]
    fn light_that_falls_off_is_followed_and_noise_cut_off() {
        let ink_on = |x, y, paper: f64| if is_ink(x, y) { paper - 80.0 } else { paper };
        let light = |x: usize, y: usize| 200.0 + 0.4 * x as f64 - 1.5 * y as f64;
        separates(&picture(|x, y| ink_on(x, y, light(x, y)).round()), 0.05);
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let mut noise = || random.random_range(-8.0..8.0);
        separates(&picture(|x, y| ink_on(x, y, light(x, y) + noise())), 0.25);
        assert!(ink(&picture(|x, y| light(x, y) + noise())).is_err(), "noise alone is no ink");
    }

    #[test]
    fn the_faintest_grey_of_a_clean_picture_stays() {
        let ink = ink(&picture(|x, y| if (x, y) == (30, 30) { 1.0 } else { 255.0 * shade(x, y) }));
        assert_eq!(ink.unwrap().at(30, 30), 1.0 / 255.0);
    }

    #[test]
    fn a_difference_of_16_is_ink_and_of_15_is_not() {
        let one = |value: f64| ink(&picture(|x, y| if (x, y) == (9, 9) { value } else { 100.0 }));
        assert!(one(116.0).is_ok() && one(84.0).is_ok());
        for value in [115.0, 85.0, 100.0] {
            let text = one(value).unwrap_err();
            assert!(text.starts_with("the picture has no digit: "), "{text}");
        }
    }
}
