//! A recurrent network, unrolled: it learns to add two binary numbers, bit by bit from the lowest,
//! with the carry in its six hidden units. Taught with numbers of four bits, it adds those of eight.
//!
//! ```text
//! cargo run --release --example recurrent -- --out target/pictures
//! ```

use gradus::ndarray::{Array2, Array3};
use gradus::prelude::*;

mod out;
#[path = "pictures/recurrent.rs"]
pub mod pictures;

/// How many hidden units there are.
const HIDDEN: usize = 6;

/// Names and shapes of the parameters: from the inputs and from the step before to the hidden units,
/// their biases; from them to the output, its bias.
pub const PARAMETERS: [(&str, &[usize]); 5] = [
    ("v", &[HIDDEN, 2]),
    ("u", &[HIDDEN, HIDDEN]),
    ("b", &[HIDDEN]),
    ("w", &[1, HIDDEN]),
    ("c", &[1]),
];

/// The weighted inputs of the output unit at each of so many steps [n, steps], for bits x
/// [n, steps, 2]: h_t = tanh(V x_t + U h_{t−1} + b) with h_0 = 0, z_t = w·h_t + c.
pub fn unrolled<'g>(g: &'g Graph, x: Expr<'g>, steps: usize) -> Expr<'g> {
    let [v, u, b, w, c] = PARAMETERS.map(|(name, shape)| param(g, name, shape));
    let mut hidden: Option<Expr<'g>> = None;
    let mut outputs = Vec::new();
    for t in 0..steps {
        let bits = reshape(slice(x, 1, t..t + 1), ("n", 2));
        let own = matmul(bits, transpose(v)) + b;
        let h = tanh(hidden.map_or(own, |before| own + matmul(before, transpose(u))));
        outputs.push(matmul(h, transpose(w)) + c);
        hidden = Some(h);
    }
    concat(&outputs, 1)
}

/// All pairs of numbers with so many bits: a row of pairs of bits, the lowest first, and a pair of
/// zeros at the end; and the bits of their sums.
pub fn additions(bits: usize) -> (Array3<f64>, Array2<f64>) {
    let count = 1 << (2 * bits);
    let numbers = |k: usize| [k >> bits, k & ((1 << bits) - 1)];
    let bit = |number: usize, t: usize| (number >> t & 1) as f64;
    let x = Array3::from_shape_fn((count, bits + 1, 2), |(k, t, i)| bit(numbers(k)[i], t));
    let y = Array2::from_shape_fn((count, bits + 1), |(k, t)| bit(numbers(k).iter().sum(), t));
    (x, y)
}

/// So many steps of gradient descent on all additions of four bits, from N(0, 1): the costs, and the
/// parameters at the end.
pub fn train(seed: u32, steps: usize) -> (Vec<f64>, Arrays<f64>) {
    let g = Graph::new();
    let (x, y) = (input(&g, "x", ("n", 5, 2)), input(&g, "y", ("n", 5)));
    let cost = binary_cross_entropy_with_logits(unrolled(&g, x, 5), y);
    let parameters = PARAMETERS.map(|(name, shape)| param(&g, name, shape));
    let slopes = grad(cost, parameters);
    let updates: Vec<_> = (0..PARAMETERS.len())
        .map(|k| (PARAMETERS[k].0.to_owned(), parameters[k] - 0.2 * slopes[k]))
        .collect();
    let mut plan = compile(&[cost], &updates).expect("updates of five parameters");

    let seed = constant(&g, f64::from(seed));
    let drawn = (0..).zip(PARAMETERS).map(|(k, (_, shape))| random_normal(seed, k, shape));
    let values = evaluate(&drawn.collect::<Vec<_>>(), &Inputs::new()).expect("no inputs");
    let mut state = PARAMETERS.iter().map(|(name, _)| (*name).to_owned()).zip(values).collect();
    let (x, y) = additions(4);
    let inputs = Inputs::new().with("x", &x).with("y", &y);
    let mut step = || plan.step(&mut state, &inputs).expect("an array for each input")[0].sum();
    let costs = (0..steps).map(|_| step()).collect();
    (costs, state)
}

/// In how many of all additions of so many bits every bit of the sum is right.
pub fn right(parameters: &Arrays<f64>, bits: usize) -> usize {
    let g = Graph::new();
    let z = unrolled(&g, input(&g, "x", ("n", bits + 1, 2)), bits + 1);
    let (x, y) = additions(bits);
    let mut plan = compile(&[z], &[]).expect("nothing is updated");
    let inputs = Inputs::new().with_all(parameters).with("x", &x);
    let z = &plan.step(&mut Arrays::new(), &inputs).expect("an array for each input")[0];
    let rows = z.outer_iter().zip(y.outer_iter());
    rows.filter(|(z, y)| z.iter().zip(y).all(|(z, y)| (*z > 0.0) == (*y == 1.0))).count()
}

fn main() {
    let (costs, parameters) = train(1, 2000);
    println!("seed 1     cost");
    for k in [0, 100, 300, 600, 1000, 1999] {
        println!("step {k:4}  {:.4}", costs[k]);
    }
    println!("\nbits   sums that are right");
    for bits in [1, 2, 4, 6, 8] {
        println!("{bits:4} {:7} of {}", right(&parameters, bits), 1 << (2 * bits));
    }
    let (costs, all): (Vec<_>, Vec<_>) = (1..=20).map(|seed| train(seed, 2000)).unzip();
    let (four, eight): (Vec<_>, Vec<_>) =
        all.iter().map(|p| (right(p, 4) == 256, right(p, 8) == 65_536)).unzip();
    let count = |right: &[bool]| right.iter().filter(|right| **right).count();
    println!(
        "\nOf the seeds 1 to 20, {} add all numbers of four bits, and {} all of eight,",
        count(&four),
        count(&eight)
    );
    println!("which they have never seen.");
    out::write(|| pictures::all(&costs));
}
