//! The pictures of the examples: all that are stated are drawn, and are what the examples say.

use gradus::export::pictures::Picture;
use gradus::ndarray::{arr0, array};
use gradus::prelude::*;

use crate::examples::{self, out::Pictures, pixels::read};

/// The pictures of an example; all are also drawn with pixels.
fn drawn(pictures: Pictures, wanted: &[&str]) -> Vec<Picture> {
    let pictures = pictures.unwrap_or_else(|error| panic!("{wanted:?}: {error}"));
    assert_eq!(pictures.iter().map(|(name, _)| *name).collect::<Vec<_>>(), wanted);
    for (name, picture) in &pictures {
        let png = picture.png().unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut reader = png::Decoder::new(std::io::Cursor::new(&png)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut pixels).unwrap();
        assert!(pixels.iter().any(|&byte| byte < 100), "{name} is blank");
    }
    pictures.into_iter().map(|(_, picture)| picture).collect()
}

fn has(picture: &Picture, text: &str) {
    let svg = picture.svg();
    assert!(svg.contains(&format!(">{text}</text>")), "{text} is not in the picture");
}

#[test]
fn units_draw_their_boundaries_and_curves() {
    let threshold = drawn(examples::threshold::pictures::all(), &["threshold"]);
    for text in ["silent", "fires", "on the line it fires"] {
        has(&threshold[0], text);
    }
    drawn(examples::perceptron::pictures::all(), &["perceptron"]);
    let curves = drawn(examples::activations::pictures::all(), &["activations"]);
    examples::activations::FUNCTIONS.iter().for_each(|(name, _)| has(&curves[0], name));
}

#[test]
fn descents_draw_their_ways() {
    let names = ["small_changes", "small_changes_direction"];
    drawn(examples::small_changes::pictures::all(), &names);
    drawn(examples::descent::pictures::all(), &["descent", "descent_rates"]);
    let line = drawn(examples::regression::pictures::all(), &["regression", "regression_cost"]);
    let (_, _, [p, q]) = examples::regression::normal_equations();
    has(&line[0], &format!("y = {p:.3} x + {q:.3}"));
    let names = ["logistic_regression", "logistic_regression_unit"];
    drawn(examples::logistic_regression::pictures::all(), &names);
    let histories = examples::slow_learning::histories();
    let slow = drawn(examples::slow_learning::pictures::all(&histories), &["slow_learning"]);
    for text in ["from w = 0.6, b = 0.9", "from w = b = 2", "cost C"] {
        has(&slow[0], text);
    }
    drawn(examples::cross_entropy::pictures::all(), &["cross_entropy"]);
    drawn(examples::weight_decay::pictures::all(), &["weight_decay"]);
}

#[test]
fn the_demons_network_has_17_units_and_arrows_for_the_9_weights_that_are_not_zero() {
    let by_hand = drawn(examples::demons::pictures::all(), &["demons", "demons_like"]);
    let svg = by_hand[0].svg();
    // Two of the lines are the legend's.
    let count = |svg: &str, tag: &str| svg.matches(tag).count();
    assert_eq!((count(&svg, "<circle"), count(&svg, "<line") - 2), (17, 9));

    let pictures = read("zeros_and_ones.txt", 4, 3).unwrap();
    let runs = examples::demons_learn::train(&pictures, 1..=5, 60);
    let names =
        ["demons_learn", "demons_learn_share", "demons_learn_weights", "demons_learn_network"];
    let learned = drawn(examples::demons_learn::pictures::all(&runs[0], &runs), &names);
    has(&learned[0], "5 seeds, median");
    let svg = learned[3].svg();
    assert_eq!((count(&svg, "<circle"), count(&svg, "<line") - 2), (17, 36 + 6));
}

#[test]
fn convolutions_draw_filters_and_maps() {
    drawn(examples::scan_by_hand::pictures::all(), &["scan_by_hand"]);
    let pictures = read("one_two_three.txt", 6, 6).unwrap();
    let runs = examples::cnn_digits::train(&pictures, 1..=3, 20);
    let names = ["cnn_digits", "cnn_digits_filters", "cnn_digits_maps"];
    let drawn = drawn(examples::cnn_digits::pictures::all(&pictures, &runs[0], &runs), &names);
    // Paper, three filters of nine cells, three frames.
    assert_eq!(drawn[1].svg().matches("<rect").count(), 1 + 27 + 3);
}

#[test]
fn the_other_examples_draw_what_they_state() {
    let costs = vec![vec![1.0, 0.5, 0.1], vec![2.0, 0.4, 0.3]];
    drawn(examples::recurrent::pictures::all(&costs), &["recurrent"]);
    let circle = drawn(examples::lagrange::pictures::all(), &["lagrange"]);
    ["least", "largest"].iter().for_each(|text| has(&circle[0], text));
    drawn(examples::gradient_check::pictures::all(), &["gradient_check"]);
    let drawings = drawn(examples::preparation::pictures::all(), &["preparation"]);
    ["1 c", "prepared"].iter().for_each(|text| has(&drawings[0], text));
}

#[test]
fn the_band_of_the_curve_is_that_of_the_covariance() {
    let (time, yields) = (array![1.0, 2.0, 4.0, 5.0, 7.0], array![1.2, 1.9, 3.9, 4.4, 5.1]);
    let fit = [("b1", 6.0), ("b2", 2.0), ("b3", 0.6)];
    let at = fit.map(|(name, value)| (name.to_owned(), arr0(value).into_dyn()));
    let at = Arrays::from(at);
    drawn(examples::curve_fit::pictures::all(&time, &yields, &at), &["curve_fit"]);

    // s² vᵀ (JᵀJ)⁻¹ v, with the rows of J and v by hand; the inverse by cofactors.
    let row = |t: f64| {
        let e = (2.0 - 0.6 * t).exp();
        let m = 6.0 / (1.0 + e);
        (m, [1.0 / (1.0 + e), -m * e / (1.0 + e), m * e * t / (1.0 + e)])
    };
    let mut h = [[0.0; 3]; 3];
    let mut rss = 0.0;
    for (&t, &y) in time.iter().zip(&yields) {
        let (m, j) = row(t);
        rss += (m - y) * (m - y);
        (0..9).for_each(|k| h[k / 3][k % 3] += j[k / 3] * j[k % 3]);
    }
    let cofactor = |i: usize, j: usize| {
        let at = |r: usize, c: usize| h[(i + r) % 3][(j + c) % 3];
        at(1, 1) * at(2, 2) - at(1, 2) * at(2, 1)
    };
    let determinant: f64 = (0..3).map(|j| h[0][j] * cofactor(0, j)).sum();
    for t in [0.0, 3.0, 9.0] {
        let (m, v) = row(t);
        let form: f64 = (0..9).map(|k| v[k / 3] * v[k % 3] * cofactor(k / 3, k % 3)).sum();
        let wanted = (rss / 2.0 * form / determinant).sqrt();
        let (value, deviation) =
            examples::curve_fit::pictures::value_and_deviation(&time, &yields, &at, t);
        assert!((value - m).abs() < 1e-12);
        assert!((deviation / wanted - 1.0).abs() < 1e-8, "{deviation}, not {wanted}, at {t}");
    }
}
