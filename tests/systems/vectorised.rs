//! The vectorised network, against loops over examples and units.

use crate::examples::vectorised::{PARAMETERS, arrays, by_formulas, by_graph, train};

/// J and its gradient by the formulas for one example, z = Wᵀa + b, dW = a dzᵀ, db = dz, da = W dz,
/// added up and divided by m; each row by row.
fn by_loops(examples: usize) -> Vec<Vec<f64>> {
    let at = arrays(examples);
    let [x, y, w1, b1, w2, b2] = ["X", "Y", "W1", "b1", "W2", "b2"].map(|name| &at[name]);
    let m = examples as f64;
    let mut sums = vec![vec![0.0], vec![0.0; 12], vec![0.0; 4], vec![0.0; 4], vec![0.0]];
    for k in 0..examples {
        let z1 = |j| b1[[j, 0]] + (0..3).map(|i| w1[[i, j]] * x[[i, k]]).sum::<f64>();
        let a1: Vec<f64> = (0..4).map(|j| z1(j).tanh()).collect();
        let z2 = b2[[0, 0]] + (0..4).map(|j| w2[[j, 0]] * a1[j]).sum::<f64>();
        let (a2, t) = (1.0 / (1.0 + (-z2).exp()), y[[0, k]]);
        sums[0][0] -= (if t == 1.0 { a2 } else { 1.0 - a2 }).ln() / m;
        let dz2 = a2 - t;
        sums[4][0] += dz2 / m;
        for j in 0..4 {
            sums[3][j] += a1[j] * dz2 / m;
            let dz1 = w2[[j, 0]] * dz2 * (1.0 - a1[j] * a1[j]);
            sums[2][j] += dz1 / m;
            (0..3).for_each(|i| sums[1][4 * i + j] += x[[i, k]] * dz1 / m);
        }
    }
    sums
}

#[test]
fn graph_formulas_and_loops_agree() {
    for examples in [1, 2, 20, 33] {
        let at = arrays(examples);
        let loops = by_loops(examples);
        for (what, values) in [("graph", by_graph(&at)), ("formulas", by_formulas(&at))] {
            assert_eq!(values.len(), 5);
            for (k, (value, wanted)) in values.iter().zip(&loops).enumerate() {
                let shape = if k == 0 { [1, 1] } else { PARAMETERS[k - 1].1 };
                assert_eq!(value.shape(), shape, "{what}, {k}");
                for (a, b) in value.iter().zip(wanted) {
                    assert!((a - b).abs() < 1e-14, "{what}, {k}: {a}, not {b}");
                }
            }
        }
    }
}

#[test]
fn all_parameters_are_updated_at_once() {
    // One step of the plan, and one by hand with the gradient at the start.
    let mut at = arrays(20);
    let costs = train(&at, 0.7, 2);
    let slopes = by_loops(20);
    assert!((costs[0] - slopes[0][0]).abs() < 1e-14);
    for (k, (name, shape)) in PARAMETERS.into_iter().enumerate() {
        let slope = gradus::ndarray::ArrayD::from_shape_vec(shape.to_vec(), slopes[k + 1].clone());
        *at.get_mut(name).unwrap() -= &(0.7 * slope.unwrap());
    }
    assert!((costs[1] - by_graph(&at)[0][[0, 0]]).abs() < 1e-13);
}

#[test]
fn the_network_learns_its_examples() {
    let costs = train(&arrays(20), 1.0, 1001);
    assert!(costs[0] > 0.5 && costs[1000] < 0.05, "{} to {}", costs[0], costs[1000]);
}
