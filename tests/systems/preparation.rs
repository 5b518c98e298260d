//! Drawings made like MNIST's pictures, beside the same only shrunk.

use gradus::ndarray::Array2;

use crate::examples::preparation::{drawings, prepared, right, shrunk, trained};

/// The box around the ink, top, bottom, left and right, and the centre of mass.
fn place(picture: &Array2<f64>) -> ([usize; 4], [f64; 2]) {
    let (mut around, mut moments, mut mass) = ([usize::MAX, 0, usize::MAX, 0], [0.0; 2], 0.0);
    for ((row, column), &ink) in picture.indexed_iter().filter(|(_, ink)| **ink > 0.0) {
        let [top, bottom, left, right] = around;
        around = [top.min(row), bottom.max(row), left.min(column), right.max(column)];
        moments = [moments[0] + ink * row as f64, moments[1] + ink * column as f64];
        mass += ink;
    }
    (around, moments.map(|moment| moment / mass))
}

#[test]
fn a_prepared_drawing_has_the_size_and_the_place_of_mnists() {
    let drawings = drawings();
    assert_eq!(drawings.len(), 30);
    for drawing in &drawings {
        let ([top, bottom, left, right], centre) = place(&prepared(&drawing.ink));
        assert_eq!((bottom + 1 - top).max(right + 1 - left), 20, "{}", drawing.name);
        // By whole pixels it cannot be nearer; and greys are rounded.
        assert!(centre.iter().all(|at| (at - 14.0).abs() < 0.51), "{}: {centre:?}", drawing.name);
    }
}

#[test]
fn a_shrunk_drawing_has_the_ink_and_the_place_of_the_large_one() {
    for drawing in drawings() {
        let small = shrunk(&drawing.ink);
        assert!((100.0 * small.sum() - drawing.ink.sum()).abs() < 1e-8, "{}", drawing.name);
        let ((_, [y, x]), (_, [large_y, large_x])) = (place(&small), place(&drawing.ink));
        // The middle of a pixel of the small one is at 4.5 of its ten in the large one.
        for (at, large) in [(y, large_y), (x, large_x)] {
            assert!((10.0 * at + 4.5 - large).abs() < 5.0, "{}: {at}, {large}", drawing.name);
        }
    }
    // They are not where MNIST's are: half of them are off by more than a pixel, or not 20 long.
    let off = |ink: &Array2<f64>| {
        let ([top, bottom, left, right], centre) = place(&shrunk(ink));
        let long = (bottom + 1 - top).max(right + 1 - left);
        long.abs_diff(20) > 1 || centre.iter().any(|at| (at - 14.0).abs() > 1.0)
    };
    assert!(drawings().iter().filter(|drawing| off(&drawing.ink)).count() > 15);
}

#[test]
fn nearly_all_are_read_when_prepared_and_about_half_when_only_shrunk() {
    let network = trained(3).unwrap();
    let (shrunk, prepared) = (right(&network, shrunk), right(&network, prepared));
    assert!((10..=20).contains(&shrunk) && prepared >= 27, "{shrunk} and {prepared} of 30");
}
