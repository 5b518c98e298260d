//! The demons' network learns: 64 pictures, 47 parameters, gradient descent on the sum of errors.
//!
//! ```text
//! cargo run --release --example demons_learn -- --out target/pictures
//! ```

use gradus::ndarray::{Array2, arr0};
use gradus::prelude::*;

mod out;
#[path = "pictures/demons_learn.rs"]
pub mod pictures;

mod pixels;
use pixels::{Picture, arrays, read, right};

/// The learning rate, on the sum of the errors.
pub const ETA: f64 = 0.2;

/// Names and shapes of the parameters.
pub const PARAMETERS: [(&str, &[usize]); 4] =
    [("w2", &[3, 12]), ("b2", &[3]), ("w3", &[2, 3]), ("b3", &[2])];

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

/// So many steps of gradient descent on C_T = Σ_k ½{(t₁ − a³₁)² + (t₂ − a³₂)²}, for each seed.
pub fn train(pictures: &[Picture], seeds: impl IntoIterator<Item = u32>, steps: usize) -> Vec<Run> {
    let g = Graph::new();
    let (x, t) = (input(&g, "x", ("n", 12)), input(&g, "t", ("n", 2)));
    let [w2, b2, w3, b3] = PARAMETERS.map(|(name, shape)| param(&g, name, shape));
    let a2 = sigmoid(matmul(x, transpose(w2)) + b2);
    let a3 = sigmoid(matmul(a2, transpose(w3)) + b3);
    let total = sum_all(0.5 * square(t - a3));
    let slopes = grad(total, [w2, b2, w3, b3]);
    let updates: Vec<_> = (0..4)
        .map(|k| {
            (PARAMETERS[k].0.to_owned(), [w2, b2, w3, b3][k] - input(&g, "eta", ()) * slopes[k])
        })
        .collect();
    let mut plan = compile(&[total, a3], &updates).expect("updates of four parameters");

    let ((x, targets), eta) = (arrays(pictures, 0, 2), arr0(ETA));
    let inputs = Inputs::new().with("x", &x).with("t", &targets).with("eta", &eta);
    let mut run = |seed| {
        let mut run = Run { costs: Vec::new(), right: Vec::new(), parameters: draw(seed) };
        for step in 0..=steps {
            let mut state = run.parameters.clone();
            let values = plan.step(&mut state, &inputs).expect("an array for each input");
            let outputs: Array2<f64> =
                values[1].clone().into_dimensionality().expect("two outputs");
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

/// How many of the patterns that the demons like, pixels 4 and 7, 5 and 8, 6 and 9, some hidden unit
/// has learned: its two weights of largest size are there, and of one sign.
pub fn patterns_found(parameters: &Arrays<f64>) -> usize {
    let w2 = &parameters["w2"];
    let likes = |j: usize, [a, b]: [usize; 2]| {
        let least = w2[[j, a]].abs().min(w2[[j, b]].abs());
        let others = (0..12).filter(|&i| i != a && i != b);
        w2[[j, a]] * w2[[j, b]] > 0.0 && others.map(|i| w2[[j, i]].abs()).all(|w| w < least)
    };
    let found = |&pattern: &[usize; 2]| (0..3).any(|j| likes(j, pattern));
    [[3, 6], [4, 7], [5, 8]].iter().filter(|pattern| found(pattern)).count()
}

fn main() {
    let pictures = read("zeros_and_ones.txt", 4, 3).expect("64 pictures");
    let run = train(&pictures, [1], 50).remove(0);
    println!("seed 1     C_T    right of 64");
    for k in (0..=50).step_by(5) {
        println!("step {k:2} {:8.4} {:8}", run.costs[k], run.right[k]);
    }

    println!("\nThe weights of the hidden units, as pixels:");
    let w2 = &run.parameters["w2"];
    for row in 0..4 {
        let unit =
            |j: usize| (0..3).map(|i| format!("{:6.2}", w2[[j, 3 * row + i]])).collect::<String>();
        println!("  {}   {}   {}", unit(0), unit(1), unit(2));
    }

    let runs = train(&pictures, 1..=100, 200);
    println!("\nOf the seeds 1 to 100, those with so many right after");
    println!("            64     ≥ 63     ≥ 60");
    for k in [10, 20, 50, 100, 200] {
        let share = |least| runs.iter().filter(|run| run.right[k] >= least).count();
        println!("{k:4} steps {:4} {:8} {:8}", share(64), share(63), share(60));
    }
    println!(
        "\nSeeds in which hidden units have come to like what the demons like, after 200 steps:"
    );
    for found in 0..=3 {
        let seeds = runs.iter().filter(|run| patterns_found(&run.parameters) == found).count();
        println!("  {found} of the three patterns: {seeds}");
    }
    out::write(|| pictures::all(&run, &runs));
}
