//! The law over the table: every operation that has a formula computes what its reference kernel
//! does, at all samples, and so does its derivative; and at kinks, ties and huge numbers.

use std::panic::{AssertUnwindSafe, catch_unwind};

use gradus::export::sheet::{SheetError, Spreadsheet};
use gradus::ndarray::{Array2, ArrayD, IxDyn, arr1};
use gradus::ops::{Op, Sample};
use gradus::prelude::*;

use crate::office::{Cells, agree, cells, computed};

/// Operations without a formula.
const NONE: [&str; 2] = ["random", "custom"];

/// Writes a sample into a graph: its result and its derivatives.
fn shown<'g>(g: &'g Graph, k: usize, sample: &Sample, state: &mut Arrays<f64>) -> Vec<Expr<'g>> {
    let operand = |(j, x): (usize, &ArrayD<f64>)| {
        let name = format!("x{k}_{j}");
        state.insert(name.clone(), x.clone());
        input(g, &name, x.shape())
    };
    let x: Vec<Expr<'_>> = sample.operands.iter().enumerate().map(operand).collect();
    let y = g.apply(sample.op.clone(), &x).named(&format!("y{k}"));
    let free = (0..x.len()).filter(|j| !sample.fixed.contains(j));
    let slopes = free.flat_map(|j| try_grad(sum_all(square(y)), &[x[j]]).unwrap_or_default());
    std::iter::once(y).chain(slopes).collect()
}

#[test]
fn every_operation_with_a_formula_computes_its_kernel() {
    let g = Graph::new();
    let (mut state, mut roots, mut count) = (Arrays::new(), Vec::new(), 0);
    for (card, samples) in Op::CARDS.iter().zip(Op::samples()) {
        for sample in samples.iter().filter(|_| !NONE.contains(&card.name)) {
            roots.extend(shown(&g, count, sample, &mut state));
            count += 1;
        }
    }
    let file = |values| {
        let sheet = roots.iter().fold(Spreadsheet::new("All operations"), |s, &y| s.show(y));
        sheet.values(values).bytes(&state, &Inputs::new()).unwrap()
    };
    assert!(count > 100, "{count} samples");
    println!("{count} samples, {} results and derivatives", roots.len());
    if let Some(computed) = computed(&[("law", file(false))]) {
        agree("law", &cells(&file(true)), &computed[0]);
    }
}

#[test]
fn what_has_no_formula_is_refused_by_name() {
    for (card, samples) in Op::CARDS.iter().zip(Op::samples()) {
        for sample in samples.iter().filter(|_| NONE.contains(&card.name)) {
            let (g, mut state) = (Graph::new(), Arrays::new());
            let y = shown(&g, 0, sample, &mut state)[0];
            let error = Spreadsheet::new("").show(y).bytes(&state, &Inputs::new()).unwrap_err();
            assert!(matches!(&error, SheetError::Operation { .. }), "{error}");
            let text = error.to_string();
            assert!(text.starts_with(card.name) && text.contains("law.rs:"), "{text}");
        }
    }
}

/// ∂Σy/∂x.
fn slope<'g>(y: Expr<'g>, x: Expr<'g>) -> Expr<'g> {
    try_grad(sum_all(y), &[x]).unwrap()[0]
}

/// Functions at numbers at which they have conventions, or would overflow or cancel.
#[test]
fn conventions_and_huge_numbers_are_those_of_the_kernels() {
    let g = Graph::new();
    let mut state = Arrays::new();
    let mut at = |name: &str, values: &[f64]| {
        state.insert(name.to_owned(), arr1(values).into_dyn());
        input(&g, name, [values.len()])
    };
    let huge = at("huge", &[-1e300, -800.0, -40.0, 0.0, 40.0, 800.0, 1e300]);
    let small = at("small", &[-1e-10, 1e-12, 0.0, 0.4, 3.0]);
    let (a, b) = (at("a", &[0.0, 1.0, 2.0, 2.0]), at("b", &[0.0, 1.0, 2.0, 3.0]));
    let targets = at("targets", &[0.0, 1.0]);
    let large = at("large", &[800.0, -800.0, 800.0, 799.0]);
    state.insert(
        "ties".to_owned(),
        ArrayD::from_shape_vec(
            IxDyn(&[1, 1, 4, 4]),
            [1.0, 1.0, 0.0, 2.0, 1.0, 1.0, 2.0, 2.0, -1.0, 0.0, 3.0, 3.0, 0.0, 0.0, 3.0, 4.0]
                .to_vec(),
        )
        .unwrap(),
    );
    let ties = input(&g, "ties", [1, 1, 4, 4]);
    let pooled = max_pool2d(ties, Pooling::new(2, 2));
    let overlapping = max_pool2d(ties, Pooling::new(2, 2).stride(1, 1).padding(1, 1));
    let values = [
        sigmoid(huge),
        slope(sigmoid(huge), huge),
        tanh(huge),
        softplus(huge),
        slope(softplus(huge), huge),
        relu(huge),
        slope(relu(huge), huge),
        step(huge),
        sign(huge),
        abs(huge),
        slope(abs(huge), huge),
        expm1(small),
        log1p(small),
        pow(a, b),
        x_log_y(a, b + 1.0),
        x_log_y(b, a + 1.0),
        maximum(a, b),
        slope(maximum(a, b), a),
        greater(a, b),
        equal(a, b),
        max(a, [0]),
        slope(max(a, [0]), a),
        log_sum_exp(large, [0]),
        softmax(large, 0),
        log_softmax(large, 0),
        pooled,
        slope(square(pooled), ties),
        overlapping,
        slope(square(overlapping), ties),
        leaky_relu(huge, 0.1),
        binary_cross_entropy(reshape(targets, [2, 1]), reshape(targets, [2, 1])),
        gradus::ops::binary_cross_entropy_with_logits_terms(large, b),
    ];
    let file = |values_too| {
        let sheet = values.iter().fold(Spreadsheet::new("Conventions"), |s, &y| s.show(y));
        sheet.values(values_too).bytes(&state, &Inputs::new()).unwrap()
    };
    if let Some(computed) = computed(&[("conventions", file(false))]) {
        let engine = cells(&file(true));
        agree("conventions", &engine, &computed[0]);
        // What 1 + x loses of a small x, ln(1 + x) and e^x − 1 must not lose.
        let near = |x: &&f64| (1e-13..1e-9).contains(&x.abs());
        let small = |cells: &Cells| cells.numbers.values().copied().filter(|x| near(&x)).collect();
        let (wanted, got): (Vec<f64>, Vec<f64>) = (small(&engine), small(&computed[0]));
        assert_eq!((wanted.len(), got.len()), (6, 6), "x, ln(1 + x) and e^x − 1 of two numbers");
        for (wanted, got) in wanted.iter().zip(&got) {
            assert!((got / wanted - 1.0).abs() < 1e-12, "{got}, the engine says {wanted}");
        }
    }
}

/// A long computation without labels is cut into cells, and no formula is too long or too deep. Its
/// functions have small slopes, so that rounding does not grow from one to the next.
#[test]
fn random_expressions_are_cut_into_formulas() {
    let g = Graph::new();
    let mut nodes = vec![input(&g, "x", [3]), input(&g, "y", [3])];
    let mut random = 1u64;
    let mut draw = |below: usize| {
        random = random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (random >> 33) as usize % below
    };
    for _ in 0..300 {
        let [a, b] = [0, 1].map(|_| nodes[nodes.len() - 1 - draw(nodes.len().min(12))]);
        let y = catch_unwind(AssertUnwindSafe(|| match draw(9) {
            0 => 0.5 * (a + b),
            1 => 0.25 * a - 0.75 * b,
            2 => tanh(a) * b,
            3 => sigmoid(a - b),
            4 => -square(tanh(b)) / (1.0 + square(a)),
            5 => softmax(a, 0) + 0.5,
            6 => maximum(a, -b),
            7 => 0.5 * a - broadcast(sum(tanh(a) * tanh(b), [0]), [0], [3]) / 4.0,
            _ => 0.5 * (tanh(a) - tanh(-b)),
        }));
        nodes.push(y.expect("shapes fit"));
    }
    let y = nodes.iter().copied().map(tanh).reduce(|a, b| a + b).expect("nodes");
    let slopes = try_grad(sum_all(y), &nodes[..2]).unwrap();
    let state: Arrays<f64> = [("x", [0.3, -0.7, 1.1]), ("y", [-0.2, 0.9, 0.4])]
        .map(|(name, values)| (name.to_owned(), arr1(&values).into_dyn()))
        .into();
    let file = |values| {
        let sheet = slopes.iter().fold(Spreadsheet::new("Random").show(y), |s, &y| s.show(y));
        sheet.values(values).bytes(&state, &Inputs::new()).unwrap()
    };
    if let Some(computed) = computed(&[("random", file(false))]) {
        agree("random", &cells(&file(true)), &computed[0]);
    }
}

/// Pixels of pictures, summed over the examples: the pixels between them are no part of the sum.
#[test]
fn a_sum_does_not_take_what_lies_between() {
    let g = Graph::new();
    let x = input(&g, "x", ("n", 6));
    let (total, squares) = (sum(x, [0]).named("total"), sum(square(x), [0]).named("squares"));
    let pixels = Array2::from_shape_fn((5, 6), |(k, i)| (7 * k + i * i) as f64);
    let file = |values| {
        let sheet = Spreadsheet::new("Sums").examples("n").fold(x, &[2, 3]).show(total);
        let inputs = Inputs::new().with("x", &pixels);
        sheet.show(squares).values(values).bytes(&Arrays::new(), &inputs).unwrap()
    };
    if let Some(computed) = computed(&[("sums", file(false))]) {
        agree("sums", &cells(&file(true)), &computed[0]);
    }
}
