//! The graph's gradients against backpropagation derived by hand: the four equations of
//! M. Nielsen, *Neural Networks and Deep Learning*, chapter 2, as loops over units and examples,
//! for any depth, widths and number of examples.

#![expect(clippy::needless_range_loop, reason = "the books' formulas run over indices")]

use gradus::models::{Activation, Cost, Forward, Init, Network};
use gradus::ops::{
    Arrays, Expr, Graph, Inputs, adjoints, binary_cross_entropy, evaluate, grad, input, matmul,
    squared_error, sum, transpose,
};
use ndarray::{Array2, ArrayD};
use proptest::prelude::*;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

/// The costs under test. The mean over examples stands outside, as in the books.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    /// 1/(2n) Σ ‖y − a‖².
    Quadratic,
    /// Σ ½ (y − a)², the sum over all examples.
    SquaredError,
    /// Cross-entropy of the outputs.
    Probabilities,
    /// Cross-entropy from the weighted inputs of the outputs.
    Logits,
}

const KINDS: [Kind; 4] = [Kind::Quadratic, Kind::SquaredError, Kind::Probabilities, Kind::Logits];

impl Kind {
    fn of<'g>(self, forward: &Forward<'g>, y: Expr<'g>) -> Expr<'g> {
        match self {
            Kind::Quadratic => Cost::Quadratic.of(forward, y),
            Kind::SquaredError => squared_error(forward.output(), y),
            Kind::Probabilities => binary_cross_entropy(forward.output(), y),
            Kind::Logits => Cost::CrossEntropy.of(forward, y),
        }
    }

    /// What the cost of one example is multiplied by in the cost of all.
    fn weight(self, examples: usize) -> f64 {
        if self == Kind::SquaredError { 1.0 } else { 1.0 / examples as f64 }
    }
}

/// One example's errors and the gradients they give, layer by layer.
struct ByHand {
    delta: Vec<Vec<f64>>,
    /// ∂C/∂w of the mean cost.
    dw: Vec<Vec<Vec<f64>>>,
    /// ∂C/∂b of the mean cost.
    db: Vec<Vec<f64>>,
}

fn sigma(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

/// Backpropagation by the four equations, in loops over units, added up over the examples.
fn by_hand(
    kind: Kind, sizes: &[usize], state: &Arrays<f64>, x: &Array2<f64>, y: &Array2<f64>,
) -> (Vec<ByHand>, ByHand) {
    let layers = sizes.len() - 1;
    let w = |l: usize, j: usize, i: usize| state[&format!("w{}", l + 2)][[j, i]];
    let b = |l: usize, j: usize| state[&format!("b{}", l + 2)][[j]];
    let weight = kind.weight(x.nrows());
    let mut total = ByHand {
        delta: Vec::new(),
        dw: (0..layers).map(|l| vec![vec![0.0; sizes[l]]; sizes[l + 1]]).collect(),
        db: (0..layers).map(|l| vec![0.0; sizes[l + 1]]).collect(),
    };
    let mut examples = Vec::new();
    for (x, y) in x.outer_iter().zip(y.outer_iter()) {
        // Forward: z_j = Σ_i w_ji a_i + b_j, a_j = σ(z_j).
        let mut a = vec![x.to_vec()];
        let mut z = Vec::new();
        for l in 0..layers {
            let mut z_l = Vec::new();
            for j in 0..sizes[l + 1] {
                let mut sum = b(l, j);
                for i in 0..sizes[l] {
                    sum += w(l, j, i) * a[l][i];
                }
                z_l.push(sum);
            }
            a.push(z_l.iter().map(|&z| sigma(z)).collect());
            z.push(z_l);
        }
        let slope = |l: usize, j: usize| sigma(z[l][j]) * (1.0 - sigma(z[l][j]));
        let mut delta = vec![Vec::new(); layers];
        // BP1: δ_j = ∂C/∂a_j σ'(z_j) at the output; for the cross-entropy that is a_j − y_j.
        for j in 0..sizes[layers] {
            let error = a[layers][j] - y[j];
            delta[layers - 1].push(match kind {
                Kind::Quadratic | Kind::SquaredError => error * slope(layers - 1, j),
                Kind::Probabilities | Kind::Logits => error,
            });
        }
        // BP2: δ_i of a layer = Σ_j δ_j w_ji of the next, times σ'(z_i).
        for l in (0..layers - 1).rev() {
            for i in 0..sizes[l + 1] {
                let mut sum = 0.0;
                for j in 0..sizes[l + 2] {
                    sum += delta[l + 1][j] * w(l + 1, j, i);
                }
                let error = sum * slope(l, i);
                delta[l].push(error);
            }
        }
        // BP3: ∂C/∂b_j = δ_j. BP4: ∂C/∂w_ji = δ_j a_i of the layer before.
        for l in 0..layers {
            for j in 0..sizes[l + 1] {
                total.db[l][j] += weight * delta[l][j];
                for i in 0..sizes[l] {
                    total.dw[l][j][i] += weight * delta[l][j] * a[l][i];
                }
            }
        }
        examples.push(ByHand { delta, dw: Vec::new(), db: Vec::new() });
    }
    (examples, total)
}

fn close(got: f64, want: f64) -> Result<(), TestCaseError> {
    let bound = 1e-12 * want.abs().max(1.0);
    prop_assert!((got - want).abs() <= bound, "{} by the graph, {} by hand", got, want);
    Ok(())
}

/// Data for a network: rows of inputs in [-1, 1] and of targets in [0, 1].
fn draw(sizes: &[usize], examples: usize, random: &mut ChaCha8Rng) -> (Array2<f64>, Array2<f64>) {
    let mut rows = |columns, low: f64| {
        Array2::from_shape_simple_fn((examples, columns), || random.random_range(low..1.0))
    };
    (rows(sizes[0], -1.0), rows(sizes[sizes.len() - 1], 0.0))
}

proptest! {
    #[test]
    fn the_graph_backpropagates_as_the_books_do(
        sizes in prop::collection::vec(1..6usize, 2..6),
        examples in 1..6usize,
        seed in any::<u64>(),
    ) {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let network = Network::dense(&sizes, Activation::Sigmoid).unwrap();
        let state: Arrays<f64> = Init::Normal.draw_all(&network, &mut random);
        let (x, y) = draw(&sizes, examples, &mut random);
        for kind in KINDS {
            let (per_example, total) = by_hand(kind, &sizes, &state, &x, &y);
            let g = Graph::new();
            let rows = |name, k: usize| input(&g, name, ("n", sizes[k]));
            let forward = network.forward(rows("x", 0));
            let cost = kind.of(&forward, rows("y", sizes.len() - 1));
            let parameters: Vec<_> = network.parameters().iter().map(|p| p.node(&g)).collect();
            let all = adjoints(cost, &parameters).unwrap();
            let deltas = forward.z.iter().map(|&z| all.of(z).unwrap());
            let gradients = parameters.iter().map(|&p| all.of(p).unwrap());
            let outputs: Vec<_> = deltas.chain(gradients).collect();
            let inputs = Inputs::new().with_all(&state).with("x", &x).with("y", &y);
            let values: Vec<ArrayD<f64>> = evaluate(&outputs, &inputs).unwrap();
            let layers = sizes.len() - 1;
            for l in 0..layers {
                for (k, example) in per_example.iter().enumerate() {
                    for (j, delta) in example.delta[l].iter().enumerate() {
                        close(values[l][[k, j]], kind.weight(examples) * delta)?;
                    }
                }
                let (dw, db) = (&values[layers + 2 * l], &values[layers + 2 * l + 1]);
                for j in 0..sizes[l + 1] {
                    close(db[[j]], total.db[l][j])?;
                    for i in 0..sizes[l] {
                        close(dw[[j, i]], total.dw[l][j][i])?;
                    }
                }
            }
        }
    }

    /// The four equations as expressions: what reverse mode writes is, node for node, what one
    /// writes by hand in the same form.
    #[test]
    fn the_four_equations_are_found_in_the_graph(
        sizes in prop::collection::vec(1..6usize, 2..6),
    ) {
        let network = Network::dense(&sizes, Activation::Sigmoid).unwrap();
        let layers = sizes.len() - 1;
        for kind in KINDS {
            let g = Graph::new();
            let x = input(&g, "x", ("n", sizes[0]));
            let forward = network.forward(x);
            let cost = kind.of(&forward, input(&g, "y", ("n", sizes[layers])));
            let parameters: Vec<_> = network.parameters().iter().map(|p| p.node(&g)).collect();
            let all = adjoints(cost, &parameters).unwrap();
            let delta = |l: usize| all.of(forward.z[l]).unwrap();
            // BP1, where the cost reaches the outputs through their activations.
            if kind != Kind::Logits {
                let a = forward.output();
                let [nabla] = grad(cost, [a]);
                prop_assert_eq!(delta(layers - 1), nabla * a * (1.0 - a));
            }
            for l in 0..layers {
                let (w, b) = (parameters[2 * l], parameters[2 * l + 1]);
                let before = if l == 0 { x } else { forward.a[l - 1] };
                if l > 0 {
                    // BP2. The layer multiplies by wᵀ, whose transpose is written (wᵀ)ᵀ.
                    let back = matmul(delta(l), transpose(transpose(w)));
                    prop_assert_eq!(delta(l - 1), back * before * (1.0 - before));
                }
                // BP3 and BP4, added up over the examples.
                prop_assert_eq!(all.of(b), Some(sum(delta(l), [0])));
                let dw = transpose(matmul(transpose(before), delta(l)));
                prop_assert_eq!(all.of(w), Some(dw));
            }
        }
    }
}
