//! Networks of a few units: programs with products, values of different lengths, and updates.

use super::*;

/// A network with layers of these widths; a layer's number says how its weights lie, whether it has
/// biases, and what its activation is: none that makes much of a rounding. Returns its outputs, their
/// cost first, and a step of descent.
fn network<'g>(
    g: &'g Graph, examples: usize, widths: &[usize], layers: &[usize],
) -> (Vec<Expr<'g>>, Vec<(String, Expr<'g>)>) {
    let eta = input(g, "eta", ());
    let (mut a, mut parameters) = (input(g, "x", [examples, widths[0]]), Vec::new());
    for (k, (pair, layer)) in widths.windows(2).zip(layers).enumerate() {
        let turned = layer % 2 == 1;
        let shape = if turned { [pair[1], pair[0]] } else { [pair[0], pair[1]] };
        let w = param(g, &format!("w{k}"), shape);
        parameters.push(w);
        let mut z = matmul(a, if turned { transpose(w) } else { w });
        if layer % 3 > 0 {
            let b = param(g, &format!("b{k}"), [pair[1]]);
            parameters.push(b);
            z = z + b;
        }
        a = match layer % 5 {
            0 => sigmoid(z),
            1 => tanh(z),
            2 => softplus(z) - sin(z),
            3 => exp(-square(z)) * tanh(sum_all(z)),
            _ => select(greater(z, -z), log(z * z + 1.0), tanh(z) * z),
        };
    }
    let cost = 0.5 * sum_all(square(a - input(g, "y", a.shape())));
    let gradients = try_grad(cost, &parameters).unwrap();
    let updates = parameters.iter().zip(gradients);
    let updates = updates.map(|(&w, dw)| (w.label().unwrap().to_string(), w - eta * dw)).collect();
    (vec![cost, a], updates)
}

/// Steps from where the reference's begin end where they end, on all instruction sets; and three at
/// once are three, one after the other.
fn small_network_agrees<T: Real>(examples: usize, widths: &[usize], layers: &[usize], seed: u64) {
    let g = Graph::new();
    let (outputs, updates) = network(&g, examples, widths, layers);
    let names = updates.iter().map(|(name, next)| (name.clone(), sizes(*next)));
    let start: Arrays<T> = names.map(|(name, sizes)| (name, random(&sizes, seed))).collect();
    let (x, y) = (random(&[examples, widths[0]], seed + 1), random(&sizes(outputs[1]), seed + 2));
    let eta = arr0(T::from_double(0.1)).into_dyn();
    let given = Inputs::new().with("x", &x).with("y", &y).with("eta", &eta);
    let mut oracle = Reference::new(&outputs, &updates).unwrap();
    for isa in Isa::available() {
        let mut plan = compile::<T>(&outputs, &updates).unwrap().instructions(isa);
        let mut want = start.clone();
        for _ in 0..3 {
            let mut state = want.clone();
            let costs = oracle.step(&mut want, &given).unwrap();
            let got = plan.step(&mut state, &given).unwrap();
            for (got, want) in got.iter().zip(&costs) {
                assert_close(got, want, 1e4, &format!("an output, {isa:?}"));
            }
            for (name, want) in &want {
                assert_close(&state[name], want, 1e4, &format!("{name}, {isa:?}"));
            }
        }
        let (mut single, mut many) = (start.clone(), start.clone());
        let last = (0..3).map(|_| plan.step(&mut single, &given).unwrap()[0].clone()).last();
        let got = &plan.repeat(3, &mut many, &given).unwrap()[0];
        assert_same(got, &last.unwrap(), &format!("the last cost, {isa:?}"));
        for (name, want) in &single {
            assert_same(&many[name], want, &format!("{name}, {isa:?}"));
        }
    }
}

fn sizes(x: Expr<'_>) -> Vec<usize> {
    x.shape().dims().iter().map(Dim::size).collect()
}

/// The whole step of a network with one example is one program.
#[test]
fn a_step_of_a_few_units_is_one_program() {
    let g = Graph::new();
    let (outputs, updates) = network(&g, 1, &[12, 3, 2], &[5, 5]);
    let names = updates.iter().map(|(name, next)| (name.clone(), sizes(*next)));
    let mut state: Arrays<f32> = names.map(|(name, sizes)| (name, random(&sizes, 1))).collect();
    let (x, y, eta) = (random(&[1, 12], 2), random(&[1, 2], 3), arr0(0.1));
    let given = Inputs::new().with("x", &x).with("y", &y).with("eta", &eta);
    let mut plan = compile::<f32>(&outputs, &updates).unwrap();
    plan.step(&mut state, &given).unwrap();
    let text = plan.describe();
    assert!(text.contains("with 5 products") && text.contains("\n1 steps, "), "{text}");
}

proptest! {
    #[test]
    fn small_networks_agree(
        examples in 1usize..4,
        widths in prop::collection::vec(1usize..8, 2..5),
        layers in prop::array::uniform4(0usize..30),
        seed in 0u64..1000,
    ) {
        small_network_agrees::<f64>(examples, &widths, &layers, seed);
        small_network_agrees::<f32>(examples, &widths, &layers, seed);
    }
}
