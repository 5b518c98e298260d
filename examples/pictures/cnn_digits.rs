//! The filters that were learned, what they see, and the cost over seeds.

use gradus::export::pictures::{Chart, Greys, grey_pictures};
use gradus::ndarray::{Array2, Array4, Axis, Ix2};
use gradus::prelude::*;

use super::out::Pictures;
use super::{Picture, Run};

/// Filters, feature maps of a picture of each digit, costs.
///
/// # Errors
///
/// If a number that is drawn is not finite.
pub fn all(pictures: &[Picture], run: &Run, runs: &[Run]) -> Pictures {
    let plane = |values: &gradus::ndarray::ArrayD<f64>, n: usize, k: usize| {
        let plane = values.index_axis(Axis(0), n).index_axis_move(Axis(0), k).into_owned();
        plane.into_dimensionality::<Ix2>().expect("rows and columns")
    };
    let filters = [0, 1, 2].map(|k| plane(&run.parameters["wF"], k, 0));
    let views = filters.each_ref().map(|filter| filter.view());
    let names = ["filter 1", "filter 2", "filter 3"];
    let filters = grey_pictures("Learned filters, seed 1", &views, &names, 3, Greys::Signed)?;

    let x = Array4::from_shape_fn((3, 1, 6, 6), |(n, _, i, j)| pictures[n].1[6 * i + j]);
    let g = Graph::new();
    let [w, b] = [param(&g, "wF", [3, 1, 3, 3]), param(&g, "bF", [3])];
    let maps = conv2d(input(&g, "x", ("n", 1, 6, 6)), w, Convolution::default());
    let maps = sigmoid(maps + broadcast(b, [0, 2, 3], maps.shape()));
    let at = Inputs::new().with_all(&run.parameters).with("x", &x);
    let maps = evaluate(&[maps], &at).expect("an array for each input").remove(0);
    let rows: Vec<Array2<f64>> = (0..3)
        .flat_map(|n| {
            let picture = x.index_axis(Axis(0), n).index_axis_move(Axis(0), 0).into_owned();
            [picture]
                .into_iter()
                .chain((0..3).map(move |k| (n, k)).map(|(n, k)| plane(&maps, n, k)))
        })
        .collect();
    let views: Vec<_> = rows.iter().map(|picture| picture.view()).collect();
    let names: Vec<&str> = ["picture", "map 1", "map 2", "map 3"].repeat(3);
    let maps = grey_pictures("What the filters see", &views, &names, 4, Greys::Ink)?;

    let costs: Vec<Vec<f64>> = runs.iter().map(|run| run.costs.clone()).collect();
    let cost = Chart::new("The convolutional network learns", "step", "sum of errors, C_T")
        .spread(&format!("{} seeds", runs.len()), &costs)
        .history("seed 1", &run.costs);
    Ok(vec![
        ("cnn_digits", cost.picture()?),
        ("cnn_digits_filters", filters),
        ("cnn_digits_maps", maps),
    ])
}
