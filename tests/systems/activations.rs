//! Activation functions, against their formulas and slopes written in another way.

use gradus::prelude::*;

use crate::examples::activations::{
    FUNCTIONS, Function, normal_density, picture, values_and_slopes,
};

fn of(name: &str) -> Function {
    FUNCTIONS.iter().find(|(other, _)| *other == name).expect("a function").1
}

/// Points from −10 to 10, 0 among them.
fn points() -> Vec<f64> {
    (-40..=40).map(|k| f64::from(k) / 4.0).collect()
}

#[test]
fn values_and_slopes_are_those_of_the_formulas() {
    type Formula = (&'static str, fn(f64) -> f64, fn(f64) -> f64);
    let formulas: [Formula; 9] = [
        ("step", |x| if x < 0.0 { 0.0 } else { 1.0 }, |_| 0.0),
        ("sigmoid", |x| 0.5 + 0.5 * (x / 2.0).tanh(), |x| 0.25 / (x / 2.0).cosh().powi(2)),
        ("tanh", |x| 1.0 - 2.0 / ((2.0 * x).exp() + 1.0), |x| 1.0 / x.cosh().powi(2)),
        ("ReLU", |x| (x + x.abs()) / 2.0, |x| if x > 0.0 { 1.0 } else { 0.0 }),
        ("leaky ReLU, 0.1", |x| x.max(0.1 * x), |x| if x > 0.0 { 1.0 } else { 0.1 }),
        ("identity", |x| x, |_| 1.0),
        ("linear 2x + 1", |x| 1.0 + x + x, |_| 2.0),
        ("quadratic x² − x", |x| x * (x - 1.0), |x| x + x - 1.0),
        (
            "normal density",
            |x| 0.398_942_280_401_432_7 * (-0.5 * x * x).exp(),
            |x| -x * 0.398_942_280_401_432_7 * (-0.5 * x * x).exp(),
        ),
    ];
    for (name, value, slope) in formulas {
        let [values, slopes] = values_and_slopes(of(name), &points());
        for (x, (y, dy)) in points().into_iter().zip(values.into_iter().zip(slopes)) {
            assert!((y - value(x)).abs() < 1e-14, "{name} at {x}: {y}, not {}", value(x));
            assert!((dy - slope(x)).abs() < 1e-14, "{name}′ at {x}: {dy}, not {}", slope(x));
        }
    }
    assert_eq!(formulas.len(), FUNCTIONS.len());
}

#[test]
fn centres_are_where_the_books_put_them() {
    assert_eq!(values_and_slopes(of("sigmoid"), &[0.0]), [[0.5], [0.25]]);
    assert_eq!(values_and_slopes(of("tanh"), &[0.0]), [[0.0], [1.0]]);
}

#[test]
fn the_slope_of_the_sigmoid_is_its_value_times_one_minus_its_value() {
    let g = Graph::new();
    let z = input(&g, "z", ());
    let y = sigmoid(z);
    let [slope] = grad(y, [z]);
    assert_eq!(slope, constant(&g, 1.0) * y * (1.0 - y), "node for node");
}

#[test]
fn a_saturated_sigmoid_has_the_slope_of_its_exponential() {
    let [_, slopes] = values_and_slopes(of("sigmoid"), &[-30.0, 30.0]);
    // σ′ = e^−|z| / (1 + e^−|z|)², so e^−|z| to one part in 10¹².
    for slope in slopes {
        assert!((slope / (-30.0f64).exp() - 1.0).abs() < 1e-2, "{slope}");
    }
    let [_, slopes] = values_and_slopes(of("sigmoid"), &[-30.0]);
    assert!((slopes[0] / (-30.0f64).exp() - 1.0).abs() < 1e-12);
}

#[test]
fn the_normal_density_has_its_integral_mean_and_deviation() {
    // The midpoint rule over ten deviations to both sides is exact to rounding for a normal density.
    let (h, deviation) = (0.01, 0.5);
    let at: Vec<f64> = (-500..500).map(|k| 3.0 + h * (f64::from(k) + 0.5)).collect();
    let [density, _] = values_and_slopes(|x| normal_density(x, 3.0, 0.5), &at);
    let moment = |power| -> f64 {
        at.iter().zip(&density).map(|(x, p)| (x - 3.0).powi(power) * p * h).sum()
    };
    assert!((moment(0) - 1.0).abs() < 1e-12 && moment(1).abs() < 1e-12);
    assert!((moment(2) - deviation * deviation).abs() < 1e-12);
}

#[test]
fn pictures_have_one_star_a_column() {
    for (name, f) in FUNCTIONS {
        let rows = picture(f);
        for column in 0..33 {
            let stars = rows.iter().filter(|row| row.chars().nth(column) == Some('*')).count();
            assert_eq!(stars, 1, "{name}, column {column}");
        }
    }
    let identity = picture(of("identity"));
    assert!(identity[8].starts_with('*') && identity[0].ends_with('*'), "from corner to corner");
    let sigmoid = picture(of("sigmoid"));
    assert_eq!(sigmoid[4].chars().nth(16), Some('*'), "its centre is in the middle");
}
