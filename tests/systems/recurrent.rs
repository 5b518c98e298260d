//! The recurrent network, against its formula in loops, and its claims over seeds.

use gradus::prelude::*;

use crate::examples::recurrent::{PARAMETERS, additions, right, train, unrolled};

#[test]
fn bits_are_those_of_the_sums() {
    for bits in 1..=5 {
        let (x, y) = additions(bits);
        assert_eq!(x.dim(), (1 << (2 * bits), bits + 1, 2));
        let number = |bits: &mut dyn Iterator<Item = f64>| {
            bits.enumerate().map(|(t, bit)| bit as usize * 2usize.pow(t as u32)).sum::<usize>()
        };
        let mut pairs = std::collections::BTreeSet::new();
        for (x, y) in x.outer_iter().zip(y.outer_iter()) {
            let [a, b] = [0, 1].map(|i| number(&mut (0..=bits).map(|t| x[[t, i]])));
            assert_eq!(number(&mut y.iter().copied()), a + b);
            pairs.insert((a, b));
        }
        assert_eq!(pairs.len(), 1 << (2 * bits), "all pairs");
    }
}

#[test]
fn unrolled_steps_are_the_formula() {
    let (_, parameters) = train(2, 3);
    let [v, u, b, w, c] = PARAMETERS.map(|(name, _)| &parameters[name]);
    let (x, _) = additions(3);
    let g = Graph::new();
    let z = unrolled(&g, input(&g, "x", ("n", 4, 2)), 4);
    let at = Inputs::new().with_all(&parameters).with("x", &x);
    let z = evaluate(&[z], &at).unwrap().remove(0);
    for k in 0..64 {
        let mut h = [0.0; 6];
        for t in 0..4 {
            let unit = |j: usize| {
                let own = v[[j, 0]] * x[[k, t, 0]] + v[[j, 1]] * x[[k, t, 1]] + b[j];
                (own + (0..6).map(|i| u[[j, i]] * h[i]).sum::<f64>()).tanh()
            };
            h = std::array::from_fn(unit);
            let output = c[0] + (0..6).map(|j| w[[0, j]] * h[j]).sum::<f64>();
            assert!((z[[k, t]] - output).abs() < 1e-12, "{k}, step {t}");
        }
    }
}

#[test]
fn taught_with_four_bits_it_adds_eight() {
    let (costs, parameters) = train(1, 2000);
    assert!(costs[0] > 1.0 && costs[1999] < 0.1, "{} to {}", costs[0], costs[1999]);
    assert_eq!([1, 4, 8].map(|bits| right(&parameters, bits)), [4, 256, 65_536]);
}

#[test]
fn most_seeds_learn_to_add() {
    let all: Vec<_> = (1..=20).map(|seed| train(seed, 2000).1).collect();
    let count = |bits: usize| all.iter().filter(|at| right(at, bits) == 1 << (2 * bits)).count();
    let (four, eight) = (count(4), count(8));
    println!("of 20 seeds {four} add all numbers of four bits, {eight} all of eight");
    assert!((14..=19).contains(&four) && (7..=13).contains(&eight), "{four}, {eight}");
    assert!(right(&train(1, 0).1, 4) < 100, "and none from the start");
}
