//! Laws over random graphs: every operation of the table, every broadcast pattern of up to three
//! axes, every node used twice; forward against reverse to second order. Deep ones are in
//! `deep_graphs.rs`.

#[path = "random/build.rs"]
mod build;

use build::{CHOICES, build, point};
use gradus::ops::*;
use proptest::prelude::*;

#[test]
fn every_step_alone_agrees_forward_and_reverse_and_with_differences() {
    for choice in 0..CHOICES {
        for (a, b) in [(0, 0), (0, 1), (1, 2), (2, 3), (3, 0)] {
            let g = Graph::new();
            let (inputs, cost) = build(&g, &[(choice, a, b)]);
            let report = Check::new(&[cost], &inputs).run(&point(7)).unwrap();
            assert!(report.passed(), "step {choice} of {a} and {b}\n{report}");
        }
    }
}

#[test]
fn the_steps_and_their_derivatives_use_every_operation() {
    let g = Graph::new();
    let (inputs, cost) = build(&g, &(0..CHOICES).map(|k| (k, k, k + 1)).collect::<Vec<_>>());
    let gradient = try_grad(cost, &inputs).unwrap();
    let tangents: Vec<_> = inputs.iter().map(|&x| (x, x)).collect();
    jvp(&gradient, &tangents);
    let used: Vec<&str> = g.petgraph().node_weights().map(|node| node.op.card().name).collect();
    let unused = Op::CARDS.iter().map(|card| card.name).filter(|name| !used.contains(name));
    assert_eq!(unused.collect::<Vec<_>>(), [""; 0]);
}

proptest! {
    #[test]
    fn forward_agrees_with_reverse_to_second_order(
        steps in prop::collection::vec((0..CHOICES, any::<usize>(), any::<usize>()), 1..12),
        seed in any::<u64>(),
    ) {
        let g = Graph::new();
        let (inputs, cost) = build(&g, &steps);
        // No finite differences: a random point may be next to a kink.
        let check = Check::new(&[cost], &inputs).only(&[Test::Modes]).directions(1).seed(seed);
        let report = check.run(&point(seed)).unwrap();
        prop_assert_eq!(report.differences.len(), 2);
        prop_assert!(report.failures().next().is_none(), "{}", report);
    }
}
