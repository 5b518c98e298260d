//! Reverse mode: from the cotangents of some outputs to the adjoints of what they depend on.

use crate::tape::assert_one_graph;
use crate::{Expr, GradError, Primitive, Rule, Tape};

/// The map from nodes to their adjoints that a reverse sweep returns: gradients of parameters, the
/// books' δ's of weighted inputs, whatever lies between the inputs and the outputs.
///
/// A cotangent that nothing contributes to is not written as a field of zeros: it is absent.
#[derive(Debug, Clone)]
pub struct Adjoints<'g, P: Primitive> {
    tape: Tape,
    bars: Vec<Option<Expr<'g, P>>>,
    wrt: Vec<Expr<'g, P>>,
}

impl<'g, P: Primitive> Adjoints<'g, P> {
    /// The adjoint of `x`: the derivative of the outputs' weighted sum with respect to `x`. `None`
    /// if no differentiable path leads from `x` to an output, or if `x` is not between the inputs
    /// of the sweep and the outputs.
    pub fn of(&self, x: Expr<'g, P>) -> Option<Expr<'g, P>> {
        self.bars[self.tape.position(x.id)?].filter(|bar| std::ptr::eq(bar.graph, x.graph))
    }

    /// The adjoint of `x`, one of the inputs of the sweep, with zeros if it is disconnected.
    ///
    /// # Panics
    ///
    /// If `x` is not one of the inputs: its adjoint was not asked for, which does not make it 0.
    #[track_caller]
    pub fn or_zeros(&self, x: Expr<'g, P>) -> Expr<'g, P> {
        assert!(self.wrt.contains(&x), "not an input of the sweep\n  {}", x.describe());
        match self.of(x) {
            Some(bar) => bar,
            None => x.filled(0.0),
        }
    }

    /// The inputs of the sweep that no differentiable path connects to an output.
    pub fn disconnected(&self) -> Vec<Expr<'g, P>> {
        self.wrt.iter().copied().filter(|&x| self.of(x).is_none()).collect()
    }

    /// The nodes that the sweep looked at: those that the outputs need, from the oldest input on.
    pub fn tape(&self) -> &Tape {
        &self.tape
    }

    /// All pairs of a node and its adjoint, in creation order of the nodes.
    pub fn iter(&self) -> impl Iterator<Item = (Expr<'g, P>, Expr<'g, P>)> + '_ {
        let pairs = self.tape.ids().iter().zip(&self.bars);
        pairs.filter_map(|(&id, bar)| bar.map(|bar| (bar.graph.expr(id), bar)))
    }
}

/// The pullback of several outputs: for pairs of an output y and its cotangent ȳ, the adjoints x̄ =
/// Σ (∂y/∂x)ᵀ ȳ of everything between `wrt` and the outputs.
///
/// # Panics
///
/// If a cotangent does not have the shape of its output, a rule returns one that does not have the
/// shape of its operand, or two graphs are mixed.
#[track_caller]
pub fn vjp<'g, P: Primitive>(
    outputs: &[(Expr<'g, P>, Expr<'g, P>)], wrt: &[Expr<'g, P>],
) -> Adjoints<'g, P> {
    vjp_with(outputs, wrt, P::vjp)
}

/// [`vjp`] with another pullback in place of [`Primitive::vjp`], as a test does that wants to see a
/// broken rule caught.
///
/// # Panics
///
/// As [`vjp`].
#[track_caller]
pub fn vjp_with<'g, P: Primitive>(
    outputs: &[(Expr<'g, P>, Expr<'g, P>)], wrt: &[Expr<'g, P>],
    rule: impl Fn(&P, usize, &[Expr<'g, P>], Expr<'g, P>, Expr<'g, P>) -> Option<Expr<'g, P>>,
) -> Adjoints<'g, P> {
    let ys: Vec<_> = outputs.iter().map(|&(y, _)| y).collect();
    assert_one_graph(outputs.iter().flat_map(|&(y, y_bar)| [y, y_bar]).chain(wrt.iter().copied()));
    let tape = match wrt.iter().map(|x| x.id).min() {
        Some(oldest) => Tape::from(oldest, &ys),
        None => Tape::new::<P>(&[]),
    };
    let between = between(&tape, &ys, wrt);
    let mut bars = vec![None; tape.len()];
    for &(y, y_bar) in outputs {
        if let Some(i) = tape.position(y.id).filter(|&i| between[i]) {
            accumulate(&mut bars[i], y, y_bar, || "the cotangent given".to_owned());
        }
    }
    for (i, &id) in tape.ids().iter().enumerate().rev() {
        let Some(y_bar): Option<Expr<'g, P>> = bars[i] else { continue };
        let y = y_bar.graph.expr(id);
        let (op, x) = (y.op(), y.operands());
        for (k, &operand) in x.iter().enumerate() {
            if let Some(j) = tape.position(operand.id).filter(|&j| between[j]) {
                let deriving = y.graph.deriving(Rule::Vjp(k as u32), y);
                let x_bar = rule(&op, k, &x, y, y_bar);
                drop(deriving);
                if let Some(x_bar) = x_bar {
                    let rule = || format!("the pullback of {op} for operand {k}");
                    accumulate(&mut bars[j], operand, x_bar, rule);
                }
            }
        }
    }
    Adjoints { tape, bars, wrt: wrt.to_vec() }
}

/// The adjoints of everything between `wrt` and the number `y`, whose own adjoint is 1.
///
/// # Errors
///
/// If `y` is not a single number.
#[track_caller]
pub fn adjoints<'g, P: Primitive>(
    y: Expr<'g, P>, wrt: &[Expr<'g, P>],
) -> Result<Adjoints<'g, P>, GradError> {
    if y.shape() != P::scalar() {
        return Err(GradError::NotScalar { output: y.describe(), place: y.graph.caller() });
    }
    let deriving = y.graph.deriving(Rule::Seed, y);
    let one = y.filled(1.0);
    drop(deriving);
    Ok(vjp(&[(y, one)], wrt))
}

/// The gradient of the number `y` with respect to each of `wrt`, which may be inner nodes too.
///
/// # Errors
///
/// If `y` is not a single number, or does not depend on one of `wrt`: a parameter that would
/// silently stay where it is. Where that is meant, use [`adjoints`].
#[track_caller]
pub fn try_grad<'g, P: Primitive>(
    y: Expr<'g, P>, wrt: &[Expr<'g, P>],
) -> Result<Vec<Expr<'g, P>>, GradError> {
    let adjoints = adjoints(y, wrt)?;
    let (place, found) = (y.graph.caller(), wrt.iter().map(|&x| adjoints.of(x)));
    found.collect::<Option<Vec<_>>>().ok_or_else(|| GradError::Disconnected {
        output: y.describe(),
        inputs: adjoints.disconnected().iter().map(|x| x.describe()).collect(),
        place,
    })
}

/// [`try_grad`], for use while writing expressions: `let [dw, db] = grad(cost, [w, b]);`.
///
/// # Panics
///
/// With the error's text.
#[track_caller]
pub fn grad<'g, P: Primitive, const N: usize>(
    y: Expr<'g, P>, wrt: [Expr<'g, P>; N],
) -> [Expr<'g, P>; N] {
    match try_grad(y, &wrt) {
        Ok(gradients) => std::array::from_fn(|k| gradients[k]),
        Err(error) => panic!("{error}"),
    }
}

/// Which nodes of the tape depend on one of `wrt`.
fn between<P: Primitive>(tape: &Tape, outputs: &[Expr<'_, P>], wrt: &[Expr<'_, P>]) -> Vec<bool> {
    let mut between = vec![false; tape.len()];
    let Some(output) = outputs.first() else { return between };
    for x in wrt {
        if let Some(i) = tape.position(x.id) {
            between[i] = true;
        }
    }
    let nodes = output.graph.nodes.borrow();
    for (i, &id) in tape.ids().iter().enumerate() {
        let mut operands = nodes[id].operands.iter();
        between[i] |= operands.any(|&x| tape.position(x).is_some_and(|j| between[j]));
    }
    between
}

/// Adds a contribution to the cotangent or tangent of `x`; `by` names where it comes from.
#[track_caller]
pub(crate) fn accumulate<'g, P: Primitive>(
    bar: &mut Option<Expr<'g, P>>, x: Expr<'g, P>, contribution: Expr<'g, P>,
    by: impl Fn() -> String,
) {
    assert!(
        contribution.shape() == x.shape(),
        "{} must have the shape {}, it has {}\n  for {}\n  got {}",
        by(),
        x.shape(),
        contribution.shape(),
        x.describe(),
        contribution.describe(),
    );
    let _deriving = x.graph.deriving(Rule::Sum, x);
    *bar = Some(bar.map_or(contribution, |sum| P::add(sum, contribution)));
}
