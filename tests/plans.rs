//! Plans against the reference evaluator: over random graphs, bit for bit where the order of
//! operations is kept.

#[path = "random/build.rs"]
mod build;

use build::{CHOICES, build, point};
use gradus::ops::*;
use gradus::plan::{Numerics, compile};
use proptest::prelude::*;

/// The gradient of a random graph's cost and the derivative of that along the inputs, by a plan and
/// by the reference evaluator.
fn agree(steps: &[(usize, usize, usize)], seed: u64) {
    let g = Graph::new();
    let (inputs, cost) = build(&g, steps);
    let mut outputs = vec![cost];
    outputs.extend(try_grad(cost, &inputs).unwrap());
    let tangents: Vec<_> = inputs.iter().map(|&x| (x, x)).collect();
    let tangents = jvp(&outputs[1..], &tangents);
    outputs.extend(tangents.into_iter().flatten());
    let at = point(seed);
    let given = Inputs::new().with_all(&at);
    let want = evaluate(&outputs, &given).unwrap();
    let mut exact = compile(&outputs, &[]).unwrap().numerics(Numerics::Exact);
    let mut fast = compile(&outputs, &[]).unwrap();
    for _ in 0..2 {
        let got = exact.step(&mut Arrays::new(), &given).unwrap();
        for (k, (got, want)) in got.iter().zip(&want).enumerate() {
            assert_eq!(got.shape(), want.shape());
            let same = |(a, b): (&f64, &f64)| a == b || a.is_nan() && b.is_nan();
            assert!(got.iter().zip(want).all(same), "output {k}, exact\n{got}\n{want}");
        }
        let got = fast.step(&mut Arrays::new(), &given).unwrap();
        for (k, (got, want)) in got.iter().zip(&want).enumerate() {
            let largest = want.iter().fold(1.0, |largest: f64, x| largest.max(x.abs()));
            let close = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-11 * largest;
            assert!(got.iter().zip(want).all(close), "output {k}, fast\n{got}\n{want}");
        }
    }
}

#[test]
fn every_step_alone_agrees() {
    for choice in 0..CHOICES {
        for (a, b) in [(0, 0), (0, 1), (1, 2), (2, 3), (3, 0)] {
            agree(&[(choice, a, b)], 7);
        }
    }
}

proptest! {
    #[test]
    fn random_graphs_agree(
        steps in prop::collection::vec((0..CHOICES, any::<usize>(), any::<usize>()), 1..12),
        seed in any::<u64>(),
    ) {
        agree(&steps, seed);
    }
}
