//! Both surfaces, a cut through them, and the unit that has been learned.

use gradus::export::pictures::{Chart, Field, Picture, surface as draw};

use super::out::Pictures;
use super::{Error, X, Y, descend, surface};

/// The cross-entropy's surface is convex, that of the squared error is not.
///
/// # Errors
///
/// If a number that is drawn is not finite.
pub fn all() -> Pictures {
    let costs = |error| {
        let mut at = surface(error);
        move |p: &[[f64; 2]]| p.iter().map(|&[w, b]| at(w, b).cost).collect::<Vec<f64>>()
    };
    let field = |error| Field::of(-8.0..=8.0, -8.0..=8.0, 41, costs(error));
    let convex = draw("Cross-entropy: convex", ["w", "b", "J"], &field(Error::CrossEntropy)?)?;
    let flat = draw("Squared error: not convex", ["w", "b", "J"], &field(Error::Squared)?)?;

    let w: Vec<f64> = (-80..=80).map(|k| f64::from(k) / 10.0).collect();
    let cut: Vec<[f64; 2]> = w.iter().map(|&w| [w, 0.0]).collect();
    let along = |error| -> Vec<f64> {
        let costs = costs(error)(&cut);
        let most = costs.iter().copied().fold(0.0, f64::max);
        costs.iter().map(|cost| cost / most).collect()
    };
    let cut = Chart::new("Along b = 0, of the largest there", "w", "share of J")
        .line("cross-entropy", &w, &along(Error::CrossEntropy))
        .line("squared error", &w, &along(Error::Squared));

    let ([w, b], _) = descend(Error::CrossEntropy, [0.0, 0.0], 1.0, 200);
    let x: Vec<f64> = (-60..=60).map(|k| f64::from(k) / 20.0).collect();
    let a: Vec<f64> = x.iter().map(|x| 1.0 / (1.0 + (-w * x - b).exp())).collect();
    let data: Vec<[f64; 2]> = X.into_iter().zip(Y).map(|(x, y)| [x, y]).collect();
    let unit = Chart::new("The unit after 200 steps", "x", "")
        .line(&format!("a = σ({w:.2} x + {b:.2})"), &x, &a)
        .points("y of the data", &data)
        .note("decision boundary: a = ½", -b / w, 0.5);
    let charts = vec![cut.picture()?, unit.picture()?];
    Ok(vec![
        ("logistic_regression", Picture::grid("", vec![convex, flat], 2)?),
        ("logistic_regression_unit", Picture::grid("", charts, 2)?),
    ])
}
