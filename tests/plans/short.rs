//! Passes over few numbers, and graphs of scalars.

use super::*;

/// Steps of one and two operands of a chain over few numbers, some of which are repeated or turned.
fn short_pass_agrees(len: usize, steps: &[(usize, usize, usize)], seed: u64) {
    let g = Graph::new();
    let (x, w) = (input(&g, "x", [len, 2]), input(&g, "w", [2, len]));
    let (single, row) = (input(&g, "single", ()), input(&g, "row", [2]));
    let all = broadcast(single, [0, 1], [len, 2]);
    let rows = broadcast(row, [0], [len, 2]);
    let mut nodes = vec![x, transpose(w), all * transpose(w), all, rows];
    for &(choice, a, b) in steps {
        let (a, b) = (nodes[a % nodes.len()], nodes[b % nodes.len()]);
        nodes.push(match choice % 24 {
            0 => a + b,
            1 => a - b,
            2 => a * b,
            3 => a / (b * b + 1.0),
            4 => maximum(a, b),
            5 => greater(a, b),
            6 => greater_equal(b, a) + equal(a, b),
            7 => select(greater(a, b), a, b),
            8 => -a,
            9 => reciprocal(a * a + 2.0),
            10 => square(a),
            11 => sqrt(abs(a)),
            12 => rsqrt(a * a + 0.5),
            13 => relu(a) + step(b),
            14 => sign(a) * b,
            15 => exp(-square(a)),
            16 => log(a * a + 1.0),
            17 => sin(a) * cos(b),
            18 => tanh(a) + sigmoid(b),
            19 => softplus(a),
            20 => atan(a) - expm1(-abs(b)),
            21 => pow(abs(a) + 0.5, tanh(b)),
            22 => binary_cross_entropy_with_logits_terms(a, b),
            _ => stop_gradient(a) * 0.5,
        });
    }
    let outputs =
        [nodes[nodes.len() - 1], nodes[nodes.len() / 2] + 1.0, nodes[5.min(nodes.len() - 1)] - 2.0];
    let arrays = [random(&[len, 2], seed), random(&[2, len], seed + 1), random(&[2], seed + 2)];
    let number = arr0(0.5 + (seed % 7) as f64);
    let given = Inputs::new().with("x", &arrays[0]).with("w", &arrays[1]);
    let given = given.with("row", &arrays[2]).with("single", &number);
    agree::<f64>(&outputs, &given, 1e4);
    let narrow = arrays.map(|x| x.mapv(|x| x as f32));
    let number = number.mapv(|x| x as f32);
    let given = Inputs::new().with("x", &narrow[0]).with("w", &narrow[1]);
    agree::<f32>(&outputs, &given.with("row", &narrow[2]).with("single", &number), 1e4);
}

/// Scalars that follow from each other, with their gradient: one pass of many operations.
#[test]
fn a_graph_of_scalars_agrees() {
    let g = Graph::new();
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let inputs = [0, 1, 2].map(|k| input(&g, &format!("x{k}"), ()));
    let mut nodes = inputs.to_vec();
    for k in 0..3000 {
        let [a, b] = [(); 2]
            .map(|()| nodes[random.random_range(nodes.len().saturating_sub(40)..nodes.len())]);
        nodes.push(match k % 5 {
            0 => 0.5 * (a + b),
            1 => a * b + 0.1,
            2 => sin(a) - 0.2 * b,
            3 => select(greater(a, b), a, tanh(b)),
            _ => b / (1.0 + a * a),
        });
    }
    let y = nodes[nodes.len() - 40..].iter().copied().reduce(|a, b| a + b).unwrap();
    let mut outputs = vec![y];
    outputs.extend(try_grad(y, &inputs).unwrap());
    let at = [0.3, -0.7, 1.1].map(arr0);
    let given = Inputs::new().with("x0", &at[0]).with("x1", &at[1]).with("x2", &at[2]);
    agree::<f64>(&outputs, &given, 1e5);
    let mut plan = compile::<f64>(&outputs, &[]).unwrap();
    plan.step(&mut Arrays::new(), &given).unwrap();
    assert!(plan.describe().contains("   0  short pass of "), "{}", plan.describe());
    let allocated = allocation_counter::measure(|| {
        plan.step(&mut Arrays::new(), &given).unwrap();
    });
    assert_eq!(allocated.count_total, 0);
}

proptest! {
    #[test]
    fn short_passes_agree(
        len in 1usize..10,
        steps in prop::collection::vec((0usize..24, any::<usize>(), any::<usize>()), 1..16),
        seed in 0u64..1000,
    ) {
        short_pass_agrees(len, &steps, seed);
    }
}
