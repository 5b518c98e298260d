//! Drawings as they are and as a network should get them.

use gradus::export::pictures::{Greys, grey_pictures};
use gradus::ndarray::Array2;

use super::out::Pictures;
use super::{drawings, prepared, shrunk};

/// Six of the drawings: small and large, at a side and slanted.
const SHOWN: [&str; 6] = ["0 b", "1 c", "2 b", "4 b", "7 a", "8 b"];

/// Above as they are, shrunk; below prepared.
///
/// # Errors
///
/// If a number that is drawn is not finite.
pub fn all() -> Pictures {
    let shown: Vec<_> =
        drawings().into_iter().filter(|drawing| SHOWN.contains(&drawing.name.as_str())).collect();
    let both =
        [shrunk, prepared].into_iter().flat_map(|make| shown.iter().map(move |d| make(&d.ink)));
    let both: Vec<Array2<f64>> = both.collect();
    let names: Vec<&str> = shown.iter().map(|drawing| drawing.name.as_str()).collect();
    let (views, names): (Vec<_>, _) = (
        both.iter().map(|picture| picture.view()).collect(),
        [names, vec!["prepared"; 6]].concat(),
    );
    let title = "Drawings of 280×280 pixels, shrunk to 28×28; and prepared";
    Ok(vec![("preparation", grey_pictures(title, &views, &names, 6, Greys::Ink)?)])
}
