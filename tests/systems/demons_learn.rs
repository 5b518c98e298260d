//! The demons' network learning, against backpropagation in loops, and its claims over many seeds.

use gradus::ndarray::ArrayD;
use gradus::prelude::Arrays;

use crate::examples::demons_learn::{ETA, PARAMETERS, draw, patterns_found, train};
use crate::examples::pixels::{Picture, read};

fn pictures() -> Vec<Picture> {
    read("zeros_and_ones.txt", 4, 3).unwrap()
}

/// C_T, and the parameters after a step, unit by unit with δ.
fn step(pictures: &[Picture], at: &Arrays<f64>) -> (f64, Arrays<f64>) {
    let [w2, b2, w3, b3] = ["w2", "b2", "w3", "b3"].map(|name| &at[name]);
    let sigma = |z: f64| 1.0 / (1.0 + (-z).exp());
    let (mut total, mut next) = (0.0, at.clone());
    let mut change = |name: &str, place: &[usize], slope: f64| {
        next.get_mut(name).unwrap()[place] -= ETA * slope;
    };
    for (digit, x) in pictures {
        let t = if *digit == 0 { [1.0, 0.0] } else { [0.0, 1.0] };
        let z2 = |j: usize| b2[j] + (0..12).map(|i| w2[[j, i]] * x[i]).sum::<f64>();
        let a2: Vec<f64> = (0..3).map(|j| sigma(z2(j))).collect();
        let z3 = |j: usize| b3[j] + (0..3).map(|i| w3[[j, i]] * a2[i]).sum::<f64>();
        let a3: Vec<f64> = (0..2).map(|j| sigma(z3(j))).collect();
        total += ((t[0] - a3[0]).powi(2) + (t[1] - a3[1]).powi(2)) / 2.0;

        let delta3: Vec<f64> = (0..2).map(|j| (a3[j] - t[j]) * a3[j] * (1.0 - a3[j])).collect();
        for (j, delta) in delta3.iter().enumerate() {
            change("b3", &[j], *delta);
            (0..3).for_each(|i| change("w3", &[j, i], delta * a2[i]));
        }
        for i in 0..3 {
            let back = delta3[0] * w3[[0, i]] + delta3[1] * w3[[1, i]];
            let delta2 = back * a2[i] * (1.0 - a2[i]);
            change("b2", &[i], delta2);
            (0..12).for_each(|h| change("w2", &[i, h], delta2 * x[h]));
        }
    }
    (total, next)
}

#[test]
fn there_are_47_parameters() {
    let count: usize = draw(1).values().map(ArrayD::len).sum();
    assert_eq!((count, PARAMETERS.len()), (47, 4));
}

#[test]
fn steps_are_those_of_backpropagation() {
    let run = train(&pictures(), [7], 20).remove(0);
    let mut at = draw(7);
    for cost in &run.costs[..20] {
        let (total, next) = step(&pictures(), &at);
        assert!((cost - total).abs() < 1e-9, "{cost}, not {total}");
        at = next;
    }
    for (name, array) in &run.parameters {
        assert!(array.iter().zip(&at[name]).all(|(a, b)| (a - b).abs() < 1e-9), "{name}");
    }
}

#[test]
fn seed_1_reads_all_64_after_50_steps_and_so_do_nearly_all_seeds() {
    let runs = train(&pictures(), 1..=100, 50);
    assert!(runs[0].right[0] < 60, "not at the start");
    assert_eq!(runs[0].right[50], 64);
    let share = |step: usize| runs.iter().filter(|run| run.right[step] == 64).count();
    println!("all 64 right: {} of 100 seeds after 10 steps, {} after 50", share(10), share(50));
    assert!(share(0) == 0 && (60..=80).contains(&share(10)) && share(50) >= 98);
}

#[test]
fn seeds_are_different_and_repeat() {
    assert_eq!(draw(3), draw(3));
    assert_ne!(draw(3), draw(4));
    assert_ne!(draw(3)["w2"][[0, 0]], draw(3)["b2"][0], "each parameter has a stream of its own");
}

#[test]
fn hidden_units_do_not_learn_the_demons_patterns() {
    // By hand all are there, and a unit that likes one pixel more than these does not count.
    let mut by_hand = draw(1);
    by_hand.get_mut("w2").unwrap().fill(0.1);
    for (j, likes) in [(0, [3, 6]), (1, [5, 8]), (2, [4, 7])] {
        likes.iter().for_each(|&i| by_hand.get_mut("w2").unwrap()[[j, i]] = -2.0);
    }
    assert_eq!(patterns_found(&by_hand), 3);
    by_hand.get_mut("w2").unwrap()[[1, 0]] = 3.0;
    assert_eq!(patterns_found(&by_hand), 2);
    by_hand.get_mut("w2").unwrap()[[2, 4]] = 2.0;
    assert_eq!(patterns_found(&by_hand), 1);

    let runs = train(&pictures(), 1..=100, 200);
    let all = runs.iter().filter(|run| patterns_found(&run.parameters) == 3).count();
    assert!(all <= 5, "all three patterns in {all} of 100 seeds");
}
