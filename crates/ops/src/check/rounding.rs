//! What rounding explains: a bound for how far a value may be from the right one.
//!
//! Each node's kernel rounds; to first order, the error of its value reaches a number s by way of
//! the node's adjoint. So |δs| ≤ Σ |z̄| |δz| over all nodes z (F. L. Bauer, *Computational graphs
//! and rounding error*, 1974; A. Griewank, A. Walther, *Evaluating Derivatives*, section 3.4), with
//! the adjoints that reverse mode gives. What a kernel does is in a table here: an operation that
//! only moves or chooses rounds nothing, arithmetic half a unit in the last place, an elementary
//! function at most four units, a sum of k terms k of them, in proportion to the sum of the absolute
//! terms.

use ndarray::{ArrayD, ArrayViewD};

use super::point::Pairs;
use crate::{Arrays, Environment, EvalError, Expr, Inputs, Max, Op, Reference, Tape, vjp};

/// Σ |z̄| |δz| for a number ⟨seeds, outputs⟩, in units of a number type's rounding.
pub(super) struct Budget {
    /// In units of the number type's epsilon.
    relative: f64,
    /// In units of its smallest normal number.
    underflow: f64,
}

impl Budget {
    /// The budget of the inner product of expressions with their directions, at a point.
    pub(super) fn new(pairs: &Pairs<'_>, at: &Arrays<f64>) -> Result<Self, EvalError> {
        let outputs: Vec<_> = pairs.iter().map(|&(y, _)| y).collect();
        let nodes = nodes(&outputs);
        let leaves: Vec<_> = nodes.iter().copied().filter(|y| y.operands().is_empty()).collect();
        let adjoints = vjp(pairs, &leaves);
        let with: Vec<(Expr<'_>, Expr<'_>)> =
            nodes.iter().filter_map(|&y| Some((y, adjoints.of(y)?))).collect();
        let bars = with.iter().map(|&(_, bar)| bar);
        let roots: Vec<_> = nodes.iter().copied().chain(bars).collect();
        let reference = Reference::new(&roots, &[])?;
        let (state, inputs) = (Arrays::new(), Inputs::new().with_all(at));
        let values = reference.evaluate(&inputs)?;
        let env = reference.program().environment(&state, &inputs)?;
        let (values, bars) = values.split_at(nodes.len());
        let tape = Tape::new(&nodes);
        let value = |y: Expr<'_>| &values[tape.position(y.id()).expect("all nodes are on it")];
        let mut budget = Self { relative: 0.0, underflow: 0.0 };
        for ((y, _), bar) in with.iter().zip(bars) {
            let operands = y.operands();
            let x: Vec<_> = operands.iter().map(|&x| value(x).view()).collect();
            let local = rounding(&y.op(), &x, value(*y), &env);
            for (bar, local) in bar.iter().zip(&local) {
                budget.relative += bar.abs() * local;
                budget.underflow += bar.abs();
            }
        }
        Ok(budget)
    }

    /// The bound in a number type with this epsilon and smallest normal number; twice the first
    /// order, for what is of second order.
    pub(super) fn bound(&self, epsilon: f64, smallest: f64) -> f64 {
        2.0 * (self.relative * epsilon + self.underflow * smallest)
    }
}

/// All nodes that the outputs need.
pub(super) fn nodes<'g>(outputs: &[Expr<'g>]) -> Vec<Expr<'g>> {
    let Some(first) = outputs.first() else { return Vec::new() };
    Tape::new(outputs).ids().iter().map(|&id| first.graph().expr(id)).collect()
}

/// A node where two number types do not decide alike: a comparison, a sign, a choice or a winner
/// that rounding turned. `values` are all nodes' in the coarser type.
pub(super) fn decided_otherwise(
    nodes: &[Expr<'_>], values: &[ArrayD<f64>], coarse: &[ArrayD<f64>], reference: &Reference,
    at: &Arrays<f64>,
) -> Result<Option<String>, EvalError> {
    let (state, inputs) = (Arrays::new(), Inputs::new().with_all(at));
    let env = reference.program().environment(&state, &inputs)?;
    let tape = Tape::new(nodes);
    for y in nodes {
        let (op, operands) = (y.op(), y.operands());
        let count = decides(&op);
        if count == 0 {
            continue;
        }
        let place = |x: &Expr<'_>| tape.position(x.id()).expect("all nodes are on it");
        let fine: Vec<_> = operands.iter().map(|x| values[place(x)].view()).collect();
        let mixed: Vec<_> = operands
            .iter()
            .enumerate()
            .map(|(k, x)| if k < count { coarse[place(x)].view() } else { fine[k].clone() })
            .collect();
        if op.eval(&fine, &env) != op.eval(&mixed, &env) {
            return Ok(Some(y.describe()));
        }
    }
    Ok(None)
}

/// How many of the operands, from the first, only decide: their value is not in the result.
fn decides(op: &Op) -> usize {
    match op {
        Op::Greater(_) | Op::GreaterEqual(_) | Op::Equal(_) => 2,
        Op::Sign(_) | Op::Step(_) | Op::Select(_) => 1,
        Op::MaxPool2dScatter(_) | Op::MaxPool2dGather(_) => 1,
        _ => 0,
    }
}

/// How far the kernel's result may be from the right one for the operands that it gets, element by
/// element, in units of epsilon.
fn rounding(
    op: &Op, x: &[ArrayViewD<'_, f64>], y: &ArrayD<f64>, env: &Environment<'_, f64>,
) -> ArrayD<f64> {
    let units = |count: f64| y.mapv(|y| count * y.abs());
    let zip = |f: fn(f64, f64) -> f64| {
        ndarray::Zip::from(&x[0]).and(&x[1]).map_collect(|&a, &b| f(a, b).abs())
    };
    let largest = || x[0].iter().fold(0.0, |most: f64, x| most.max(x.abs()));
    let terms = || x[0].len() as f64 / y.len().max(1) as f64;
    match op {
        Op::Input(_)
        | Op::Neg(_)
        | Op::Relu(_)
        | Op::Abs(_)
        | Op::Sign(_)
        | Op::Step(_)
        | Op::Maximum(_)
        | Op::Greater(_)
        | Op::GreaterEqual(_)
        | Op::Equal(_)
        | Op::Select(_)
        | Op::StopGradient(_)
        | Op::Max(_)
        | Op::Broadcast(_)
        | Op::Reshape(_)
        | Op::Transpose(_)
        | Op::Slice(_)
        | Op::Pad(_)
        | Op::Concat(_)
        | Op::Gather(_)
        | Op::OneHot(_)
        | Op::MaxPool2d(_)
        | Op::MaxPool2dGather(_) => units(0.0),
        Op::Constant(_)
        | Op::Size(_)
        | Op::Random(_)
        | Op::Custom(_)
        | Op::Add(_)
        | Op::Sub(_)
        | Op::Mul(_)
        | Op::Div(_)
        | Op::Reciprocal(_)
        | Op::Square(_)
        | Op::Sqrt(_) => units(1.0),
        Op::Rsqrt(_)
        | Op::Exp(_)
        | Op::Expm1(_)
        | Op::Log(_)
        | Op::Log1p(_)
        | Op::Sin(_)
        | Op::Cos(_)
        | Op::Tan(_)
        | Op::Atan(_)
        | Op::Sinh(_)
        | Op::Cosh(_)
        | Op::Tanh(_)
        | Op::Sigmoid(_)
        | Op::Softplus(_)
        | Op::XLogY(_) => units(4.0),
        // As exp(b ln a), where the rounding of the exponent is a factor.
        Op::PowConst(_) | Op::Pow(_) => {
            y.mapv(|y| if y == 0.0 { 0.0 } else { y.abs() * (4.0 + 4.0 * y.abs().ln().abs()) })
        }
        Op::Sum(_)
        | Op::Matmul(_)
        | Op::Conv2d(_)
        | Op::Conv2dInputAdjoint(_)
        | Op::Conv2dFilterAdjoint(_) => linear(op, x, &[], env),
        Op::ScatterAdd(_) => linear(op, x, &[1], env),
        Op::MaxPool2dScatter(_) => linear(op, x, &[0], env),
        // The largest is taken out, which rounds a difference, and it comes back.
        Op::LogSumExp(op) => {
            let count = terms() + 8.0;
            let largest = Op::from(Max { axes: op.axes }).eval(x, env);
            ndarray::Zip::from(y).and(&largest).map_collect(|y, m| count + y.abs() + m.abs())
        }
        Op::Softmax(op) => {
            let count = x[0].shape()[op.axis] as f64 + 8.0 + 2.0 * largest();
            units(count)
        }
        Op::LogSoftmax(op) => {
            let count = x[0].shape()[op.axis] as f64 + 8.0 + 2.0 * largest();
            y.mapv(|y| count + 2.0 * y.abs())
        }
        Op::BinaryCrossEntropy(_) => {
            zip(|a, y| 8.0 * ((y * a.ln()).abs() + ((1.0 - y) * (-a).ln_1p()).abs()))
        }
        Op::BinaryCrossEntropyWithLogits(_) => {
            zip(|z, y| 8.0 * (z.abs() * (1.0 + y.abs()) + (-z.abs()).exp()))
        }
    }
}

/// The rounding of sums of products: as many units as there are terms, of the sum of the absolute
/// terms. The operation itself tells both, from ones and from absolute values; `kept` operands are
/// indices or decide.
fn linear(
    op: &Op, x: &[ArrayViewD<'_, f64>], kept: &[usize], env: &Environment<'_, f64>,
) -> ArrayD<f64> {
    let eval = |f: fn(f64) -> f64| {
        let x: Vec<ArrayD<f64>> = (0..)
            .zip(x)
            .map(|(k, x)| if kept.contains(&k) { x.to_owned() } else { x.mapv(f) })
            .collect();
        op.eval(&x.iter().map(|x| x.view()).collect::<Vec<_>>(), env)
    };
    (eval(|_| 1.0) + 1.0) * eval(f64::abs)
}
