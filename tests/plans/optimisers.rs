//! The updates of optimisers.

use super::*;
use gradus::models::{Adam, Optimiser, Parameter, Role, Sgd};

/// What an optimiser does with a weight and what it remembers of it is one pass, behind the product
/// that is the gradient; gradient descent alone is the product's own. The next state is the
/// reference's.
#[test]
fn an_update_is_one_pass() {
    let weights = Role::Weights { fan_in: 30, fan_out: 40 };
    let parameters = [Parameter::new("w", [30, 40], weights)];
    let (sgd, adam) = (Sgd::default(), Adam::default());
    for (optimiser, step) in [
        (Optimiser::from(sgd), "30×8×40, added in place "),
        (Sgd { momentum: 0.9, ..sgd }.into(), "30×8×40, then a pass of "),
        (Sgd { momentum: 0.9, decay: 0.1 }.into(), "30×8×40, then a pass of "),
        (adam.into(), "30×8×40, then a pass of "),
        (Adam { decay: 0.1, ..adam }.into(), "30×8×40, then a pass of "),
    ] {
        let g = Graph::new();
        let (x, delta) = (input(&g, "x", [8, 30]), input(&g, "delta", [8, 40]));
        let gradient = matmul(transpose(x), delta);
        let updates = optimiser.updates(input(&g, "eta", ()), &parameters, &[gradient]);
        let mut want = Arrays::from([("w".to_owned(), random::<f32>(&[30, 40], 1))]);
        for still in optimiser.state(&parameters) {
            want.insert(still.name, ArrayD::zeros(still.shape));
        }
        let mut state = want.clone();
        let (x, delta) = (random(&[8, 30], 2), random(&[8, 40], 3));
        let eta = arr0(0.1).into_dyn();
        let given = Inputs::new().with("x", &x).with("delta", &delta).with("eta", &eta);
        let mut oracle = Reference::new(&[], &updates).unwrap();
        let mut plan = compile::<f32>(&[], &updates).unwrap();
        for _ in 0..3 {
            oracle.step(&mut want, &given).unwrap();
            plan.step(&mut state, &given).unwrap();
        }
        for (name, want) in &want {
            assert_close(&state[name], want, 1e3, name);
        }
        let text = plan.describe();
        assert!(text.contains(step), "{optimiser:?}\n{text}");
        // What else there is works on single numbers.
        let large = |line: &&str| line.contains("products") || line.contains("  pass");
        assert_eq!(text.lines().filter(large).count(), 1, "{optimiser:?}\n{text}");
    }
}
