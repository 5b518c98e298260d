//! What the check says of right rules, of wrong ones, and of kinks.

use super::*;
use crate::{
    CustomOp, Graph, Reference, Shape, abs, constant, custom, exp, greater, input, log, matmul,
    max, relu, sigmoid, square, step, sum_all, tanh,
};
use gradus_autodiff::Primitive;
use ndarray::{ArrayD, ArrayViewD, array};

fn at(x: ArrayD<f64>) -> Arrays<f64> {
    Arrays::from([("x".to_owned(), x)])
}

#[test]
fn a_right_rule_passes_to_third_order() {
    let g = Graph::new();
    let x = input(&g, "x", ("n", 2));
    let y = sum_all(exp(x) * log(x));
    let at = at(array![[0.5, 1.0], [1.5, 2.0]].into_dyn());
    let report = Check::new(&[y], &[x]).order(3).seed(7).run(&at).unwrap();
    assert!(report.passed(), "{report}");
    let count = |test| report.of(test).count();
    assert_eq!(count(Test::Modes), 3 * 3, "orders times seeds");
    assert_eq!(count(Test::Differences), 3 * (3 + 4), "and elements");
    assert_eq!(count(Test::Digits), 3 * (3 + 4));
    assert_eq!(count(Test::Taylor), 3 * 3 + 2 * 3, "the third order has no Hessian");
    assert_eq!(
        count(Test::Rounding),
        2 * (3 * 3 + 3),
        "derivatives, and values of the first order"
    );
    let text = report.to_string();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "gradient check, seeds 7, 8, 9: 90 of 90 comparisons agree");
    assert!(lines[3].starts_with("  21 of 21: differences in 31 digits, to 1e-16 + 1e-13 |n|"));
    assert_eq!(lines[6], "  elements, order 1: 4 of 4 in `x`");
    assert_eq!(lines.len(), 9, "{text}");
    for difference in report.of(Test::Digits) {
        let share = difference.apart / difference.other.abs();
        assert!(share > 0.0 && share < 1e-18, "sharper than it must be: {difference}");
    }
}

#[test]
fn a_rule_that_only_the_second_order_uses_is_checked_and_blamed() {
    let g = Graph::new();
    let x = input(&g, "x", [2]);
    let check = Check::new(&[sigmoid(x)], &[x]).with_vjp(|op, k, x, y, y_bar| match op {
        Op::Sub(_) => Some(y_bar),
        _ => op.vjp(k, x, y, y_bar),
    });
    let report = check.run(&at(array![0.5, 1.0].into_dyn())).unwrap();
    assert!(!report.passed());
    assert!(report.failures().all(|failure| failure.order == 2), "{report}");
    let blame = report.blame.unwrap();
    assert_eq!(blame.order, 2);
    assert_eq!((blame.rule.as_str(), blame.operation.as_str()), PULLBACK_OF_SUB);
    assert!(blame.node.contains(" by Vjp(0) of %1"), "{}", blame.node);
}

const PULLBACK_OF_SUB: (&str, &str) = ("the pullback of operand 1 (b)", "sub");

/// What a failure names: the node, its label, its line, the rule, the index, both values, the bound.
#[test]
fn the_wrong_rule_is_named_with_its_node_and_line() {
    let g = Graph::new();
    let x = input(&g, "x", [2, 3]);
    let (h, line) = (tanh(exp(x) - 1.0).named("h"), line!());
    let y = sum_all(square(h) * tanh(x));
    let point = at(array![[0.5, -1.0, 0.2], [0.1, 0.3, -0.4]].into_dyn());
    for forward in [false, true] {
        let fault = move |op: &Op, y: Expr<'_>| matches!(op, Op::Tanh(_)) && y == h;
        let check = Check::new(&[y], &[x]);
        let check = if forward {
            check.with_jvp(move |op, k, x, y, x_dot| {
                let right = op.jvp(k, x, y, x_dot)?;
                Some(if fault(op, y) { right * 2.0 } else { right })
            })
        } else {
            check.with_vjp(move |op, k, x, y, y_bar| {
                let right = op.vjp(k, x, y, y_bar)?;
                Some(if fault(op, y) { right * 2.0 } else { right })
            })
        };
        let report = check.run(&point).unwrap();
        assert!(!report.passed());
        let blame = report.blame.as_ref().unwrap();
        assert_eq!(blame.label.as_deref(), Some("h"));
        assert_eq!(blame.line, Some(format!("crates/ops/src/check/tests.rs:{line}")));
        let side = if forward { "pushforward" } else { "pullback" };
        assert_eq!(blame.rule, format!("the {side} of operand 0 (x)"));
        assert_eq!((blame.operation.as_str(), &blame.index[..]), ("tanh", &[0, 0][..]));
        assert!((blame.derivative / blame.other - 2.0).abs() < 1e-6, "{blame}");
        let text = report.to_string();
        assert!(text.contains(&format!(
            "  to blame: {} of tanh\n    {}",
            blame.rule,
            h.describe()
        )));
    }
}

#[test]
fn a_forgotten_rule_is_to_blame_too() {
    let g = Graph::new();
    let (x, w) = (input(&g, "x", [2, 2]), input(&g, "w", [2, 2]));
    let check = Check::new(&[exp(matmul(x, w))], &[x, w]).with_vjp(|op, k, x, y, y_bar| match op {
        Op::Matmul(_) if k == 1 => None,
        _ => op.vjp(k, x, y, y_bar),
    });
    let mut point = at(array![[0.5, -1.0], [0.2, 0.3]].into_dyn());
    point.insert("w".to_owned(), array![[0.1, 0.7], [-0.2, 0.4]].into_dyn());
    let blame = check.order(1).run(&point).unwrap().blame.unwrap();
    assert_eq!(blame.rule, "the pullback of operand 1 (w)");
    assert_eq!(blame.derivative, 0.0);
}

#[test]
fn a_kink_is_reported_with_its_node_or_settled_and_is_no_failure() {
    let g = Graph::new();
    let x = input(&g, "x", [2]);
    for near in [0.0, 1e-14, 1e-9, 1e-6, -1e-6, 3e-5] {
        let y = relu(x).named("y");
        let report = Check::new(&[y], &[x]).run(&at(array![near, 0.5].into_dyn())).unwrap();
        assert!(report.passed(), "{report}");
        // Beside a kink the steps in 31 digits are the smaller ones.
        let (kinks, settled) = (report.kinks().count(), report.settled().count());
        assert!(kinks > 0 || near != 0.0, "{report}");
        assert!(kinks + settled > 0 || near == 3e-5, "{near}: {report}");
        for kink in report.kinks() {
            let note = kink.note.as_ref().unwrap();
            let names = note.contains(&format!("of relu = {}", y.describe()));
            assert!(names || kink.order == 2, "{note}");
            assert!(
                kink.of != Compared::Element { input: "x".to_owned(), element: 1, index: vec![1] }
            );
        }
    }
}

#[test]
fn a_wrong_derivative_beside_a_kink_is_not_settled() {
    let g = Graph::new();
    let x = input(&g, "x", [1]);
    for (slope, near, right) in
        [(1.0, 1e-6, true), (1.001, 1e-6, false), (-0.001, -1e-6, false), (1.001, 1e-9, false)]
    {
        let check = Check::new(&[relu(x)], &[x]).order(1);
        let check = check.with_vjp(move |_, _, _, _, y_bar| Some(y_bar * slope));
        let report = check.run(&at(array![near].into_dyn())).unwrap();
        assert_eq!(report.passed(), right, "{near}: {report}");
        assert_eq!(report.settled().count() > 0, right, "{near}: {report}");
        let known = report.of(Test::Digits).all(|d| d.verdict == Verdict::Agrees);
        assert_eq!(known, right, "{near}: {report}");
    }
}

#[test]
fn progress_counts_each_line_once() {
    let g = Graph::new();
    let (x, w) = (input(&g, "x", [3]), input(&g, "w", [70]));
    let calls = std::cell::RefCell::new(Vec::new());
    let check = Check::new(&[sum_all(square(x)), sum_all(w)], &[x, w]).elements(5).directions(2);
    let check = check.progress(|done, of| calls.borrow_mut().push((done, of)));
    let mut point = at(array![1.0, -2.0, 0.5].into_dyn());
    point.insert("w".to_owned(), ndarray::Array1::ones(70).into_dyn());
    check.run(&point).unwrap();
    // Of each order two directions, three elements of x and five of w.
    assert_eq!(calls.take(), (1..=20).map(|done| (done, 20)).collect::<Vec<_>>());
}

#[test]
fn a_derivative_beyond_the_slopes_at_a_kink_differs() {
    let g = Graph::new();
    let x = input(&g, "x", [1]);
    for (wrong, passes) in [(0.0, true), (0.5, true), (1.0, true), (1.01, false), (-0.01, false)] {
        let check = Check::new(&[relu(x)], &[x]).order(1).only(&[Test::Differences, Test::Digits]);
        let check = check.with_vjp(move |_, _, _, _, y_bar| Some(y_bar * wrong));
        let report = check.run(&at(array![0.0].into_dyn())).unwrap();
        assert_eq!(report.failures().next().is_none(), passes, "{wrong}: {report}");
    }
}

/// Where no comparison but with a kink is made, nothing is proved.
#[test]
fn a_kink_alone_is_no_pass() {
    let g = Graph::new();
    let x = input(&g, "x", [1]);
    let check = Check::new(&[relu(x)], &[x]).order(1).only(&[Test::Differences, Test::Digits]);
    let report = check.run(&at(array![0.0].into_dyn())).unwrap();
    assert!(!report.passed() && report.failures().next().is_none(), "{report}");
}

#[test]
fn a_wrong_rule_does_not_hide_behind_a_kink_that_is_not_at_the_point() {
    let g = Graph::new();
    let x = input(&g, "x", [1]);
    for near in [1e-2, 1e-4, 1e-8] {
        let check = Check::new(&[relu(x)], &[x]).order(1);
        let check = check.with_vjp(|_, _, _, _, y_bar| Some(y_bar * 0.5));
        let report = check.run(&at(array![near].into_dyn())).unwrap();
        assert!(report.of(Test::Digits).all(|d| d.verdict == Verdict::Differs), "{report}");
    }
}

#[test]
fn ties_and_jumps_are_judged_by_their_conventions() {
    let g = Graph::new();
    let x = input(&g, "x", [3]);
    let y = [max(x, [0]), sum_all(abs(x)), sum_all(step(x) * x)];
    let report = Check::new(&y, &[x]).run(&at(array![0.0, 0.0, -1.0].into_dyn())).unwrap();
    assert!(report.passed(), "{report}");
    assert!(report.kinks().count() > 0);
}

/// y = x³, with a kernel for `f64` alone.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Cube;

impl CustomOp for Cube {
    fn name(&self) -> &str {
        "cube"
    }

    fn shape(&self, x: &[&Shape]) -> Result<Shape, String> {
        Ok(x[0].clone())
    }

    fn eval(&self, x: &[ArrayViewD<'_, f64>]) -> ArrayD<f64> {
        x[0].mapv(|x| x * x * x)
    }

    fn vjp<'g>(&self, _: usize, x: &[Expr<'g>], _: Expr<'g>, y_bar: Expr<'g>) -> Option<Expr<'g>> {
        Some(y_bar * 3.0 * square(x[0]))
    }

    fn jvp<'g>(&self, _: usize, x: &[Expr<'g>], _: Expr<'g>, x_dot: Expr<'g>) -> Option<Expr<'g>> {
        Some(x_dot * 3.0 * square(x[0]))
    }
}

#[test]
fn what_a_custom_operation_has_no_kernel_for_is_not_tried_and_said() {
    let g = Graph::new();
    let x = input(&g, "x", [2]);
    let report = Check::new(&[exp(custom(Cube, &[x]))], &[x]);
    let report = report.run(&at(array![0.5, -0.7].into_dyn())).unwrap();
    assert!(report.passed(), "{report}");
    assert_eq!(report.of(Test::Digits).count(), 0);
    let why = "custom operation `cube` has no kernel beyond f64";
    let wanted = [1, 2].map(|order| format!("31 digits, order {order}: {why}"));
    assert_eq!(report.untried, wanted);
    assert!(report.of(Test::Taylor).count() > 0 && report.of(Test::Rounding).count() > 0);
    assert!(report.to_string().contains("\n  not tried: 31 digits, order 1: custom"));
}

#[test]
fn another_evaluator_is_held_to_the_reference() {
    let g = Graph::new();
    let x = input(&g, "x", [3]);
    let y = sum_all(exp(x) * x);
    let point = at(array![0.5, -0.7, 1.5].into_dyn());
    let reference = |outputs: &[Expr<'_>]| Reference::new(outputs, &[]);
    let right = Check::new(&[y], &[x]).against("itself", reference).run(&point).unwrap();
    assert!(right.passed(), "{right}");
    assert_eq!(right.of(Test::Evaluators).count(), 3 + 2 * 3, "values, and two derivatives");
    // One that is off by a few units in the twelfth digit.
    let off = |outputs: &[Expr<'_>]| {
        let outputs: Vec<_> = outputs.iter().map(|&y| y * (1.0 + 1e-12)).collect();
        Reference::new(&outputs, &[])
    };
    let wrong = Check::new(&[y], &[x]).against("off", off).run(&point).unwrap();
    assert_eq!(wrong.failures().count(), 9, "{wrong}");
    assert!(wrong.failures().all(|d| d.against == "off against the reference evaluator"));
}

#[test]
fn a_comparison_that_f32_decides_otherwise_is_inconclusive() {
    let g = Graph::new();
    let x = input(&g, "x", [1]);
    let y = x * greater(x, x - 1e-9);
    let report = Check::new(&[y], &[x]).order(1).only(&[Test::Rounding]);
    let report = report.run(&at(array![0.75].into_dyn())).unwrap();
    let failures: Vec<_> = report.failures().collect();
    assert_eq!(failures.len(), 6, "{report}");
    let wanted = "f32 decides otherwise than f64 at ";
    assert!(failures.iter().all(|d| d.note.as_ref().unwrap().starts_with(wanted)), "{report}");
}

/// What rounding explains is neither less than the error nor much more.
#[test]
fn the_bound_of_rounding_is_close() {
    let g = Graph::new();
    let x = input(&g, "x", [50]);
    let y = (sum_all(tanh(x)) + 1e5) - constant(&g, 1e5);
    let values = ArrayD::from_shape_fn(vec![50], |k| (k[0] as f64 * 0.37).sin());
    let report = Check::new(&[y], &[x]).order(1).only(&[Test::Rounding]).run(&at(values)).unwrap();
    assert!(report.failures().next().is_none(), "{report}");
    let share = |against: &str| {
        let of = report.differences.iter().filter(|d| d.against.starts_with(against));
        of.map(Difference::share).fold(0.0, f64::max)
    };
    assert!(share("f32") > 0.01, "{report}");
    assert!(share("f64") > 0.01, "{report}");
}

#[test]
fn a_value_that_is_not_finite_is_traced() {
    let g = Graph::new();
    let x = input(&g, "x", [2]);
    let z = log(x);
    let report = Check::new(&[sum_all(z)], &[x]).order(1).run(&at(array![0.0, 1.0].into_dyn()));
    let report = report.unwrap();
    assert!(!report.passed());
    let text = report.to_string();
    assert!(text.contains("-inf in log, 1 of 2 elements, first at [0]"), "{text}");
}

#[test]
fn large_inputs_are_sampled_and_the_report_says_so() {
    let g = Graph::new();
    let x = input(&g, "x", ("n",));
    let values = ArrayD::from_shape_fn(vec![1000], |k| k[0] as f64 / 1000.0);
    let check = Check::new(&[sum_all(x * x)], &[x]).order(1).elements(10);
    let report = check.run(&at(values.clone())).unwrap();
    assert!(report.passed(), "{report}");
    let coverage = Coverage { order: 1, input: "x".to_owned(), compared: 10, of: 1000 };
    assert_eq!(report.elements, [coverage]);
    // An error in an element that is in no sample shows in the directions.
    let mut one = ArrayD::zeros(vec![1000]);
    one[[999]] = 1e-3;
    let mut point = at(values);
    point.insert("one".to_owned(), one);
    let one = input(&g, "one", ("n",));
    let check = Check::new(&[sum_all(x * x)], &[x]).order(1).elements(10).with_vjp(
        move |op, k, x, y, y_bar| match op {
            Op::Sum(_) => op.vjp(k, x, y, y_bar).map(|bar| bar + one),
            _ => op.vjp(k, x, y, y_bar),
        },
    );
    let report = check.run(&point).unwrap();
    let failures: Vec<_> =
        report.of(Test::Differences).filter(|d| d.verdict != Verdict::Agrees).collect();
    assert_eq!(failures.len(), 3, "{report}");
    assert!(failures.iter().all(|d| matches!(d.of, Compared::Direction { .. })));
}

#[test]
fn a_check_of_nothing_is_not_a_pass() {
    let g = Graph::new();
    let x = input(&g, "x", [1]);
    let at = at(array![0.5].into_dyn());
    let y = exp(x);
    let nothing = [
        Check::new(&[y], &[x]).order(0),
        Check::new(&[y], &[]),
        Check::new(&[], &[x]),
        Check::new(&[y], &[x]).only(&[Test::Modes, Test::Taylor, Test::Rounding]),
    ];
    for check in nothing {
        assert!(!check.run(&at).unwrap().passed(), "{check:?}");
    }
}

#[test]
#[should_panic(expected = "only an input can be varied, not\n  %1 : [2]")]
fn an_inner_node_cannot_be_varied() {
    let g = Graph::new();
    let x = input(&g, "x", [2]);
    let y = exp(x);
    let _ = Check::new(&[y * y], &[y]).run(&at(array![0.5, 1.0].into_dyn()));
}
