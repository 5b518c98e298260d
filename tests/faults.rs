//! Rules broken on purpose: a wrong sign, a factor, a transpose, a forgotten term. The gradient
//! check must catch every one of them, in both directions of differentiation, and the right rules
//! must pass beside them.

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};

use gradus::ops::{Check, Expr, Graph, Op, Primitive, Sample, matmul, transpose};

/// What a broken rule makes of the right result.
type Fault = for<'g> fn(usize, &[Expr<'g>], Expr<'g>, Expr<'g>) -> Option<Expr<'g>>;

const SIGN: Fault = |_, _, _, right| Some(-right);
const FACTOR: Fault = |_, _, _, right| Some(2.0 * right);
const FORGOTTEN: Fault = |_, _, _, _| None;
/// The transpose of the right result.
const TRANSPOSED: Fault = |_, _, _, right| Some(transpose(right));
/// ȳ w for ȳ wᵀ, x ȳ for xᵀ ȳ: the other factor as the pushforward has it.
const UNTRANSPOSED: Fault =
    |k, x, bar, _| Some(if k == 0 { matmul(bar, x[1]) } else { matmul(x[0], bar) });
/// ẋ wᵀ for ẋ w, xᵀ ẇ for x ẇ: the other factor as the pullback has it.
const OVERTRANSPOSED: Fault = |k, x, dot, _| {
    Some(if k == 0 { matmul(dot, transpose(x[1])) } else { matmul(transpose(x[0]), dot) })
};

/// The faults that every rule can have.
const GENERAL: &[(&str, Fault)] = &[("sign", SIGN), ("factor", FACTOR), ("forgotten", FORGOTTEN)];

/// The faults of matmul's pullback and pushforward, at samples of square matrices, where no shape
/// gives a transpose away.
const OF_PULLBACK: &[(&str, Fault)] = &[("transposed", TRANSPOSED), ("untransposed", UNTRANSPOSED)];
const OF_PUSHFORWARD: &[(&str, Fault)] =
    &[("transposed", TRANSPOSED), ("overtransposed", OVERTRANSPOSED)];

#[derive(Clone, Copy, Debug)]
enum Direction {
    Reverse,
    Forward,
}

/// Whether the check passes on a sample with the fault in the operation's rule for one operand.
fn passes(sample: &Sample, operand: usize, fault: Option<Fault>, direction: Direction) -> bool {
    let graph = Graph::new();
    let (x, y) = sample.build(&graph);
    let free: Vec<_> = (0..x.len()).filter(|k| !sample.fixed.contains(k)).map(|k| x[k]).collect();
    let at = (0..).map(|k| format!("x{k}")).zip(sample.operands.iter().cloned()).collect();
    let faulty = sample.op.clone();
    let broken = move |op: &Op, k| fault.filter(|_| *op == faulty && k == operand);
    let check = Check::new(&[y], &free).order(1);
    let check = match direction {
        Direction::Reverse => check.with_vjp(move |op, k, x, y, bar| {
            let right = op.vjp(k, x, y, bar)?;
            broken(op, k).map_or(Some(right), |fault| fault(k, x, bar, right))
        }),
        Direction::Forward => check.with_jvp(move |op, k, x, y, dot| {
            let right = op.jvp(k, x, y, dot)?;
            broken(op, k).map_or(Some(right), |fault| fault(k, x, dot, right))
        }),
    };
    match catch_unwind(AssertUnwindSafe(|| check.run(&at))) {
        Ok(report) => report.expect("the samples are well formed").passed(),
        // A result of the wrong shape is refused with a panic: caught, too.
        Err(panic) => {
            let text = panic.downcast_ref::<String>().expect("a text");
            assert!(text.contains("must have the shape"), "{text}");
            false
        }
    }
}

/// Whether the operation has a derivative by this operand at all.
fn has_rule(sample: &Sample, operand: usize) -> bool {
    let graph = Graph::new();
    let (x, y) = sample.build(&graph);
    sample.op.vjp(operand, &x, y, y).is_some()
}

/// The rules of every operation: each operand's pullback and pushforward, with every fault. At some
/// samples a derivative is 0, and no fault shows; so each must be caught at one sample at least.
#[test]
fn every_fault_of_every_rule_is_caught_and_every_right_rule_passes() {
    let (mut rules, mut mutants) = (0, 0);
    for samples in Op::samples() {
        let operands = samples.iter().map(|sample| sample.operands.len()).max().unwrap_or(0);
        for operand in 0..operands {
            let has_rule = |s: &&Sample| operand < s.operands.len() && has_rule(s, operand);
            let samples: Vec<&Sample> = samples.iter().filter(has_rule).collect();
            let Some(op) = samples.first().map(|sample| sample.op.card().name) else { continue };
            for direction in [Direction::Reverse, Direction::Forward] {
                rules += 1;
                let right = |s: &&Sample| passes(s, operand, None, direction);
                assert!(samples.iter().all(right), "{op}: the right rule fails");
                let special: &[(&str, Fault)] = match direction {
                    _ if op != "matmul" => &[],
                    Direction::Reverse => OF_PULLBACK,
                    Direction::Forward => OF_PUSHFORWARD,
                };
                for (name, fault) in GENERAL.iter().chain(special) {
                    mutants += 1;
                    let square = |s: &Sample| s.operands.iter().all(|x| x.shape() == [2, 2]);
                    let telling =
                        |s: &&&Sample| special.iter().all(|(other, _)| other != name) || square(s);
                    let caught = |s: &&Sample| !passes(s, operand, Some(*fault), direction);
                    let found = samples.iter().filter(telling).any(caught);
                    assert!(found, "{op}, operand {operand}, {name}, {direction:?}: not caught");
                }
            }
        }
    }
    assert_eq!(mutants, 3 * rules + 8, "three for each rule, two more for each of matmul's four");
    writeln!(std::io::stdout(), "{mutants} faults in {rules} rules, all caught").unwrap();
}
