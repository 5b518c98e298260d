//! Scalar operations: a plan of them and of their gradient beside the same by hand.

use gradus::ndarray::arr0;
use gradus::ops::{Expr, Graph, grad, input};

use crate::planned::Planned;
use crate::rounds::{Bars, best};

/// How many operations there are: two a step.
const OPERATIONS: usize = 100_000;
const INPUTS: usize = 8;

/// y ← y x + z for inputs x and z that change from step to step.
fn chain<'g>(x: &[Expr<'g>]) -> Expr<'g> {
    (0..OPERATIONS / 2).fold(x[0], |y, k| y * x[k % INPUTS] + x[(k * 3 + 1) % INPUTS])
}

pub fn bench(bars: &mut Bars) {
    let names: [String; INPUTS] = std::array::from_fn(|k| format!("x{k}"));
    let values: [f64; INPUTS] = std::array::from_fn(|k| 0.9 - 0.1 * k as f64);
    let arrays: Vec<_> =
        names.iter().zip(values).map(|(name, x)| (name.as_str(), arr0(x).into_dyn())).collect();
    let mut plan = Planned::new(&arrays, |g: &Graph| -> [Expr<'_>; INPUTS] {
        let x: [_; INPUTS] = std::array::from_fn(|k| input(g, &names[k], ()));
        grad(chain(&x), x)
    });
    let mut hand = ByHand { kept: vec![0.0; OPERATIONS / 2], gradient: [0.0; INPUTS] };
    let times = best(&mut [&mut || _ = plan.run(), &mut || hand.gradient(&values)]);
    for (got, want) in plan.run().iter().zip(hand.gradient) {
        let got = got.sum();
        assert!((got - want).abs() <= 1e-9 * want.abs(), "{got}, not {want}");
    }
    let [plan, hand] = [times[0], times[1]].map(|seconds| seconds * 1e9 / OPERATIONS as f64);
    println!("\nscalar tape, f64, forward and reverse, ns per operation");
    println!("  plan {plan:.2}, by hand {hand:.2}");
    bars.at_most("scalar tape, times by hand", plan / hand, 8.0);
}

/// The values that the reverse sweep reads, and what it finds.
struct ByHand {
    kept: Vec<f64>,
    gradient: [f64; INPUTS],
}

impl ByHand {
    fn gradient(&mut self, x: &[f64; INPUTS]) {
        let x = std::hint::black_box(x);
        let mut y = x[0];
        for (k, kept) in self.kept.iter_mut().enumerate() {
            *kept = y;
            y = y * x[k % INPUTS] + x[(k * 3 + 1) % INPUTS];
        }
        let (mut y_bar, mut x_bar) = (1.0, [0.0; INPUTS]);
        for (k, y) in self.kept.iter().enumerate().rev() {
            x_bar[(k * 3 + 1) % INPUTS] += y_bar;
            x_bar[k % INPUTS] += y_bar * y;
            y_bar *= x[k % INPUTS];
        }
        x_bar[0] += y_bar;
        self.gradient = std::hint::black_box(x_bar);
    }
}
