//! What plans say of themselves.

use super::*;

/// What a plan says of itself: the steps with their kernels, and the lines that they come from.
#[test]
fn a_plan_is_printed() {
    let workload = workloads::w4(64);
    let g = Graph::new();
    let (outputs, updates) = (workload.build)(&g);
    let mut plan = compile::<f32>(&outputs, &updates).unwrap().instructions(Isa::Portable);
    let given = Inputs::new().with_all(&workload.inputs);
    let mut state = workload.state.clone();
    plan.step(&mut state, &given).unwrap();
    let text = plan.describe();
    for part in [
        "transpose 64×12",
        "outer products 3×12×64, with bias",
        "outer products 3×64×12, added in place",
        "pass of ",
        "sigmoid %",
        "benches/workloads/mod.rs:",
        " bytes of them alive at the worst moment; registers ",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let profile = plan.profile(&mut state, &given, 2).unwrap();
    assert_eq!(profile.len(), text.lines().filter(|line| line.contains(" flop  ")).count());
    assert!(text.contains(&profile[0].1), "{}", profile[0].1);
}

/// Each value that is stored between two steps is listed, with its size and all reasons.
#[test]
fn a_plan_says_what_is_not_fused_and_why() {
    let g = Graph::new();
    let (x, w) = (input(&g, "x", [40, 30]), param(&g, "w", [30, 30]));
    let z = (matmul(x, w)).named("z");
    let a = (tanh(z)).named("a");
    let row = log_sum_exp(a, [0]).named("row");
    let b = (sin(row)).named("b");
    let c = (a * broadcast(b, [0], a.shape())).named("c");
    let updates = [("w".to_owned(), (w * 0.5).named("next"))];
    let mut plan = compile::<f32>(&[c], &updates).unwrap().instructions(Isa::Portable);
    assert!(!plan.describe().contains("not fused"));
    let mut state = Arrays::from([("w".to_owned(), random(&[30, 30], 1))]);
    let at = random(&[40, 30], 2);
    plan.step(&mut state, &Inputs::new().with("x", &at)).unwrap();
    let text = plan.describe();
    let of = |label: &str| {
        let label = format!("`{label}`");
        let line = |line: &&str| line.starts_with("not fused") && line.contains(&label);
        let line = text.lines().find(line).unwrap_or_else(|| panic!("{label}\n{text}"));
        line[line.rfind("bytes").unwrap() - 5..].to_owned()
    };
    let listed = |line: &str| line.starts_with("not fused") && line.contains("`z`");
    assert!(!text.lines().any(listed), "tanh is the epilogue of z: {text}");
    assert_eq!(
        of("a"),
        "4800 bytes, needed by log_sum_exp, read by a pass that also waits for another value"
    );
    assert_eq!(of("b"), " 120 bytes, read elsewhere than where it is written");
    assert_eq!(of("c"), "4800 bytes, an output");
    assert_eq!(of("next"), "3600 bytes, the next value of an array");
    let product = text.lines().find(|line| line.contains("products")).unwrap();
    assert!(product.contains(", then a pass "), "{product}");
    assert!(product.contains(" 73200 flop  matmul "), "{product}");
    assert!(text.contains(" steps, 76"), "{text}");
}

/// However σ′ and tanh′ times something are written, they are one operation of a pass, unless a part
/// of them is wanted elsewhere.
#[test]
fn slopes_of_activation_functions_are_one_operation() {
    for len in [5, 40] {
        let g = Graph::new();
        let (a, d) = (input(&g, "a", [len]), input(&g, "d", [len]));
        let given = [random(&[len], 1), random(&[len], 2)];
        let given = Inputs::new().with("a", &given[0]).with("d", &given[1]);
        let slopes = [
            d * a * (1.0 - a),
            a * d * (1.0 - a),
            (1.0 - a) * (a * d),
            a * (1.0 - a) * d,
            d * ((1.0 - a) * a),
            d * (1.0 - a * a),
            (1.0 - square(a)) * d,
        ];
        for slope in slopes {
            agree::<f64>(&[slope], &given, 4.0);
            let mut plan = compile::<f64>(&[slope], &[]).unwrap();
            plan.step(&mut Arrays::new(), &given).unwrap();
            let text = plan.describe();
            assert!(text.contains("pass  ") && !text.contains("pass of"), "{text}");
        }
        // What looks like one, and is none.
        for other in [d * a * (1.0 - d), d * a * (2.0 - a), d * (1.0 - a * d), d * (a - 1.0) * a] {
            agree::<f64>(&[other], &given, 4.0);
        }
        agree::<f64>(&[slopes[0], 1.0 - a, d * a], &given, 4.0);
        agree::<f64>(&[slopes[5], a * a], &given, 4.0);
    }
}
