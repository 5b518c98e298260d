//! A network with one hidden layer, 3-4-1, vectorised: a batch is a matrix with an example in each
//! column, and its derivation is six lines of matrices. The same in loops gives the same numbers.
//!
//! ```text
//! cargo run --release --example vectorised
//! ```

use gradus::ndarray::{Array2, Axis};
use gradus::prelude::*;

/// The parameters' names and shapes: a weight matrix has a column for each unit.
pub const PARAMETERS: [(&str, [usize; 2]); 4] =
    [("W1", [3, 4]), ("b1", [4, 1]), ("W2", [4, 1]), ("b2", [1, 1])];

/// Examples in columns, their targets, and parameters that follow no pattern.
pub fn arrays(examples: usize) -> Arrays<f64> {
    let wave = |shape: [usize; 2], phase: f64| {
        let at = |(i, j): (usize, usize)| (phase + 2.3 * i as f64 + 4.1 * j as f64).sin();
        Array2::from_shape_fn(shape, at)
    };
    let x = wave([3, examples], 0.5);
    let y = x.sum_axis(Axis(0)).mapv(|sum| f64::from(sum > 0.0)).insert_axis(Axis(0));
    let shapes = PARAMETERS.iter().enumerate();
    let parameters = shapes.map(|(k, &(name, shape))| (name.to_owned(), wave(shape, k as f64)));
    let all = [("X".to_owned(), x), ("Y".to_owned(), y)].into_iter().chain(parameters);
    all.map(|(name, array)| (name, array.into_dyn())).collect()
}

/// J and its gradient by W1, b1, W2, b2, as the graph derives it.
pub fn by_graph(at: &Arrays<f64>) -> Vec<Array2<f64>> {
    let g = Graph::new();
    let (cost, parameters) = network(&g);
    let [dw1, db1, dw2, db2] = grad(cost, parameters);
    let cost = reshape(cost, [1, 1]);
    let values = evaluate(&[cost, dw1, db1, dw2, db2], &Inputs::new().with_all(at));
    let matrix =
        |array: gradus::ndarray::ArrayD<f64>| array.into_dimensionality().expect("a matrix");
    values.expect("an array for each input").into_iter().map(matrix).collect()
}

/// The same by the formulas for a batch, in ndarray: dZ = dA ⊙ g′(Z), dW = 1/m A dZᵀ,
/// db = 1/m Σ dz, dA = W dZ.
pub fn by_formulas(at: &Arrays<f64>) -> Vec<Array2<f64>> {
    let of = |name: &str| at[name].view().into_dimensionality().expect("a matrix").to_owned();
    let [x, y, w1, b1, w2, b2]: [Array2<f64>; 6] = ["X", "Y", "W1", "b1", "W2", "b2"].map(of);
    let m = x.ncols() as f64;
    let a1 = (w1.t().dot(&x) + &b1).mapv(f64::tanh);
    let a2 = (w2.t().dot(&a1) + &b2).mapv(|z| 1.0 / (1.0 + (-z).exp()));
    let losses = &y * &a2.mapv(f64::ln) + (1.0 - &y) * a2.mapv(|a| (1.0 - a).ln());

    let dz2 = &a2 - &y;
    let (dw2, db2) = (a1.dot(&dz2.t()) / m, dz2.sum_axis(Axis(1)).insert_axis(Axis(1)) / m);
    let dz1 = w2.dot(&dz2) * a1.mapv(|a| 1.0 - a * a);
    let (dw1, db1) = (x.dot(&dz1.t()) / m, dz1.sum_axis(Axis(1)).insert_axis(Axis(1)) / m);
    vec![Array2::from_elem((1, 1), -losses.sum() / m), dw1, db1, dw2, db2]
}

/// J before each of so many steps, all parameters updated at once.
pub fn train(at: &Arrays<f64>, eta: f64, steps: usize) -> Vec<f64> {
    let g = Graph::new();
    let (cost, parameters) = network(&g);
    let slopes = grad(cost, parameters);
    let updates: Vec<_> =
        (0..4).map(|k| (PARAMETERS[k].0.to_owned(), parameters[k] - eta * slopes[k])).collect();
    let mut plan = compile(&[cost], &updates).expect("updates of four parameters");
    let (mut state, mut data) = (at.clone(), Arrays::new());
    for name in ["X", "Y"] {
        data.extend(state.remove_entry(name));
    }
    let inputs = Inputs::new().with_all(&data);
    let mut step = || plan.step(&mut state, &inputs).expect("an array for each input")[0].sum();
    (0..steps).map(|_| step()).collect()
}

fn main() {
    let at = arrays(20);
    let (graph, formulas) = (by_graph(&at), by_formulas(&at));
    println!("            shape     graph against formulas, the largest difference");
    for (k, name) in ["J", "dJ/dW1", "dJ/db1", "dJ/dW2", "dJ/db2"].iter().enumerate() {
        let difference =
            (&graph[k] - &formulas[k]).mapv(f64::abs).iter().copied().fold(0.0, f64::max);
        println!("{name:10} {:?}     {difference:.0e}", graph[k].dim());
    }
    println!("\ndJ/dW1 =\n{:8.5}\n", graph[1]);
    let costs = train(&at, 1.0, 1001);
    for k in [0, 10, 100, 1000] {
        println!("step {k:4}: J = {:.5}", costs[k]);
    }
}

/// J of the network for a batch, and its parameters: tanh units, then a sigmoid unit, whose
/// cross-entropy is taken from its weighted input.
fn network(g: &Graph) -> (Expr<'_>, [Expr<'_>; 4]) {
    let (x, y) = (input(g, "X", (3, "m")), input(g, "Y", (1, "m")));
    let [w1, b1, w2, b2] = PARAMETERS.map(|(name, shape)| param(g, name, shape));
    let layer = |w, b, a| {
        let z = matmul(transpose(w), a);
        z + broadcast(sum(b, [1]), [1], z.shape())
    };
    let z2 = layer(w2, b2, tanh(layer(w1, b1, x)));
    (mean_all(softplus(z2) - y * z2), [w1, b1, w2, b2])
}
