//! Forward mode: from the tangents of some inputs to the tangents of what depends on them.

use crate::reverse::accumulate;
use crate::tape::assert_one_graph;
use crate::{Expr, Primitive, Rule, Tape};

/// The pushforward: for pairs of an input x and its tangent ẋ, the tangents ẏ = Σ (∂y/∂x) ẋ of
/// `outputs`, `None` where an output does not depend, differentiably, on any of the inputs.
///
/// # Panics
///
/// If a tangent does not have the shape of its value, or two graphs are mixed.
#[track_caller]
pub fn jvp<'g, P: Primitive>(
    outputs: &[Expr<'g, P>], tangents: &[(Expr<'g, P>, Expr<'g, P>)],
) -> Vec<Option<Expr<'g, P>>> {
    jvp_with(outputs, tangents, P::jvp)
}

/// [`jvp`] with another pushforward in place of [`Primitive::jvp`].
///
/// # Panics
///
/// As [`jvp`].
#[track_caller]
pub fn jvp_with<'g, P: Primitive>(
    outputs: &[Expr<'g, P>], tangents: &[(Expr<'g, P>, Expr<'g, P>)],
    rule: impl Fn(&P, usize, &[Expr<'g, P>], Expr<'g, P>, Expr<'g, P>) -> Option<Expr<'g, P>>,
) -> Vec<Option<Expr<'g, P>>> {
    let Some(oldest) = tangents.iter().map(|(x, _)| x.id).min() else {
        return vec![None; outputs.len()];
    };
    let pairs = tangents.iter().flat_map(|&(x, x_dot)| [x, x_dot]);
    assert_one_graph(outputs.iter().copied().chain(pairs));
    let tape = Tape::from(oldest, outputs);
    let mut dots: Vec<Option<Expr<'g, P>>> = vec![None; tape.len()];
    for &(x, x_dot) in tangents {
        if let Some(i) = tape.position(x.id) {
            accumulate(&mut dots[i], x, x_dot, || "the tangent given".to_owned());
        }
    }
    for (i, &id) in tape.ids().iter().enumerate() {
        let y = outputs[0].graph.expr(id);
        let (op, x) = (y.op(), y.operands());
        for (k, operand) in x.iter().enumerate() {
            if let Some(x_dot) = tape.position(operand.id).and_then(|j| dots[j]) {
                let deriving = y.graph.deriving(Rule::Jvp(k as u32), y);
                let y_dot = rule(&op, k, &x, y, x_dot);
                drop(deriving);
                if let Some(y_dot) = y_dot {
                    let rule = || format!("the pushforward of {op} for operand {k}");
                    accumulate(&mut dots[i], y, y_dot, rule);
                }
            }
        }
    }
    outputs.iter().map(|y| tape.position(y.id).and_then(|i| dots[i])).collect()
}
