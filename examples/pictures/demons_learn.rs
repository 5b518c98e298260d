//! What the demons' network has learned, and how that spreads over seeds.

use gradus::export::pictures::{Chart, Greys, NetworkDiagram, grey_pictures};
use gradus::ndarray::{Array2, Ix2};

use super::Run;
use super::out::Pictures;

/// The cost of many seeds; the share of them that read all; weights of one.
///
/// # Errors
///
/// If a number that is drawn is not finite.
pub fn all(run: &Run, runs: &[Run]) -> Pictures {
    let costs: Vec<Vec<f64>> = runs.iter().map(|run| run.costs[..=50].to_vec()).collect();
    let cost = Chart::new("The demons' network learns", "step", "sum of errors, C_T")
        .spread(&format!("{} seeds", runs.len()), &costs)
        .history("seed 1", &run.costs[..=50]);
    let share = |least: usize| -> Vec<f64> {
        let good = |k: usize| runs.iter().filter(|run| run.right[k] >= least).count();
        (0..costs[0].len()).map(|k| good(k) as f64 / runs.len() as f64).collect()
    };
    let shares = Chart::new("Seeds that read so many of 64", "step", "share of the seeds")
        .history("all 64", &share(64))
        .history("63 or more", &share(63))
        .history("60 or more", &share(60));

    let matrix = |name: &str| {
        run.parameters[name].clone().into_dimensionality::<Ix2>().expect("weights are a matrix")
    };
    let vector = |name: &str| run.parameters[name].iter().copied().collect::<Vec<f64>>();
    let w2 = matrix("w2");
    let units = [0, 1, 2].map(|j| Array2::from_shape_fn((4, 3), |(row, k)| w2[[j, 3 * row + k]]));
    let views = units.each_ref().map(|unit| unit.view());
    let names = ["unit 1", "unit 2", "unit 3"];
    let weights = grey_pictures("Learned weights, seed 1", &views, &names, 3, Greys::Signed)?;
    let pixels: Vec<String> = (1..=12).map(|k| k.to_string()).collect();
    let pixels: Vec<&str> = pixels.iter().map(String::as_str).collect();
    let network = NetworkDiagram::new("The network that was learned, seed 1", "pixels", &pixels)
        .layer("hidden units", &["1", "2", "3"], w2.view(), &vector("b2"))
        .layer("outputs", &["0", "1"], matrix("w3").view(), &vector("b3"));
    Ok(vec![
        ("demons_learn", cost.picture()?),
        ("demons_learn_share", shares.picture()?),
        ("demons_learn_weights", weights),
        ("demons_learn_network", network.picture()?),
    ])
}
