//! Plans that take batches with their examples in the lanes of registers, and in rounds, against the
//! reference evaluator: random networks, on every instruction set, with any number of threads.

use gradus::ndarray::ArrayD;
use gradus::ops::*;
use gradus::plan::{Isa, Plan, compile};
use proptest::prelude::*;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

/// What a random network is made of.
#[derive(Clone, Debug)]
struct Choices {
    examples: usize,
    channels: usize,
    size: [usize; 2],
    layers: Vec<Layer>,
    cost: usize,
    seed: u64,
}

/// A convolution, what follows it, and a pooling.
#[derive(Clone, Debug)]
struct Layer {
    maps: usize,
    filter: [usize; 2],
    stride: [usize; 2],
    padding: [[usize; 2]; 2],
    dilation: [usize; 2],
    activation: usize,
    pooling: usize,
}

fn layer() -> impl Strategy<Value = Layer> {
    let pairs = |range: std::ops::Range<usize>| prop::array::uniform2(range);
    let geometry = (pairs(1..4), pairs(1..3), prop::array::uniform2(pairs(0..3)), pairs(1..3));
    (1usize..10, geometry, 0usize..5, 0usize..5).prop_map(
        |(maps, geometry, activation, pooling)| {
            let (filter, stride, padding, dilation) = geometry;
            Layer { maps, filter, stride, padding, dilation, activation, pooling }
        },
    )
}

fn choices() -> impl Strategy<Value = Choices> {
    let size = prop::array::uniform2(1usize..12);
    let layers = prop::collection::vec(layer(), 0..3);
    (1usize..70, 1usize..4, size, layers, 0usize..4, 0u64..1000).prop_map(
        |(examples, channels, size, layers, cost, seed)| Choices {
            examples,
            channels,
            size,
            layers,
            cost,
            seed,
        },
    )
}

fn activated(z: Expr<'_>, choice: usize) -> Expr<'_> {
    match choice {
        0 => relu(z),
        1 => sigmoid(z),
        2 => tanh(z),
        3 => softplus(z) * z,
        _ => z,
    }
}

/// The outputs and updates of a step of the network, and the names and shapes of its arrays.
fn network<'g>(g: &'g Graph, choices: &Choices) -> (Vec<Expr<'g>>, Vec<(String, Expr<'g>)>) {
    let &Choices { channels, size: [rows, columns], cost, .. } = choices;
    let mut a = input(g, "x", ("n", channels, rows, columns));
    let mut parameters = Vec::new();
    for (k, layer) in choices.layers.iter().enumerate() {
        let dims = a.shape().dims().to_vec();
        let plain = |axis: usize| dims[axis].plain().expect("a plain size");
        let [before, height, width] = [1, 2, 3].map(plain);
        let reach = |axis: usize| layer.dilation[axis] * (layer.filter[axis] - 1) + 1;
        let padded = |axis: usize, cells: usize| cells + layer.padding[axis].iter().sum::<usize>();
        if padded(0, height) < reach(0) || padded(1, width) < reach(1) {
            continue;
        }
        let w = param(g, &format!("w{k}"), [layer.maps, before, layer.filter[0], layer.filter[1]]);
        let b = param(g, &format!("b{k}"), [layer.maps]);
        let Layer { stride, padding, dilation, .. } = *layer;
        let z = conv2d(a, w, Convolution { stride, padding, dilation, groups: 1 });
        a = activated(z + broadcast(b, [0, 2, 3], z.shape()), layer.activation);
        parameters.extend([w, b]);
        let pooling = match layer.pooling {
            0 | 1 => Pooling::new(2, 2),
            2 => Pooling::new(3, 2).stride(1, 2),
            3 => Pooling::new(2, 2).padding(1, 1),
            _ => continue,
        };
        let dims = a.shape().dims().to_vec();
        let fits = |axis: usize| {
            dims[axis + 2].plain().expect("a plain size") + 2 * pooling.padding[axis][0]
                >= pooling.window[axis]
        };
        if fits(0) && fits(1) {
            a = max_pool2d(a, pooling);
        }
    }
    let dims = a.shape().dims()[1..].to_vec();
    let width = dims.iter().map(|dim| dim.plain().expect("a plain size")).product::<usize>();
    a = reshape(a, ("n", width));
    for (name, units, activation) in [("u", 5, 1), ("v", 4, 4)] {
        let inputs = a.shape().dims()[1].plain().expect("a plain size");
        let (w, b) = (param(g, name, [units, inputs]), param(g, &format!("{name}b"), [units]));
        a = activated(matmul(a, transpose(w)) + b, activation);
        parameters.extend([w, b]);
    }
    let y = input(g, "y", ("n", 4));
    let each = match cost {
        0 => sum(square(a - y), [1]),
        1 => log_sum_exp(a, [1]) - sum(a * y, [1]),
        2 => -sum(log_softmax(a, 1) * y, [1]),
        _ => {
            sum(softmax(a, 1) * (tanh(y) - concat(&[slice(a, 1, 1..4), slice(a, 1, 0..1)], 1)), [1])
        }
    };
    let cost = mean(each, [0]) + 0.01 * sum_all(square(parameters[0]));
    let gradients = try_grad(cost, &parameters).expect("the cost depends on all");
    let steps: Vec<_> = parameters.iter().map(|&w| (w, sin(w))).collect();
    let along = jvp(&gradients, &steps);
    let second: Vec<Expr<'_>> = along.into_iter().flatten().collect();
    let mut outputs = vec![cost, softmax(a, 1), each];
    outputs.extend(second.first());
    let named = parameters.iter().zip(&gradients).enumerate().map(|(k, (&w, &dw))| {
        let rate = if k % 2 == 0 { 0.1 } else { 0.05 };
        (w.label().expect("a parameter has a name"), w - rate * dw)
    });
    (outputs, named.collect())
}

/// Arrays for a network, from a seed.
fn arrays(g: &Graph, updates: &[(String, Expr<'_>)], choices: &Choices) -> [Arrays<f64>; 2] {
    let mut random = ChaCha8Rng::seed_from_u64(choices.seed);
    let mut draw = |sizes: &[usize], most: f64| {
        ArrayD::from_shape_simple_fn(sizes, || random.random_range(-most..most))
    };
    let mut state = Arrays::new();
    for (name, _) in updates {
        let shape = g.labelled(name).expect("it is in the graph").shape();
        let sizes: Vec<usize> = shape.dims().iter().map(|dim| dim.plain().unwrap()).collect();
        let inputs = sizes.iter().skip(1).product::<usize>().max(1);
        state.insert(name.clone(), draw(&sizes, 1.0 / (inputs as f64).sqrt()));
    }
    let Choices { examples, channels, size: [rows, columns], .. } = *choices;
    let x = draw(&[examples, channels, rows, columns], 1.0);
    let y = draw(&[examples, 4], 1.0).mapv(f64::abs);
    [state, Arrays::from([("x".to_owned(), x), ("y".to_owned(), y)])]
}

fn assert_near(got: &ArrayD<f64>, want: &ArrayD<f64>, what: &str) {
    assert_eq!(got.shape(), want.shape(), "{what}");
    let largest = want.iter().fold(1.0, |largest: f64, x| largest.max(x.abs()));
    let near = |(a, b): (&f64, &f64)| (a - b).abs() <= 1e-10 * largest;
    assert!(got.iter().zip(want).all(near), "{what}\n{got}\n{want}");
}

/// Three steps of each plan, against the reference evaluator; and the same bits on two threads.
fn agrees(choices: &Choices, rounds: &[Option<usize>]) {
    let g = Graph::new();
    let (outputs, updates) = network(&g, choices);
    let [start, inputs] = arrays(&g, &updates, choices);
    let given = Inputs::new().with_all(&inputs);
    let mut oracle = Reference::new(&outputs, &updates).unwrap();
    let mut want = start.clone();
    let results: Vec<_> = (0..3).map(|_| oracle.step(&mut want, &given).unwrap()).collect();
    for (isa, &round) in
        Isa::available().into_iter().flat_map(|isa| rounds.iter().map(move |r| (isa, r)))
    {
        let plan = |threads: usize| -> Plan<f64> {
            let plan = compile(&outputs, &updates).unwrap().instructions(isa).threads(threads);
            round.map_or(plan.clone(), |round| plan.round(round))
        };
        let what = format!("{isa:?}, rounds of {round:?}");
        let (mut one, mut two) = (plan(1), plan(2));
        let (mut state, mut other) = (start.clone(), start.clone());
        for (step, want) in results.iter().enumerate() {
            let got = one.step(&mut state, &given).unwrap();
            for (k, (got, want)) in got.iter().zip(want).enumerate() {
                assert_near(got, want, &format!("output {k} of step {step}, {what}"));
            }
            assert_eq!(got, two.step(&mut other, &given).unwrap(), "two threads, {what}");
        }
        for (name, want) in &want {
            assert_near(&state[name], want, &format!("{name}, {what}"));
        }
        assert_eq!(state, other, "two threads, {what}");
        // Without derivatives less is kept, and places are taken again sooner.
        let mut forward = compile::<f64>(&outputs[1..3], &[]).unwrap().instructions(isa);
        forward = round.map_or(forward.clone(), |round| forward.round(round));
        let got = forward.step(&mut start.clone(), &given).unwrap();
        for (got, want) in got.iter().zip(&results[0][1..3]) {
            assert_near(got, want, &format!("an output alone, {what}"));
        }
        let fits = round.is_some_and(|round| round < choices.examples);
        assert!(!fits || one.describe().contains(" rounds of "), "{}", one.describe());
    }
}

proptest! {
    #[test]
    fn networks_agree(choices in choices(), round in 1usize..40) {
        agrees(&choices, &[None, Some(round)]);
    }
}

/// So many rounds that there are two shares, with a rest.
#[test]
fn shares_agree() {
    let layer = Layer {
        maps: 9,
        filter: [3, 3],
        stride: [1, 1],
        padding: [[1, 1], [0, 2]],
        dilation: [1, 1],
        activation: 0,
        pooling: 0,
    };
    let layers = vec![layer.clone(), Layer { activation: 2, ..layer }];
    let choices = Choices { examples: 133, channels: 3, size: [17, 16], layers, cost: 2, seed: 5 };
    agrees(&choices, &[None, Some(8), Some(20)]);
}

/// LeNet without derivatives: what the first convolution reads is wanted by nobody afterwards, and
/// yet must not be written over by the pooling that is done by the way.
#[test]
fn lenet_agrees() {
    let g = Graph::new();
    let network = gradus::models::classic::lenet();
    let x = input(&g, "x", ("n", 1, 28, 28));
    let output = network.forward(x).output();
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let mut draw = |sizes: &[usize], most: f64| {
        ArrayD::from_shape_simple_fn(sizes, || random.random_range(-most..most))
    };
    let mut state = Arrays::new();
    for parameter in network.parameters() {
        let shape = parameter.node(&g).shape();
        let sizes: Vec<usize> = shape.dims().iter().map(|dim| dim.plain().unwrap()).collect();
        let inputs = sizes.iter().skip(1).product::<usize>().max(1);
        let most = (3.0 / inputs as f64).sqrt();
        let name = parameter.node(&g).label().expect("a parameter has a name");
        state.insert(name, draw(&sizes, most));
    }
    let x = draw(&[10, 1, 28, 28], 1.0).mapv(f64::abs);
    let given = Inputs::new().with("x", &x);
    let mut oracle = Reference::new(&[output], &[]).unwrap();
    let want = oracle.step(&mut state, &given).unwrap();
    for isa in Isa::available() {
        let mut plan = compile::<f64>(&[output], &[]).unwrap().instructions(isa);
        let got = plan.step(&mut state, &given).unwrap();
        assert_near(&got[0], &want[0], &format!("{isa:?}"));
    }
}

/// What looks at the whole batch, or has no kernel for examples that are last, among layers that have.
#[test]
fn what_needs_the_whole_batch_agrees() {
    let g = Graph::new();
    let (x, w) = (input(&g, "x", ("n", 5)), param(&g, "w", [6, 5]));
    let (table, labels) = (param(&g, "table", [4, 6]), input(&g, "labels", ("n",)));
    let step = input(&g, "step", ());
    let h = sigmoid(matmul(x, transpose(w)));
    let centred = h - broadcast(mean(h, [0]), [0], h.shape());
    let scaled = centred / broadcast(1.0 + max(h, [0]), [0], h.shape());
    let rows = gather(table, labels, 0) * concat(&[one_hot(labels, 4), slice(h, 1, 0..2)], 1);
    let over = softmax(scaled + rows, 0) + log_softmax(h, 0) * dropout(h, 0.25, step, 3);
    let twice = reshape(over * tanh(h), vec![Dim::from(6) * "n".into()]);
    let pairs = matmul(h, transpose(over));
    let cost = mean_all(square(twice)) + mean_all(sin(pairs)) + sum_all(max(over, [1])) * 0.01;
    let gradients = try_grad(cost, &[w, table]).unwrap();
    let updates =
        [("w".to_owned(), w - 0.5 * gradients[0]), ("table".to_owned(), table - gradients[1])];
    let outputs = [cost, over, twice, pairs, log_sum_exp(h, [0]), transpose(h)];
    let mut random = ChaCha8Rng::seed_from_u64(2);
    let mut draw =
        |sizes: &[usize]| ArrayD::from_shape_simple_fn(sizes, || random.random_range(-1.0..1.0));
    let start =
        Arrays::from([("w".to_owned(), draw(&[6, 5])), ("table".to_owned(), draw(&[4, 6]))]);
    for examples in [3, 16, 41] {
        let x = draw(&[examples, 5]);
        let labels = ArrayD::from_shape_fn(vec![examples], |k| (k[0] * 7 % 4) as f64);
        let step = gradus::ndarray::arr0(5.0);
        let given = Inputs::new().with("x", &x).with("labels", &labels).with("step", &step);
        let mut oracle = Reference::new(&outputs, &updates).unwrap();
        let mut want = start.clone();
        let results = oracle.step(&mut want, &given).unwrap();
        for isa in Isa::available() {
            for round in [None, Some(16)] {
                let plan = compile::<f64>(&outputs, &updates).unwrap().instructions(isa);
                let mut plan = round.map_or(plan.clone(), |round| plan.round(round));
                let mut state = start.clone();
                let got = plan.step(&mut state, &given).unwrap();
                for (k, (got, want)) in got.iter().zip(&results).enumerate() {
                    assert_near(got, want, &format!("output {k}, {isa:?}, {examples}, {round:?}"));
                }
                for (name, want) in &want {
                    assert_near(&state[name], want, &format!("{name}, {isa:?}, {examples}"));
                }
            }
        }
    }
}
