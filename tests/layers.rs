//! Layers against what their formulas say: written out as expressions, where the graph itself says
//! that they are the same, and as loops.

use gradus::models::layer::Mode;
use gradus::models::{
    Activation, AvgPool, BatchNorm, Conv, Cost, Dense, Dropout, Flatten, Init, Layer, MaxPool,
    Network, classic,
};
use gradus::ndarray::{Array, ArrayD, Dimension, arr0};
use gradus::ops::{
    Arrays, Check, Convolution, Evaluator, Graph, Inputs, Pooling, Reference, broadcast, conv2d,
    evaluate, input, matmul, max_pool2d, param, reshape, sigmoid, transpose,
};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

/// A network with every kind of layer.
fn every_kind() -> Network {
    let layers = [
        Conv::new(3, 3, 2, Activation::Identity).padding(1, 0).into(),
        BatchNorm::new(Activation::Tanh).into(),
        MaxPool::new(2, 2).stride(1, 2).into(),
        Conv::new(2, 2, 2, Activation::Sigmoid).into(),
        AvgPool::new(2, 1).into(),
        Dropout::new(0.25).into(),
        Flatten.into(),
        Dense::new(4, Activation::Identity).into(),
        BatchNorm::new(Activation::Tanh).into(),
        Dropout::new(0.5).into(),
        Dense::new(3, Activation::Softmax).into(),
    ];
    Network::new(&[2, 6, 6], &layers).unwrap()
}

fn random(shape: &[usize], seed: u64) -> ArrayD<f64> {
    let random = &mut ChaCha8Rng::seed_from_u64(seed);
    ArrayD::from_shape_simple_fn(shape, || random.random_range(-1.0..1.0))
}

/// Random parameters and running statistics of a network.
fn state(network: &Network, seed: u64) -> Arrays<f64> {
    let mut state: Arrays<f64> =
        Init::Xavier.draw_all(network, &mut ChaCha8Rng::seed_from_u64(seed));
    for kept in network.statistics() {
        // A variance is not negative.
        state.insert(kept.name, random(&kept.shape, seed + 1).mapv(|x| 1.5 + x));
    }
    state
}

#[test]
fn the_books_networks_are_the_expressions_that_one_would_write() {
    let g = Graph::new();
    let x = input(&g, "x", ("n", 1, 6, 6));
    let (w2, b2) = (param(&g, "w2", [3, 1, 3, 3]), param(&g, "b2", [3]));
    let (w3, b3) = (param(&g, "w3", [3, 12]), param(&g, "b3", [3]));
    let maps = conv2d(x, w2, Convolution::default());
    let a2 = sigmoid(maps + broadcast(b2, [0, 2, 3], maps.shape()));
    let flat = reshape(max_pool2d(a2, Pooling::new(2, 2)), ("n", 12));
    let a3 = sigmoid(matmul(flat, transpose(w3)) + b3);
    let forward = classic::small_cnn().forward(x);
    assert_eq!((forward.a[0], forward.output()), (a2, a3));

    let g = Graph::new();
    let x = input(&g, "x", ("n", 12));
    let (w2, b2) = (param(&g, "w2", [3, 12]), param(&g, "b2", [3]));
    let (w3, b3) = (param(&g, "w3", [2, 3]), param(&g, "b3", [2]));
    let a2 = sigmoid(matmul(x, transpose(w2)) + b2);
    let z3 = matmul(a2, transpose(w3)) + b3;
    let forward = classic::demons().forward(x);
    assert_eq!((forward.z[1], forward.output()), (z3, sigmoid(z3)));
}

#[test]
fn batch_normalisation_is_its_formula() {
    // Four examples of three units, and two examples of three maps of 2×3 cells.
    for shape in [&[4, 3][..], &[2, 3, 2, 3]] {
        let layers: [Layer; 1] = [BatchNorm::new(Activation::Sigmoid).into()];
        let network = Network::new(&shape[1..], &layers).unwrap();
        let mut state = state(&network, 1);
        state.insert("gamma1".to_owned(), random(&[3], 3));
        state.insert("beta1".to_owned(), random(&[3], 4));
        let x = random(shape, 5);

        // Unit by unit, or map by map, in loops.
        let per_unit = |unit: usize| -> Vec<f64> {
            x.indexed_iter().filter(|(at, _)| at[1] == unit).map(|(_, &x)| x).collect()
        };
        let mean = |xs: &[f64]| xs.iter().sum::<f64>() / xs.len() as f64;
        let batch: Vec<(f64, f64)> = (0..3)
            .map(|unit| {
                let mu = mean(&per_unit(unit));
                let squares: Vec<f64> = per_unit(unit).iter().map(|x| (x - mu).powi(2)).collect();
                (mu, mean(&squares))
            })
            .collect();
        let kept = |unit: usize| (state["mean1"][[unit]], state["variance1"][[unit]]);
        let output = |at: &[usize], (mu, variance): (f64, f64)| {
            let normal = (x[at] - mu) / (variance + 1e-5).sqrt();
            let z = state["gamma1"][[at[1]]] * normal + state["beta1"][[at[1]]];
            1.0 / (1.0 + (-z).exp())
        };
        let indices = || x.indexed_iter().map(|(at, _)| at.slice().to_vec());

        let g = Graph::new();
        let (node, step) = (network.examples(&g, "x"), input(&g, "step", ()));
        let inference = network.forward(node).output();
        let training = network.forward_in(node, Mode::Training { step, seed: 0 });
        let mut evaluator =
            Reference::new(&[inference, training.output()], &training.updates).unwrap();
        let mut after = state.clone();
        let got = evaluator.step(&mut after, &Inputs::new().with("x", &x)).unwrap();
        for at in indices() {
            let [inferred, trained] = [0, 1].map(|k: usize| got[k][at.as_slice()]);
            assert!((inferred - output(&at, kept(at[1]))).abs() < 1e-12, "{at:?}");
            assert!((trained - output(&at, batch[at[1]])).abs() < 1e-12, "{at:?}");
        }
        for (unit, &(mu, variance)) in batch.iter().enumerate() {
            let (mean, deviation) = kept(unit);
            assert!((after["mean1"][[unit]] - (0.9 * mean + 0.1 * mu)).abs() < 1e-12);
            let wanted = 0.9 * deviation + 0.1 * variance;
            assert!((after["variance1"][[unit]] - wanted).abs() < 1e-12);
        }
    }
}

#[test]
fn dropout_is_for_training_and_every_layer_and_step_has_its_mask() {
    let layers: [Layer; 2] = [Dropout::new(0.25).into(), Dropout::new(0.25).into()];
    let network = Network::new(&[1000], &layers).unwrap();
    let g = Graph::new();
    let (x, step) = (network.examples(&g, "x"), input(&g, "step", ()));
    assert_eq!(network.forward(x).output(), x);
    let masks = |seed: u64, step_number: f64| {
        let forward = network.forward_in(x, Mode::Training { step, seed });
        let (ones, step) = (Array::ones((1, 1000)), arr0(step_number));
        let inputs = Inputs::new().with("x", &ones).with("step", &step);
        let values = evaluate(&[forward.a[0], forward.output()], &inputs).unwrap();
        // What the second layer keeps of the first's.
        let kept = |y: &ArrayD<f64>| y.iter().map(|&y| y > 0.0).collect::<Vec<bool>>();
        let share = kept(&values[0]).iter().filter(|&&kept| kept).count();
        assert!((690..=810).contains(&share), "{share} of 1000 kept, 750 expected");
        assert!(values[0].iter().all(|&y| y == 0.0 || (y - 4.0 / 3.0).abs() < 1e-15));
        let both = kept(&values[1]).iter().filter(|&&kept| kept).count();
        assert!((490..=640).contains(&both), "{both} of 1000 kept by both, 562 expected");
        kept(&values[0])
    };
    assert_eq!(masks(1, 3.0), masks(1, 3.0));
    assert_ne!(masks(1, 3.0), masks(1, 4.0));
    assert_ne!(masks(1, 3.0), masks(2, 3.0));
}

#[test]
fn the_gradient_through_every_kind_of_layer_passes_the_check() {
    let network = every_kind();
    let g = Graph::new();
    let (x, step) = (network.examples(&g, "x"), input(&g, "step", ()));
    for (seed, mode) in [Mode::Inference, Mode::Training { step, seed: 7 }].into_iter().enumerate()
    {
        let forward = network.forward_in(x, mode);
        let cost = Cost::LogLikelihood.of(&forward, network.targets(&g, "y"));
        let mut at = state(&network, 20 + seed as u64);
        // A point at which no two cells of a pooling window are as good as equal.
        at.insert("x".to_owned(), random(&[5, 2, 6, 6], 11));
        let target = |(k, class): (usize, usize)| f64::from(u8::from(k % 3 == class));
        at.insert("y".to_owned(), Array::from_shape_fn((5, 3), target).into_dyn());
        at.insert("step".to_owned(), arr0(2.0).into_dyn());
        let nodes: Vec<_> = network.parameters().iter().map(|p| p.node(&g)).collect();
        let report = Check::new(&[cost], &nodes).elements(40).run(&at).unwrap();
        assert!(report.passed(), "{report}");
    }
}
