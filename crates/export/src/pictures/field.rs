//! A function of two variables on a grid.

use std::ops::RangeInclusive;

use ndarray::Array2;

use super::error::{PictureError, at_most, equally_many, finite};

/// The most points along an axis of a field.
const MOST: usize = 500;

/// The values z of a function at the points of a grid, z[i, j] at (x_j, y_i).
#[derive(Clone, Debug)]
pub struct Field {
    pub(super) x: Vec<f64>,
    pub(super) y: Vec<f64>,
    pub(super) z: Array2<f64>,
}

impl Field {
    /// A function at `points` × `points` points, evenly from end to end of both ranges. It is given
    /// all points at once, row by row from the least y, as a batch is, and gives as many values.
    ///
    /// # Errors
    ///
    /// If a range is empty or not finite, `points` is not from 2 to 500, or `f` does not give a
    /// finite value for each point.
    ///
    /// ```
    /// use gradus_export::pictures::Field;
    /// let bowl = |p: &[[f64; 2]]| p.iter().map(|[x, y]| x * x + y * y).collect();
    /// assert!(Field::of(-1.0..=1.0, -1.0..=1.0, 20, bowl).is_ok());
    /// let pole = |p: &[[f64; 2]]| p.iter().map(|[x, _]| 1.0 / x).collect();
    /// let error = Field::of(0.0..=1.0, 0.0..=1.0, 2, pole).unwrap_err();
    /// assert!(error.to_string().starts_with("the field's z: number 0 is inf, wanted a finite"));
    /// ```
    pub fn of(
        x: RangeInclusive<f64>, y: RangeInclusive<f64>, points: usize,
        f: impl FnOnce(&[[f64; 2]]) -> Vec<f64>,
    ) -> Result<Self, PictureError> {
        at_most("points along an axis of a field", points, MOST)?;
        let [x, y] = [evenly("the field's x", &x, points)?, evenly("the field's y", &y, points)?];
        let at: Vec<[f64; 2]> = y.iter().flat_map(|&y| x.iter().map(move |&x| [x, y])).collect();
        let z = f(&at);
        equally_many("the field's z", at.len(), z.len())?;
        finite("the field's z", &z)?;
        let z = Array2::from_shape_fn((points, points), |(i, j)| z[i * points + j]);
        Ok(Self { x, y, z })
    }

    /// The least and the largest value.
    pub(super) fn range(&self) -> (f64, f64) {
        self.z.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), &z| (a.min(z), b.max(z)))
    }

    /// The values as rows of y.
    pub(super) fn rows(&self) -> Vec<Vec<f64>> {
        self.z.outer_iter().map(|row| row.to_vec()).collect()
    }
}

/// So many numbers, evenly from one end of a range to the other.
fn evenly(
    what: &str, range: &RangeInclusive<f64>, points: usize,
) -> Result<Vec<f64>, PictureError> {
    let (low, high) = (*range.start(), *range.end());
    finite(what, &[low, high])?;
    if low >= high || points < 2 {
        return Err(PictureError::Sizes {
            what: what.to_owned(),
            wanted: "two points or more in a range that is not empty".to_owned(),
            found: format!("{points} in {low} to {high}"),
        });
    }
    let step = (high - low) / (points - 1) as f64;
    Ok((0..points).map(|k| low + k as f64 * step).collect())
}
