//! Products and convolutions with a pass behind them.

use super::*;

/// Activation functions of one operation and of several, and with a second array.
fn activations<'g>(z: Expr<'g>, other: Expr<'g>) -> [Expr<'g>; 4] {
    [relu(z), z * sigmoid(z), tanh(z) * other, exp(-square(z)) + sin(other) * z]
}

/// How often a plan for these outputs has a pass as an epilogue.
fn epilogues<T: Real>(outputs: &[Expr<'_>], given: &Inputs<'_, T>) -> usize {
    let mut plan = compile::<T>(outputs, &[]).unwrap();
    plan.step(&mut Arrays::new(), given).unwrap();
    plan.describe().matches(", then a pass").count()
}

/// A product with a bias, one whose second factor lies by columns, and one of stacks.
fn products_agree<T: Real>([m, n, k]: [usize; 3], choice: usize, seed: u64) {
    let g = Graph::new();
    let (a, b, bt) = (input(&g, "a", [m, k]), input(&g, "b", [k, n]), input(&g, "bt", [n, k]));
    let (stack, bias) = (input(&g, "stack", [3, m, k]), input(&g, "bias", [n]));
    let other = input(&g, "other", [m, n]);
    let stacked = matmul(stack, broadcast(b, [0], [3, k, n]));
    let outputs = [
        activations(matmul(a, b) + bias, other)[choice],
        activations(matmul(a, transpose(bt)), other)[choice],
        activations(stacked, broadcast(other, [0], [3, m, n]))[choice],
    ];
    let shapes: [&[usize]; 6] = [&[m, k], &[k, n], &[n, k], &[3, m, k], &[n], &[m, n]];
    let arrays: Vec<_> = shapes.iter().zip(seed..).map(|(s, seed)| random::<T>(s, seed)).collect();
    let names = ["a", "b", "bt", "stack", "bias", "other"];
    let given = names.iter().zip(&arrays).fold(Inputs::new(), |g, (name, a)| g.with(name, a));
    agree(&outputs, &given, 30.0 * k as f64 + 100.0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn small_products_with_epilogues_agree(
        sizes in prop::array::uniform3(1usize..90), choice in 0usize..4, seed in 0u64..1000,
    ) {
        products_agree::<f64>(sizes, choice, seed);
        products_agree::<f32>(sizes, choice, seed);
    }

    #[test]
    fn convolutions_with_epilogues_agree(
        examples in 1usize..4, groups in 1usize..3, maps in 1usize..4, size in 5usize..14,
        stride in 1usize..3, choice in 0usize..4, seed in 0u64..1000,
    ) {
        let convolution = Convolution { groups, stride: [stride, 1], ..Convolution::default() };
        let sizes = [examples, 2 * groups, size, size + 1];
        let filters = [maps * groups, 2, 3, 2];
        convolutions_agree::<f64>(convolution, sizes, filters, choice, seed);
        convolutions_agree::<f32>(convolution, sizes, filters, choice, seed);
    }
}

/// A convolution, and its adjoint to the picture.
fn convolutions_agree<T: Real>(
    convolution: Convolution, sizes: [usize; 4], filters: [usize; 4], choice: usize, seed: u64,
) {
    let g = Graph::new();
    let (x, w) = (input(&g, "x", sizes), input(&g, "w", filters));
    let maps = conv2d(x, w, convolution);
    let shape: Vec<usize> = maps.shape().dims().iter().map(Dim::size).collect();
    let (bias, other) = (input(&g, "bias", [filters[0]]), input(&g, "other", shape.as_slice()));
    let y = activations(maps + broadcast(bias, [0, 2, 3], maps.shape()), other)[choice];
    let [back] = grad(sum_all(maps * other), [x]);
    let shapes: [&[usize]; 4] = [&sizes, &filters, &[filters[0]], &shape];
    let arrays: Vec<_> = shapes.iter().zip(seed..).map(|(s, seed)| random::<T>(s, seed)).collect();
    let names = ["x", "w", "bias", "other"];
    let given = names.iter().zip(&arrays).fold(Inputs::new(), |g, (name, a)| g.with(name, a));
    agree(&[y, activations(back, x)[choice]], &given, 1e3);
}

/// Products in parts of the rows and of the columns, packed, and turned; convolutions of pictures in
/// bands. All have epilogues, but what is turned in fewer registers than the pass needs; and two
/// threads give the same bits.
#[test]
fn large_epilogues_do_not_depend_on_the_number_of_threads() {
    fn check<T: Real>([m, n, k]: [usize; 3], turned: bool) {
        let g = Graph::new();
        let factor = if turned { [n, k] } else { [k, n] };
        let (a, b) = (input(&g, "a", [m, k]), input(&g, "b", factor));
        let (other, last) = (input(&g, "other", [m, n]), input(&g, "last", [n, 2]));
        let sizes: [&[usize]; 4] = [&[m, k], &factor, &[m, n], &[n, 2]];
        let arrays: Vec<_> = sizes.iter().zip(1..).map(|(s, seed)| random::<T>(s, seed)).collect();
        let names = ["a", "b", "other", "last"];
        let given = names.iter().zip(&arrays).fold(Inputs::new(), |g, (name, a)| g.with(name, a));
        let z = matmul(a, if turned { transpose(b) } else { b });
        for (which, y) in activations(z, other).into_iter().enumerate() {
            // As an output, and in the place of what the product has written.
            for y in [y, matmul(y, last)] {
                let count = epilogues(&[y], &given);
                assert_eq!(count, usize::from(!turned || which < 3), "{:?}, {which}", [m, n, k]);
                threads::threads_agree(&[y], &[], &Arrays::new(), &given, Numerics::Fast);
                agree(&[y], &given, 30.0 * k as f64 + 4.0 * n as f64);
            }
        }
    }
    check::<f32>([5000, 20, 11], false);
    check::<f64>([3001, 20, 30], false);
    check::<f32>([64, 300, 400], false);
    check::<f64>([300, 64, 400], false);
    check::<f32>([70, 1200, 900], false);
    check::<f32>([20_000, 8, 32], true);

    let g = Graph::new();
    let (x, w) = (input(&g, "x", [4, 4, 150, 300]), input(&g, "w", [4, 2, 5, 5]));
    let last = input(&g, "last", [1, 4, 1, 1]);
    let groups = Convolution { groups: 2, ..Convolution::default() };
    let maps = conv2d(x, w, groups);
    let [back] = grad(sum_all(maps), [x]);
    let shapes: [&[usize]; 3] = [&[4, 4, 150, 300], &[4, 2, 5, 5], &[1, 4, 1, 1]];
    let arrays: Vec<_> = shapes.iter().zip(1..).map(|(s, seed)| random::<f32>(s, seed)).collect();
    let given = Inputs::new().with("x", &arrays[0]).with("w", &arrays[1]).with("last", &arrays[2]);
    let outputs = [tanh(maps), back * sigmoid(x)];
    let in_place = outputs.map(|y| conv2d(tanh(y), last, Convolution::default()));
    for outputs in [outputs, in_place] {
        assert_eq!(epilogues(&outputs, &given), 2);
        threads::threads_agree(&outputs, &[], &Arrays::new(), &given, Numerics::Fast);
        agree(&outputs, &given, 1e3);
    }
}

/// A small network that is computed with its examples last, in rounds and at once: its convolutions
/// have epilogues.
#[test]
fn convolutions_with_the_examples_last_have_epilogues() {
    fn check<T: Real>(choice: usize) {
        let g = Graph::new();
        let x = input(&g, "x", ("n", 1, 7, 8));
        let (w, v) = (input(&g, "w", [3, 1, 2, 3]), input(&g, "v", [2, 3, 3, 2]));
        let bias = input(&g, "bias", [3]);
        let maps = conv2d(x, w, Convolution::default());
        let y = maps + broadcast(bias, [0, 2, 3], maps.shape());
        let y = activations(y, 0.5 * y + 1.0)[choice];
        let z = tanh(conv2d(y, v, Convolution::default()));
        let outputs = [z, grad(sum_all(z * z), [x])[0]];
        let shapes: [&[usize]; 4] = [&[50, 1, 7, 8], &[3, 1, 2, 3], &[2, 3, 3, 2], &[3]];
        let arrays: Vec<_> = shapes.iter().zip(1..).map(|(s, seed)| random::<T>(s, seed)).collect();
        let names = ["x", "w", "v", "bias"];
        let given = names.iter().zip(&arrays).fold(Inputs::new(), |g, (name, a)| g.with(name, a));
        agree(&outputs, &given, 3e3);
        for round in [17, 50] {
            let mut plan = compile::<T>(&outputs, &[]).unwrap().round(round);
            let got = plan.step(&mut Arrays::new(), &given).unwrap().to_vec();
            let text = plan.describe();
            for conv in ["convolution 1→3 2×3 × ", "convolution, to its input 2→3 3×2 × "] {
                let line = text.lines().find(|line| line.contains(conv)).unwrap();
                assert!(line.contains(", then a pass"), "{text}");
            }
            for (got, want) in got.iter().zip(evaluate(&outputs, &given).unwrap()) {
                assert_close(got, &want, 3e3, "rounds");
            }
        }
    }
    (0..4).for_each(check::<f64>);
    (0..4).for_each(check::<f32>);
}

/// A product that is a single tile is computed in parts where its epilogue is worth it: here many
/// powers, in so many registers that its tiles are short.
#[test]
fn a_single_tile_is_divided_with_its_epilogue() {
    let g = Graph::new();
    let (x, w) = (input(&g, "x", [14, 20]), input(&g, "w", [20, 12]));
    let z = matmul(x, w);
    let powers: Vec<_> = (0..120).map(|k| pow(square(z) + f64::from(k), z)).collect();
    let y = powers.into_iter().rev().reduce(|a, b| a + b).unwrap();
    let arrays = [random::<f32>(&[14, 20], 1), random(&[20, 12], 2)];
    let given = Inputs::new().with("x", &arrays[0]).with("w", &arrays[1]);
    assert_eq!(epilogues(&[y], &given), 1);
    threads::threads_agree(&[y], &[], &Arrays::new(), &given, Numerics::Fast);
    agree(&[y], &given, 1e4);
}

/// An array that a product reads is not replaced while the product still needs it.
#[test]
fn an_epilogue_does_not_replace_what_its_product_reads() {
    let g = Graph::new();
    let (x, y) = (input(&g, "x", [400, 400]), input(&g, "y", [400, 100]));
    let w = param(&g, "w", [400, 100]);
    let (x_at, y_at) = (random::<f32>(&[400, 400], 1), random(&[400, 100], 2));
    let start = random::<f32>(&[400, 100], 3);
    let given = Inputs::new().with("x", &x_at).with("y", &y_at);
    for (next, joined) in [(tanh(matmul(x, w)), 0), (tanh(matmul(x, y)) * w, 1)] {
        let updates = [("w".to_owned(), next)];
        let mut want = Arrays::from([("w".to_owned(), start.clone())]);
        let mut state = want.clone();
        Reference::new(&[], &updates).unwrap().step(&mut want, &given).unwrap();
        let mut plan = compile::<f32>(&[], &updates).unwrap();
        plan.step(&mut state, &given).unwrap();
        assert_close(&state["w"], &want["w"], 1e3, "w");
        let text = plan.describe();
        assert_eq!(text.matches(", then a pass").count(), joined, "{text}");
    }
}

/// What an epilogue reads of the result at another place, or adds up, is left to a pass.
#[test]
fn an_epilogue_works_in_step() {
    let g = Graph::new();
    let (x, w) = (input(&g, "x", [50, 50]), input(&g, "w", [50, 50]));
    let z = matmul(x, w);
    let arrays = [random::<f64>(&[50, 50], 1), random(&[50, 50], 2), random(&[50], 3)];
    let given = Inputs::new().with("x", &arrays[0]).with("w", &arrays[1]);
    let given = given.with("row", &arrays[2]);
    for (y, joined) in [
        (tanh(z), 1),
        (tanh(z) * broadcast(input(&g, "row", [50]), [0], [50, 50]), 1),
        (tanh(z) + transpose(z), 0),
        (sum(tanh(z), [0]), 0),
        (z * reshape(slice(slice(z, 0, 49..50), 1, 49..50), ()), 0),
    ] {
        assert_eq!(epilogues(&[y], &given), joined);
        agree(&[y], &given, 1e3);
    }
}
