//! A picture, the pattern that scans it, and what comes out.

use gradus::export::pictures::{Greys, grey_pictures};
use gradus::ndarray::{Array2, ArrayD, Axis};

use super::out::Pictures;
use super::{SLASH, TWO, matrix, scan};

/// From the picture to the pooled map.
///
/// # Errors
///
/// If a number that is drawn is not finite.
pub fn all() -> Pictures {
    let (two, slash) = (matrix(TWO), matrix(SLASH));
    let x = two.view().insert_axis(Axis(0)).into_dyn().into_owned();
    // Three of three cells match at most.
    let plane =
        |y: &ArrayD<f64>, n: usize| Array2::from_shape_fn((n, n), |(i, j)| y[[0, i, j]] / 3.0);
    let [map, pooled, _] = scan(&x, &slash);
    let (map, pooled) = (plane(&map, 4), plane(&pooled, 2));
    let views = [two.view(), slash.view(), map.view(), pooled.view()];
    let names = ["a 2 of 6×6", "pattern 3×3", "map, of 3 cells", "pooled 2×2"];
    let title = "A demon scans: black where all of the pattern is";
    Ok(vec![("scan_by_hand", grey_pictures(title, &views, &names, 4, Greys::Ink)?)])
}
