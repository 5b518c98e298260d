//! The demons' network with its weights, and what its hidden units like.

use gradus::export::pictures::{Greys, NetworkDiagram, grey_pictures};
use gradus::ndarray::{Array2, Ix2};

use super::by_hand;
use super::out::Pictures;

/// The network, and the hidden units' weights as pixels.
///
/// # Errors
///
/// If a number that is drawn is not finite.
pub fn all() -> Pictures {
    let parameters = by_hand(1.0);
    let matrix = |name: &str| {
        parameters[name].clone().into_dimensionality::<Ix2>().expect("weights are a matrix")
    };
    let vector = |name: &str| parameters[name].iter().copied().collect::<Vec<f64>>();
    let pixels: Vec<String> = (1..=12).map(|k| k.to_string()).collect();
    let pixels: Vec<&str> = pixels.iter().map(String::as_str).collect();
    let network = NetworkDiagram::new("The demons' network, weights by hand", "pixels", &pixels)
        .layer("demons", &["A", "B", "C"], matrix("w2").view(), &vector("b2"))
        .layer("outputs", &["0", "1"], matrix("w3").view(), &vector("b3"));

    let w2 = matrix("w2");
    let likes = |j: usize| Array2::from_shape_fn((4, 3), |(row, k)| w2[[j, 3 * row + k]] / 4.0);
    let likes = [0, 1, 2].map(likes);
    let views = likes.each_ref().map(|units| units.view());
    let names = ["A: 4 and 7", "B: 5 and 8", "C: 6 and 9"];
    let likes = grey_pictures("The pixels that the demons like", &views, &names, 3, Greys::Ink)?;
    Ok(vec![("demons", network.picture()?), ("demons_like", likes)])
}
