//! Passes that reduce what they have computed.

use super::*;

/// Reductions over choices of three axes, of two values of one chain, the first of which is perhaps
/// an output, too.
fn endings_agree<T: Real>(sizes: [usize; 3], choices: [usize; 3], seen: bool, seed: u64) {
    let g = Graph::new();
    let (x, row) = (input(&g, "x", sizes), input(&g, "row", [sizes[2]]));
    let a = tanh(x) * row;
    let b = square(a) - x;
    let reduced = |choice: usize, x| match choice {
        0 => sum(x, [0]),
        1 => sum(x, [1]),
        2 => sum(x, [2]),
        3 => sum(x, [0, 1]),
        4 => sum(x, [1, 2]),
        5 => sum_all(x),
        6 => max(x, [0]),
        7 => max(x, [1]),
        8 => max(x, [2]),
        _ => max(x, [0, 1, 2]),
    };
    let mut outputs = vec![reduced(choices[0], a), reduced(choices[1], a), reduced(choices[2], b)];
    outputs.extend(seen.then_some(a));
    let arrays = [random::<T>(&sizes, seed), random(&[sizes[2]], seed + 1)];
    agree(&outputs, &Inputs::new().with("x", &arrays[0]).with("row", &arrays[1]), 1e3);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn passes_with_reductions_agree(
        sizes in prop::array::uniform3(1usize..24), choices in prop::array::uniform3(0usize..10),
        seen: bool, seed in 0u64..1000,
    ) {
        endings_agree::<f64>(sizes, choices, seen, seed);
        endings_agree::<f32>(sizes, choices, seen, seed);
    }
}

/// A reduction is done by the pass, and nothing is stored for it; unless what belongs together is
/// more than a tile.
#[test]
fn a_pass_ends_with_reductions() {
    let described = |sizes: [usize; 2], axis: usize| {
        let g = Graph::new();
        let x = input(&g, "x", sizes);
        let mut plan = compile::<f32>(&[sum(exp(x), [axis])], &[]).unwrap();
        let at = random(&sizes, 1);
        plan.step(&mut Arrays::new(), &Inputs::new().with("x", &at)).unwrap();
        plan.describe()
    };
    for (sizes, axis) in [([70, 90], 0), ([70, 90], 1), ([3000, 20], 0), ([20, 1000], 1)] {
        let text = described(sizes, axis);
        assert!(text.contains("pass and a reduction"), "{text}");
        assert_eq!(text.matches("not fused").count(), 1, "only the output is stored: {text}");
    }
    for (sizes, axis) in [([20, 3000], 0), ([20, 3000], 1)] {
        let text = described(sizes, axis);
        assert!(text.contains("needed by sum"), "{text}");
    }
}

/// What a sum of a NaN, an infinity and a large number is does not depend on where the tiles end.
#[test]
fn numbers_at_the_edges_are_reduced() {
    let g = Graph::new();
    let x = input(&g, "x", [1000]);
    let outputs = [sum_all(2.0 * x), max(2.0 * x, [0]), sum_all(1.0 + x)];
    for (place, value) in [(0, f64::NAN), (999, f64::INFINITY), (511, 1e300), (512, -1e300)] {
        let mut at = random::<f64>(&[1000], 1);
        at[place] = value;
        agree(&outputs, &Inputs::new().with("x", &at), 1e3);
    }
}

/// Reductions of passes that are long enough to be divided.
#[test]
fn endings_do_not_depend_on_the_number_of_threads() {
    let g = Graph::new();
    let x = input(&g, "x", [301, 500]);
    let y = tanh(x) * exp(x);
    let outputs = [sum_all(y), sum(y, [0]), sum(y, [1]), max(y, [0]), max(y + x, [0, 1])];
    let at = random::<f32>(&[301, 500], 3);
    let given = Inputs::new().with("x", &at);
    threads::threads_agree(&outputs, &[], &Arrays::new(), &given, Numerics::Fast);
    agree(&outputs, &given, 4e3);
}
