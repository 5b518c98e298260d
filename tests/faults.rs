//! Rules broken on purpose: a wrong sign, a factor, a transpose, a forgotten term. The gradient
//! check must catch every one of them, in both directions of differentiation, and the right rules
//! must pass beside them.

use std::panic::{AssertUnwindSafe, catch_unwind};

use gradus::ops::{Check, Expr, Graph, Op, Primitive, Sample, matmul, transpose};

/// What a broken rule makes of the right result.
type Fault = for<'g> fn(usize, &[Expr<'g>], Expr<'g>, Expr<'g>) -> Option<Expr<'g>>;

const SIGN: Fault = |_, _, _, right| Some(-right);
const FACTOR: Fault = |_, _, _, right| Some(2.0 * right);
const FORGOTTEN: Fault = |_, _, _, _| None;
/// One operand's rule missing, as in `x * x` differentiated once.
const FORGOTTEN_SECOND: Fault = |k, _, _, right| (k == 0).then_some(right);
/// The transpose of the right result.
const TRANSPOSED: Fault = |_, _, _, right| Some(transpose(right));
/// ȳ w for ȳ wᵀ, x ȳ for xᵀ ȳ: the other factor as the pushforward has it.
const UNTRANSPOSED: Fault =
    |k, x, bar, _| Some(if k == 0 { matmul(bar, x[1]) } else { matmul(x[0], bar) });
/// ẋ wᵀ for ẋ w, xᵀ ẇ for x ẇ: the other factor as the pullback has it.
const OVERTRANSPOSED: Fault = |k, x, dot, _| {
    Some(if k == 0 { matmul(dot, transpose(x[1])) } else { matmul(transpose(x[0]), dot) })
};

/// Faults of one operation's rules.
struct Faults {
    op: &'static str,
    faults: &'static [(&'static str, Fault)],
    directions: &'static [Direction],
    /// Only at samples of square matrices, where no shape gives a transpose away.
    square: bool,
}

use Direction::{Forward, Reverse};

const BOTH: &[Direction] = &[Reverse, Forward];

const UNARY: &[(&str, Fault)] = &[("sign", SIGN), ("factor", FACTOR), ("forgotten", FORGOTTEN)];
const BINARY: &[(&str, Fault)] =
    &[("sign", SIGN), ("factor", FACTOR), ("forgotten", FORGOTTEN_SECOND)];

const FAULTS: &[Faults] = &[
    Faults { op: "sigmoid", faults: UNARY, directions: BOTH, square: false },
    Faults { op: "sum", faults: UNARY, directions: BOTH, square: false },
    Faults { op: "matmul", faults: BINARY, directions: BOTH, square: false },
    Faults {
        op: "matmul",
        faults: &[("transposed", TRANSPOSED), ("untransposed", UNTRANSPOSED)],
        directions: &[Reverse],
        square: true,
    },
    Faults {
        op: "matmul",
        faults: &[("transposed", TRANSPOSED), ("overtransposed", OVERTRANSPOSED)],
        directions: &[Forward],
        square: true,
    },
    Faults { op: "binary_cross_entropy", faults: BINARY, directions: BOTH, square: false },
    Faults {
        op: "binary_cross_entropy_with_logits",
        faults: BINARY,
        directions: BOTH,
        square: false,
    },
    Faults { op: "log_softmax", faults: UNARY, directions: BOTH, square: false },
];

#[derive(Clone, Copy, Debug)]
enum Direction {
    Reverse,
    Forward,
}

/// Whether the check passes on a sample with the fault in the operation's rule.
fn passes(sample: &Sample, fault: Option<Fault>, direction: Direction) -> bool {
    let graph = Graph::new();
    let (x, y) = sample.build(&graph);
    let name = sample.op.card().name;
    let names = (0..).map(|k| format!("x{k}"));
    let at = names.zip(sample.operands.iter().cloned()).collect();
    let broken = move |op: &Op, right: Option<Expr<'_>>| {
        fault.filter(|_| right.is_some() && op.card().name == name)
    };
    let check = Check::new(&[y], &x).order(1);
    let check = match direction {
        Direction::Reverse => check.with_vjp(move |op, k, x, y, bar| {
            let right = op.vjp(k, x, y, bar);
            match broken(op, right) {
                Some(fault) => fault(k, x, bar, right.unwrap()),
                None => right,
            }
        }),
        Direction::Forward => check.with_jvp(move |op, k, x, y, dot| {
            let right = op.jvp(k, x, y, dot);
            match broken(op, right) {
                Some(fault) => fault(k, x, dot, right.unwrap()),
                None => right,
            }
        }),
    };
    // A result of the wrong shape is refused with a panic: caught, too.
    catch_unwind(AssertUnwindSafe(|| check.run(&at).unwrap().passed())).unwrap_or(false)
}

#[test]
fn every_fault_is_caught_and_every_right_rule_passes() {
    let samples: Vec<Sample> = Op::samples().into_iter().flatten().collect();
    for Faults { op, faults, directions, square } in FAULTS {
        let of_op = samples.iter().filter(|sample| sample.op.card().name == *op);
        let chosen: Vec<_> =
            of_op.filter(|s| !square || s.operands.iter().all(|x| x.shape() == [2, 2])).collect();
        assert!(!chosen.is_empty(), "{op} has no sample for these faults");
        for (sample, &direction) in
            chosen.iter().flat_map(|s| directions.iter().map(move |d| (s, d)))
        {
            assert!(passes(sample, None, direction), "{op}: the right rule fails");
            for (name, fault) in *faults {
                let caught = !passes(sample, Some(*fault), direction);
                assert!(caught, "{op}, {name}, {direction:?}: not caught");
            }
        }
    }
}
