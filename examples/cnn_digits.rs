//! A convolutional network learns 1, 2 and 3: 96 pictures of 6×6, 69 parameters, gradient descent on
//! the sum of errors.
//!
//! ```text
//! cargo run --release --example cnn_digits -- --out target/pictures
//! ```

use gradus::ndarray::{Array2, Array4, arr0};
use gradus::prelude::*;

mod out;
#[path = "pictures/cnn_digits.rs"]
pub mod pictures;

mod pixels;
use pixels::{Picture, arrays, read, right};

/// The learning rate, on the sum of the errors.
pub const ETA: f64 = 0.2;

/// Names and shapes of the parameters: filters, their biases; output weights, their biases.
pub const PARAMETERS: [(&str, &[usize]); 4] =
    [("wF", &[3, 1, 3, 3]), ("bF", &[3]), ("wO", &[3, 12]), ("bO", &[3])];

/// What a training has done.
pub struct Run {
    /// C_T before each step, and at the end.
    pub costs: Vec<f64>,
    /// How many pictures are read right, before each step and at the end.
    pub right: Vec<usize>,
    /// The parameters at the end.
    pub parameters: Arrays<f64>,
}

/// Parameters drawn from N(0, 1): a stream of numbers for each, of the seed.
pub fn draw(seed: u32) -> Arrays<f64> {
    let g = Graph::new();
    let seed = constant(&g, f64::from(seed));
    let drawn = (0..).zip(PARAMETERS).map(|(k, (_, shape))| random_normal(seed, k, shape));
    let values = evaluate(&drawn.collect::<Vec<_>>(), &Inputs::new()).expect("no inputs");
    PARAMETERS.iter().map(|(name, _)| (*name).to_owned()).zip(values).collect()
}

/// So many steps of gradient descent on C_T = Σ_k ½ Σ_n (t_n − a^O_n)², for each seed.
pub fn train(pictures: &[Picture], seeds: impl IntoIterator<Item = u32>, steps: usize) -> Vec<Run> {
    let g = Graph::new();
    let (x, t) = (input(&g, "x", ("n", 1, 6, 6)), input(&g, "t", ("n", 3)));
    let all = PARAMETERS.map(|(name, shape)| param(&g, name, shape));
    let [w_f, b_f, w_o, b_o] = all;
    let maps = conv2d(x, w_f, Convolution::default());
    let a_f = sigmoid(maps + broadcast(b_f, [0, 2, 3], maps.shape()));
    let a_p = reshape(max_pool2d(a_f, Pooling::new(2, 2)), ("n", 12));
    let a_o = sigmoid(matmul(a_p, transpose(w_o)) + b_o);
    let total = sum_all(0.5 * square(t - a_o));
    let (slopes, eta) = (grad(total, all), input(&g, "eta", ()));
    let updates: Vec<_> =
        (0..4).map(|k| (PARAMETERS[k].0.to_owned(), all[k] - eta * slopes[k])).collect();
    let mut plan = compile(&[total, a_o], &updates).expect("updates of four parameters");

    let ((x, targets), eta) = (arrays(pictures, 1, 3), arr0(ETA));
    let x: Array4<f64> =
        x.into_shape_with_order((pictures.len(), 1, 6, 6)).expect("36 pixels each");
    let inputs = Inputs::new().with("x", &x).with("t", &targets).with("eta", &eta);
    let mut run = |seed| {
        let mut run = Run { costs: Vec::new(), right: Vec::new(), parameters: draw(seed) };
        for step in 0..=steps {
            let mut state = run.parameters.clone();
            let values = plan.step(&mut state, &inputs).expect("an array for each input");
            let outputs: Array2<f64> = values[1].clone().into_dimensionality().expect("rows");
            run.costs.push(values[0].sum());
            run.right.push(right(&outputs, &targets));
            if step < steps {
                run.parameters = state;
            }
        }
        run
    };
    seeds.into_iter().map(&mut run).collect()
}

fn main() {
    let pictures = read("one_two_three.txt", 6, 6).expect("96 pictures");
    let run = train(&pictures, [1], 300).remove(0);
    println!("seed 1     C_T    right of 96");
    for k in [0, 5, 10, 20, 50, 100, 150, 200, 250, 300] {
        println!("step {k:3} {:8.4} {:8}", run.costs[k], run.right[k]);
    }

    println!("\nThe filters:");
    let filters = &run.parameters["wF"];
    for p in 0..3 {
        let row =
            |k: usize| (0..3).map(|q| format!("{:6.2}", filters[[k, 0, p, q]])).collect::<String>();
        println!("  {}   {}   {}", row(0), row(1), row(2));
    }

    let runs = train(&pictures, 1..=100, 500);
    println!("\nOf the seeds 1 to 100, those with so many right after");
    println!("              96     ≥ 95     ≥ 90");
    for k in [50, 100, 200, 300, 500] {
        let share = |least| runs.iter().filter(|run| run.right[k] >= least).count();
        println!("{k:5} steps {:5} {:8} {:8}", share(96), share(95), share(90));
    }
    out::write(|| pictures::all(&pictures, &run, &runs));
}
