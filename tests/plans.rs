//! Plans against the reference evaluator: bit for bit where the order of operations is kept, and on
//! every instruction set that the machine has.

#[path = "random/build.rs"]
mod build;
#[path = "plans/endings.rs"]
mod endings;
#[path = "plans/epilogues.rs"]
mod epilogues;
#[path = "plans/optimisers.rs"]
mod optimisers;
#[path = "plans/report.rs"]
mod report;
#[path = "plans/short.rs"]
mod short;
#[path = "plans/small.rs"]
mod small;
#[path = "plans/threads.rs"]
mod threads;
#[allow(dead_code)]
#[path = "../benches/workloads/mod.rs"]
mod workloads;

use build::{CHOICES, build, point};
use gradus::ndarray::{Array2, ArrayD, Axis, arr0, array};
use gradus::ops::*;
use gradus::plan::{Isa, Numerics, Plan, Real, compile};
use proptest::prelude::*;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use workloads::Workload;

/// Whether all elements are equal, NaN to NaN.
fn assert_same<T: Real>(got: &ArrayD<T>, want: &ArrayD<T>, what: &str) {
    assert_eq!(got.shape(), want.shape(), "{what}");
    let same = |(a, b): (&T, &T)| a == b || a.is_nan() && b.is_nan();
    assert!(got.iter().zip(want).all(same), "{what}\n{got}\n{want}");
}

/// Whether all elements are as near as rounding lets them be, in units of the largest finite one.
fn assert_close<T: Real>(got: &ArrayD<T>, want: &ArrayD<T>, epsilons: f64, what: &str) {
    assert_eq!(got.shape(), want.shape(), "{what}");
    let finite = want.iter().filter(|x| x.is_finite());
    let largest = finite.fold(1.0, |largest: f64, x| largest.max(x.to_double().abs()));
    let bound = epsilons * T::epsilon().to_double() * largest;
    let close = |(a, b): (&T, &T)| {
        let same = a == b || a.is_nan() && b.is_nan();
        same || (a.to_double() - b.to_double()).abs() <= bound
    };
    assert!(got.iter().zip(want).all(close), "{what}\n{got}\n{want}");
}

/// The exact plan gives the reference's bits, the fast plans on all instruction sets nearly.
fn agree<T: Real>(outputs: &[Expr<'_>], given: &Inputs<'_, T>, epsilons: f64) {
    let want = evaluate(outputs, given).unwrap();
    let plan = || compile::<T>(outputs, &[]).unwrap();
    let mut exact = plan().numerics(Numerics::Exact);
    for _ in 0..2 {
        let got = exact.step(&mut Arrays::new(), given).unwrap();
        for (k, (got, want)) in got.iter().zip(&want).enumerate() {
            assert_same(got, want, &format!("output {k}, exact"));
        }
    }
    for isa in Isa::available() {
        let mut fast = plan().instructions(isa);
        for _ in 0..2 {
            let got = fast.step(&mut Arrays::new(), given).unwrap();
            for (k, (got, want)) in got.iter().zip(&want).enumerate() {
                assert_close(got, want, epsilons, &format!("output {k}, {isa:?}"));
            }
        }
    }
}

/// A random graph's cost, its gradient, and the derivative of that along the inputs.
fn random_graph_agrees(steps: &[(usize, usize, usize)], seed: u64) {
    let g = Graph::new();
    let (inputs, cost) = build(&g, steps);
    let mut outputs = vec![cost];
    outputs.extend(try_grad(cost, &inputs).unwrap());
    let tangents: Vec<_> = inputs.iter().map(|&x| (x, x)).collect();
    let tangents = jvp(&outputs[1..], &tangents);
    outputs.extend(tangents.into_iter().flatten());
    let at = point(seed);
    agree::<f64>(&outputs, &Inputs::new().with_all(&at), 1e5);
}

#[test]
fn every_step_alone_agrees() {
    for choice in 0..CHOICES {
        for (a, b) in [(0, 0), (0, 1), (1, 2), (2, 3), (3, 0)] {
            random_graph_agrees(&[(choice, a, b)], 7);
        }
    }
}

/// Numbers between -1 and 1.
fn random<T: Real>(shape: &[usize], seed: u64) -> ArrayD<T> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    ArrayD::from_shape_simple_fn(shape, || T::from_double(random.random_range(-1.0..1.0)))
}

fn products_agree<T: Real>([m, n, k]: [usize; 3], seed: u64) {
    let g = Graph::new();
    let shapes = [[m, k], [k, n], [k, m], [n, k]];
    let names = ["a", "b", "at", "bt"];
    let [a, b, at, bt] = [0, 1, 2, 3].map(|i| input(&g, names[i], shapes[i]));
    let bias = input(&g, "bias", [n]);
    let forms = [
        matmul(a, b) + bias,
        matmul(a, transpose(bt)),
        matmul(transpose(at), b),
        matmul(transpose(at), transpose(bt)) + bias,
        transpose(matmul(a, transpose(bt))),
    ];
    let arrays = [0, 1, 2, 3].map(|i| random::<T>(&shapes[i], seed + i as u64));
    let mut given = Inputs::new();
    for (name, array) in names.iter().zip(&arrays) {
        given = given.with(name, array);
    }
    let b = random::<T>(&[n], seed);
    agree(&forms, &given.with("bias", &b), 2.0 * k as f64 + 4.0);
}

/// Convolutions and their adjoints.
fn convolutions_agree<T: Real>(
    convolution: Convolution, sizes: [usize; 4], filters: [usize; 4], seed: u64, epsilons: f64,
) {
    let g = Graph::new();
    let (x, w) = (input(&g, "x", sizes), input(&g, "w", filters));
    let bias = input(&g, "b", [filters[0]]);
    let maps_of_x = conv2d(x, w, convolution);
    let y = maps_of_x + broadcast(bias, [0, 2, 3], maps_of_x.shape());
    let [dx, dw] = grad(sum_all(y * y), [x, w]);
    let arrays = [random::<T>(&sizes, seed), random(&filters, seed + 1)];
    let b = random(&[filters[0]], seed + 2);
    let given = Inputs::new().with("x", &arrays[0]).with("w", &arrays[1]).with("b", &b);
    agree(&[y, dx, dw], &given, epsilons);
}

/// Pictures that are taken in several bands, of which the last is smaller, and whose rows get
/// something from two bands, from one, or from none; bands that meet padding only.
#[test]
fn convolutions_of_large_pictures_agree() {
    let plain = Convolution::default();
    let slow = plain.padding(1, 2).stride(1, 2).dilation(3, 1);
    let sparse = Convolution { stride: [4, 1], ..plain.padding(2, 0) };
    let far = plain.padding(90, 3);
    for (convolution, w) in
        [(plain.padding(2, 2), [5, 5]), (slow, [3, 4]), (sparse, [2, 3]), (far, [2, 3])]
    {
        convolutions_agree::<f32>(convolution, [2, 3, 190, 210], [2, 3, w[0], w[1]], 1, 2e3);
        convolutions_agree::<f64>(convolution, [1, 2, 150, 217], [3, 2, w[0], w[1]], 2, 2e3);
    }
    // Of these, there is room for copies of single rows only.
    for convolution in [plain, slow] {
        convolutions_agree::<f32>(convolution, [2, 8, 20, 600], [2, 8, 6, 9], 3, 2e3);
    }
}

#[test]
fn large_products_agree() {
    products_agree::<f32>([70, 81, 96], 1);
    products_agree::<f64>([70, 81, 96], 1);
    // Rows of A a power of two apart, and a B of several megabytes.
    products_agree::<f32>([50, 70, 1024], 1);
    products_agree::<f64>([50, 700, 600], 1);
}

proptest! {
    #[test]
    fn random_graphs_agree(
        steps in prop::collection::vec((0..CHOICES, any::<usize>(), any::<usize>()), 1..12),
        seed in any::<u64>(),
    ) {
        random_graph_agrees(&steps, seed);
    }

    /// Values and first and second derivatives are as near to the reference evaluator's as the
    /// rounding of each node's kernel explains: a few units for an elementary function, as many as
    /// there are terms for a sum.
    #[test]
    fn random_graphs_agree_to_within_rounding(
        steps in prop::collection::vec((0..CHOICES, any::<usize>(), any::<usize>()), 1..12),
        seed in any::<u64>(),
    ) {
        let g = Graph::new();
        let (inputs, cost) = build(&g, &steps);
        let mut check = Check::new(&[cost], &inputs).only(&[Test::Evaluators]).directions(1);
        for isa in Isa::available() {
            let plan = move |outputs: &[Expr<'_>]| Ok(compile(outputs, &[])?.instructions(isa));
            check = check.against(&format!("{isa:?}"), plan);
        }
        let report = check.seed(seed).run(&point(seed)).unwrap();
        prop_assert!(report.of(Test::Evaluators).count() > 0);
        prop_assert!(report.failures().next().is_none(), "{report}");
    }

    /// All kernels of small products, with full and part registers in every direction.
    #[test]
    fn small_products_agree(m in 1usize..40, n in 1usize..70, k in 0usize..60, seed in 0u64..1000) {
        products_agree::<f32>([m, n, k], seed);
        products_agree::<f64>([m, n, k], seed);
    }

    #[test]
    fn small_convolutions_agree(
        (n, groups, channels, maps) in (1usize..12, 1usize..3, 1usize..3, 1usize..4),
        (rows, columns) in (1usize..4, 1usize..4),
        (height, width) in (0usize..8, 0usize..20),
        stride in prop::array::uniform2(1usize..4),
        padding in prop::array::uniform2(prop::array::uniform2(0usize..3)),
        dilation in prop::array::uniform2(1usize..3),
        seed in 0u64..1000,
    ) {
        let convolution = Convolution { stride, padding, dilation, groups };
        let reach = |axis: usize, weights: usize| dilation[axis] * (weights - 1) + 1;
        let (height, width) = (height + reach(0, rows), width + reach(1, columns));
        let sizes = [n, groups * channels, height, width];
        let filters = [groups * maps, channels, rows, columns];
        convolutions_agree::<f32>(convolution, sizes, filters, seed, 400.0);
    }

    #[test]
    fn pooling_agrees(
        (n, channels) in (1usize..4, 1usize..4),
        (height, width) in (1usize..9, 1usize..70),
        window in prop::array::uniform2(1usize..4),
        stride in prop::array::uniform2(1usize..4),
        padding in prop::array::uniform2(prop::array::uniform2(0usize..2)),
        pairs in any::<bool>(),
        seed in 0u64..1000,
    ) {
        let pooling = match pairs {
            true => Pooling::new(2, 2),
            false => Pooling { window, stride, padding },
        };
        let (height, width) = (height + pooling.window[0], width + pooling.window[1]);
        let g = Graph::new();
        let sizes = [n, channels, height, width];
        let (x, b) = (input(&g, "x", sizes), input(&g, "b", sizes));
        let y = max_pool2d(x, pooling);
        let [dx] = grad(sum_all(sin(y)), [x]);
        let along = jvp(&[y], &[(x, b)])[0].unwrap();
        // Few values, so that there are ties, and a NaN.
        let mut at = random::<f32>(&sizes, seed).mapv(|x| (4.0 * x).round());
        at[[0, 0, 0, 0]] = if seed % 3 == 0 { f32::NAN } else { 1.0 };
        let other = random(&sizes, seed + 1);
        let given = Inputs::new().with("x", &at).with("b", &other);
        let want = evaluate(&[y, dx, along], &given).unwrap();
        for isa in Isa::available() {
            let mut plan = compile::<f32>(&[y, dx, along], &[]).unwrap().instructions(isa);
            let got = plan.step(&mut Arrays::new(), &given).unwrap();
            assert_same(&got[0], &want[0], "the winners");
            assert_same(&got[2], &want[2], "what is at the winners");
            let close = |(a, b): (&f32, &f32)| (a - b).abs() < 1e-5 || a.is_nan() && b.is_nan();
            prop_assert!(got[1].iter().zip(&want[1]).all(close), "{}\n{}", got[1], want[1]);
        }
    }

    #[test]
    fn reductions_agree(
        shape in prop::collection::vec(0usize..20, 1..4), axes in 0usize..8, seed in 0u64..1000,
    ) {
        let g = Graph::new();
        let x = input(&g, "x", shape.as_slice());
        let axes: Axes = (0..shape.len()).filter(|axis| axes >> axis & 1 == 1).collect();
        let mut outputs = vec![sum(x, axes), max(x, axes), log_sum_exp(x, axes)];
        for axis in 0..shape.len() {
            outputs.extend([softmax(x, axis), log_softmax(x, axis)]);
        }
        let at = random::<f32>(&shape, seed).mapv(|x| 3.0 * x);
        let given = Inputs::new().with("x", &at);
        let want = evaluate(&outputs, &given).unwrap();
        for isa in Isa::available() {
            let mut plan = compile::<f32>(&outputs, &[]).unwrap().instructions(isa);
            let got = plan.step(&mut Arrays::new(), &given).unwrap();
            let close = |(a, b): (&f32, &f32)| {
                a == b || (a - b).abs() <= 1e-4 || a.is_nan() && b.is_nan()
            };
            for (got, want) in got.iter().zip(&want) {
                prop_assert_eq!(got.shape(), want.shape());
                prop_assert!(got.iter().zip(want).all(close), "{}\n{}", got, want);
            }
        }
    }

    /// State that is updated from itself and from other state, in place or not: three steps of the
    /// exact plan end at the reference's bits, and those of the fast plan near them.
    #[test]
    fn updates_agree(
        steps in prop::collection::vec((0..CHOICES, any::<usize>(), any::<usize>()), 1..5),
        rules in prop::array::uniform4(0usize..4),
        seed in any::<u64>(),
    ) {
        let g = Graph::new();
        let (inputs, cost) = build(&g, &steps);
        let gradient = try_grad(cost, &inputs).unwrap();
        let mut updates = Vec::new();
        for (k, rule) in rules.into_iter().enumerate() {
            let x = inputs[k];
            let slow = x.filled(0.01) * tanh(gradient[k]);
            // The tail of the largest input has the shape of another: a copy of what another update
            // may replace.
            let other = if k == 1 { slice(inputs[0], 0, 0..1) } else { 0.5 * x };
            updates.push((format!("x{k}"), match rule {
                0 => x - slow,
                1 => reshape(other, x.shape()),
                2 => x - constant(&g, 0.1) * slow,
                _ => tanh(gradient[k]),
            }));
        }
        let outputs = [cost, inputs[0], inputs[0], gradient[1]];
        let mut oracle = Reference::new(&outputs, &updates).unwrap();
        let mut exact = compile::<f64>(&outputs, &updates).unwrap().numerics(Numerics::Exact);
        let mut fast = compile::<f64>(&outputs, &updates).unwrap();
        let start = point(seed);
        let mut states = [start.clone(), start.clone(), start];
        for _ in 0..3 {
            let [a, b, c] = &mut states;
            let want = oracle.step(a, &Inputs::new()).unwrap();
            let got = exact.step(b, &Inputs::new()).unwrap();
            want.iter().zip(got).for_each(|(want, got)| assert_same(got, want, "an output"));
            fast.step(c, &Inputs::new()).unwrap();
            for (name, want) in a.iter() {
                assert_same(&b[name], want, name);
                assert_close(&c[name], want, 1e7, name);
            }
        }
    }
}

/// Steps from the same weights cost the same on every instruction set, and allocate nothing after
/// the first.
fn workload_agrees<T: Real>(workload: &Workload<T>, epsilons: f64) {
    let g = Graph::new();
    let (outputs, updates) = (workload.build)(&g);
    let given = Inputs::new().with_all(&workload.inputs);
    let mut oracle = Reference::new(&outputs, &updates).unwrap();
    let mut want = workload.state.clone();
    let costs: Vec<_> = (0..3).map(|_| oracle.step(&mut want, &given).unwrap()).collect();
    for isa in Isa::available() {
        let mut plan = compile::<T>(&outputs, &updates).unwrap().instructions(isa);
        let mut state = workload.state.clone();
        for cost in &costs {
            let got = plan.step(&mut state, &given).unwrap();
            assert_close(&got[0], &cost[0], epsilons, &format!("{}, {isa:?}", workload.name));
        }
        for (name, want) in &want {
            assert_close(&state[name], want, epsilons, &format!("{name}, {isa:?}"));
        }
        let allocated = allocation_counter::measure(|| {
            (0..3).for_each(|_| drop(plan.step(&mut state, &given)));
        });
        assert_eq!(allocated.count_total, 0, "{}, {isa:?}", workload.name);
        let (arena, live) = plan.memory();
        assert!(arena as f64 <= 1.3 * live as f64, "{}: {arena} bytes, {live}", workload.name);
    }
}

#[test]
fn workloads_agree_and_allocate_nothing() {
    workload_agrees(&workloads::w1(), 1e3);
    workload_agrees(&workloads::w2(), 1e3);
    workload_agrees(&workloads::w3(), 1e3);
    workload_agrees(&workloads::w4(64), 1e3);
    workload_agrees(&workloads::w4(1), 1e3);
    workload_agrees(&workloads::w5(), 1e3);
    workload_agrees(&workloads::w6(), 1e3);
}

#[test]
fn a_plan_can_be_sent() {
    fn is_send<T: Send>() {}
    is_send::<Plan<f32>>();
}

#[test]
fn a_binding_is_compiled_once_and_found_again() {
    let g = Graph::new();
    let x = input(&g, "x", ("n", 2));
    let mut plan = compile::<f64>(&[mean_all(x)], &[]).unwrap();
    let arrays = [Array2::from_elem((3, 2), 1.0), Array2::from_elem((5, 2), 2.0)];
    for _ in 0..2 {
        for (array, want) in arrays.iter().zip([1.0, 2.0]) {
            let y = plan.step(&mut Arrays::new(), &Inputs::new().with("x", array)).unwrap();
            assert_eq!(y[0], arr0(want).into_dyn());
        }
    }
    assert!(format!("{plan:?}").contains("compiled for 2 bindings"), "{plan:?}");
    let again = compile::<f64>(&[x], &[]).unwrap().clone();
    assert!(again.describe().ends_with(": no step has been taken\n"), "{}", again.describe());
}

#[test]
fn arrays_in_any_order_are_read() {
    let g = Graph::new();
    let (x, w) = (input(&g, "x", [2, 3]), param(&g, "w", [2, 3]));
    let mut plan = compile::<f64>(&[], &[("w".to_owned(), w + x)]).unwrap();
    let tall = array![[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]];
    let turned = tall.t();
    let mut state = Arrays::from([("w".to_owned(), tall.t().to_owned().into_dyn())]);
    assert!(!turned.is_standard_layout());
    state.get_mut("w").unwrap().invert_axis(Axis(0));
    for step in [1.0, 2.0] {
        plan.step(&mut state, &Inputs::new().with("x", &turned)).unwrap();
        assert_eq!(state["w"][[0, 0]], 4.0 + step * 1.0);
        assert_eq!(state["w"][[1, 2]], 3.0 + step * 6.0);
    }
}

#[test]
fn two_arrays_can_change_places() {
    let g = Graph::new();
    let (a, b) = (param(&g, "a", [3]), param(&g, "b", [3]));
    let updates = [("a".to_owned(), b), ("b".to_owned(), a)];
    let mut plan = compile::<f64>(&[a, a], &updates).unwrap();
    let of = |x: f64| ArrayD::from_elem(vec![3], x);
    let mut state = Arrays::from([("a".to_owned(), of(1.0)), ("b".to_owned(), of(2.0))]);
    let y = plan.step(&mut state, &Inputs::new()).unwrap();
    assert_eq!(y, [of(1.0), of(1.0)]);
    assert_eq!((&state["a"], &state["b"]), (&of(2.0), &of(1.0)));
}

/// The reference evaluator and the plan refuse with the same words, and leave the state.
#[test]
fn errors_are_those_of_the_reference() {
    let g = Graph::new();
    let (x, w) = (input(&g, "x", ("n",)), param(&g, "w", [2]));
    let chosen = gather(w, x, 0);
    let updates = [("w".to_owned(), w + sum_all(chosen))];
    let mut plan = compile::<f64>(&[chosen], &updates).unwrap();
    let mut oracle = Reference::new(&[chosen], &updates).unwrap();
    let two = || Arrays::from([("w".to_owned(), array![1.0, 2.0].into_dyn())]);
    let three = || Arrays::from([("w".to_owned(), array![1.0, 2.0, 3.0].into_dyn())]);
    let (good, bad, flat) = (array![1.0], array![0.0, 2.0], array![[1.0]]);
    let cases = [
        (Arrays::new(), Inputs::new().with("x", &good)),
        (two(), Inputs::new()),
        (two(), Inputs::new().with("x", &bad)),
        (two(), Inputs::new().with("x", &flat)),
        (three(), Inputs::new().with("x", &good)),
        (two(), Inputs::new().with("x", &good).with("w", &good)),
    ];
    for _ in 0..2 {
        for (state, given) in &cases {
            let (mut a, mut b) = (state.clone(), state.clone());
            let want = oracle.step(&mut a, given).unwrap_err();
            let got = plan.step(&mut b, given).unwrap_err();
            assert_eq!(got.to_string(), want.to_string());
            assert_eq!(b, *state);
        }
        let mut state = two();
        plan.step(&mut state, &Inputs::new().with("x", &good)).unwrap();
        assert_eq!(state["w"], array![3.0, 4.0].into_dyn());
    }
}

#[test]
fn there_may_be_nothing_to_compute() {
    let mut plan = compile::<f64>(&[], &[]).unwrap();
    assert!(plan.step(&mut Arrays::new(), &Inputs::new()).unwrap().is_empty());
    let g = Graph::new();
    let (x, w) = (input(&g, "x", ("n", 3)), param(&g, "w", [2, 3]));
    let y = sigmoid(matmul(x, transpose(w)));
    let outputs = [y, sum(y, [0]), max(y, [1]), sin(x) + x];
    let (none, two) = (Array2::<f64>::zeros((0, 3)), Array2::<f64>::zeros((2, 3)));
    agree(&outputs, &Inputs::new().with("x", &none).with("w", &two), 4.0);
}

/// A value that is read where it lies and turned: what is made of it cannot take its place, which
/// shows only where a pass has more than one tile.
#[test]
fn a_value_that_is_read_elsewhere_keeps_its_place() {
    let g = Graph::new();
    let x = input(&g, "x", [40, 40]);
    let product = matmul(x, x);
    let y = matmul(product * transpose(product) + 1.0, x);
    let at = random::<f64>(&[40, 40], 1);
    agree(&[y], &Inputs::new().with("x", &at), 1e5);
}

#[test]
fn two_biases_are_both_added() {
    let g = Graph::new();
    let (x, w) = (input(&g, "x", [2, 1, 4, 4]), input(&g, "w", [3, 1, 2, 2]));
    let (b, c) = (input(&g, "b", [3]), input(&g, "c", [3]));
    let maps = conv2d(x, w, Convolution::default());
    let rows = matmul(reshape(x, [8, 4]), transpose(reshape(w, [3, 4])));
    let [all_b, all_c] = [b, c].map(|b| broadcast(b, [0, 2, 3], maps.shape()));
    let outputs = [maps + all_b + all_c, rows + b + c];
    let arrays = [random::<f32>(&[2, 1, 4, 4], 1), random(&[3, 1, 2, 2], 2)];
    let (b, c) = (random(&[3], 3), random(&[3], 4));
    let given = Inputs::new().with("x", &arrays[0]).with("w", &arrays[1]);
    agree(&outputs, &given.with("b", &b).with("c", &c), 20.0);
}

/// An update whose value is read by something that may fail waits for it.
#[test]
fn a_failure_after_an_update_leaves_the_state() {
    let g = Graph::new();
    let (x, w) = (input(&g, "x", ("n",)), param(&g, "w", [2]));
    let next = w - 1.0;
    let updates = [("w".to_owned(), next)];
    let mut plan = compile::<f64>(&[gather(next, x, 0)], &updates).unwrap();
    let mut state = Arrays::from([("w".to_owned(), array![1.0, 2.0].into_dyn())]);
    let (good, bad) = (array![1.0], array![2.0]);
    plan.step(&mut state, &Inputs::new().with("x", &bad)).unwrap_err();
    assert_eq!(state["w"], array![1.0, 2.0].into_dyn());
    let y = plan.step(&mut state, &Inputs::new().with("x", &good)).unwrap();
    assert_eq!(y[0], array![1.0].into_dyn());
    assert_eq!(state["w"], array![0.0, 1.0].into_dyn());
}
