//! Is this derivative right? The gradient check.
//!
//! Invariant: a bound is never widened. Where a test does not know what it compares with to within
//! its bound, the comparison is inconclusive, which is no pass.

mod blame;
mod difference;
mod digits;
mod double_double;
mod kink;
mod point;
mod report;
mod rounding;
mod stage;
mod taylor;

use std::fmt;

pub(crate) use point::indices;
pub use report::{Blame, Compared, Coverage, Difference, Report, Test, Verdict};
pub use taylor::{Remainders, Slope, Taylor};

use crate::{Arrays, EvalError, Evaluator, Expr, Op};
use stage::Stage;

/// A rule that stands in for [`Primitive::vjp`](gradus_autodiff::Primitive::vjp) or `jvp`.
type Rule<'g> = Box<dyn Fn(&Op, usize, &[Expr<'g>], Expr<'g>, Expr<'g>) -> Option<Expr<'g>> + 'g>;

/// What makes an evaluator of some outputs.
type Make<'g> = Box<dyn Fn(&[Expr<'g>]) -> Result<Box<dyn Evaluator<f64>>, EvalError> + 'g>;

/// A check of the derivatives of some outputs y with respect to some inputs x, to second order.
///
/// With random signed directions u of the inputs and v of the outputs, for each of some seeds, and
/// the Jacobian J, it makes these comparisons at each order:
///
/// * [`Test::Modes`]: forward against reverse, ⟨v, J u⟩ = ⟨Jᵀ v, u⟩, to 1e-12 of the sum of the
///   absolute terms;
/// * [`Test::Differences`]: reverse against finite differences in `f64`, each element of Jᵀ v (of
///   large inputs a sample) and the whole direction ⟨v, J u⟩, in which every element has a part.
///   A difference of ⟨v, y⟩ is central and extrapolated to step 0 (C. J. F. Ridders, *Accurate
///   computation of F′(x) and F′(x)F″(x)*, 1982). A derivative a and a difference n agree if
///   |a − n| ≤ 1e-10 + 1e-8 |n|; if the extrapolation does not know n that well, the comparison is
///   inconclusive and says so;
/// * [`Test::Digits`]: the same in 31 digits, to 1e-16 + 1e-13 |n|. Where they agree, an inconclusive
///   difference in `f64` is [settled](Verdict::Settled). Graphs with operations of the user's own,
///   which have kernels for `f64`, are left out;
/// * [`Test::Taylor`]: along u the remainder of the expansion with the gradient vanishes as h², that
///   with the Hessian as h³: to slopes of at least 1.95 and 2.95;
/// * [`Test::Rounding`]: values and derivatives in `f64` and in `f32` against 31 digits, to what the
///   rounding of all kernels explains, to first order: Σ |z̄| |δz| over all nodes z, doubled;
/// * [`Test::Evaluators`]: those of [`against`](Self::against), likewise.
///
/// At a kink a difference is not the derivative that the convention chooses. So a comparison that
/// fails, or knows nothing, looks for a kink at or near the point; the derivative must then be
/// between the slopes to the left and to the right, and the node that has the kink is named. If
/// something differs, every node's rules are tested by themselves, and the report names the first
/// wrong one.
///
/// Then Jᵀ v takes the place of the outputs, for the next order. The directions become inputs of
/// the graph, named `check.…`, and the derivatives nodes of it.
///
/// ```
/// use gradus_ops::{Arrays, Check, Graph, input, sigmoid, sum_all};
/// let g = Graph::new();
/// let x = input(&g, "x", [3]);
/// let at = Arrays::from([("x".to_owned(), ndarray::array![0.5, -1.0, 2.0].into_dyn())]);
/// let report = Check::new(&[sum_all(sigmoid(x))], &[x]).run(&at).unwrap();
/// assert!(report.passed(), "{report}");
/// ```
pub struct Check<'g> {
    outputs: Vec<Expr<'g>>,
    wrt: Vec<Expr<'g>>,
    order: usize,
    seed: u64,
    directions: usize,
    elements: usize,
    tests: Vec<Test>,
    evaluators: Vec<(String, Make<'g>)>,
    progress: Box<dyn Fn(usize, usize) + 'g>,
    vjp: Rule<'g>,
    jvp: Rule<'g>,
}

impl<'g> Check<'g> {
    /// A check of the derivatives of `outputs` with respect to the inputs `wrt`.
    pub fn new(outputs: &[Expr<'g>], wrt: &[Expr<'g>]) -> Self {
        use gradus_autodiff::Primitive;
        Self {
            outputs: outputs.to_vec(),
            wrt: wrt.to_vec(),
            order: 2,
            seed: 0,
            directions: 3,
            elements: 64,
            tests: Test::ALL.to_vec(),
            evaluators: Vec::new(),
            progress: Box::new(|_, _| ()),
            vjp: Box::new(Op::vjp),
            jvp: Box::new(Op::jvp),
        }
    }

    /// Checks derivatives up to this order instead of the second.
    pub fn order(self, order: usize) -> Self {
        Self { order, ..self }
    }

    /// Draws the directions u and v from this seed and the ones after it instead of 0, 1, 2.
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Draws directions for so many seeds, at least one, instead of 3.
    pub fn directions(self, directions: usize) -> Self {
        Self { directions: directions.max(1), ..self }
    }

    /// Compares at most this many elements of an input with finite differences, evenly spread over
    /// it, instead of 64. The report says how many of how many.
    pub fn elements(self, elements: usize) -> Self {
        Self { elements, ..self }
    }

    /// Makes these tests only, instead of all.
    pub fn only(self, tests: &[Test]) -> Self {
        Self { tests: tests.to_vec(), ..self }
    }

    /// Compares another evaluator with the reference evaluator: `make` makes it for some outputs.
    pub fn against<E: Evaluator<f64> + 'static>(
        mut self, name: &str, make: impl Fn(&[Expr<'g>]) -> Result<E, EvalError> + 'g,
    ) -> Self {
        let boxed = move |outputs: &[Expr<'g>]| {
            make(outputs).map(|evaluator| Box::new(evaluator) as Box<dyn Evaluator<f64>>)
        };
        self.evaluators.push((name.to_owned(), Box::new(boxed)));
        self
    }

    /// Calls `progress` after each element and direction that was compared with finite differences,
    /// with how many were and how many there are: by far the most of the work.
    pub fn progress(self, progress: impl Fn(usize, usize) + 'g) -> Self {
        Self { progress: Box::new(progress), ..self }
    }

    /// Puts another pullback in place of the operations' own.
    pub fn with_vjp(
        self, rule: impl Fn(&Op, usize, &[Expr<'g>], Expr<'g>, Expr<'g>) -> Option<Expr<'g>> + 'g,
    ) -> Self {
        Self { vjp: Box::new(rule), ..self }
    }

    /// Puts another pushforward in place of the operations' own.
    pub fn with_jvp(
        self, rule: impl Fn(&Op, usize, &[Expr<'g>], Expr<'g>, Expr<'g>) -> Option<Expr<'g>> + 'g,
    ) -> Self {
        Self { jvp: Box::new(rule), ..self }
    }

    /// Runs the check at the point `at`, which has an array for every input of the outputs.
    ///
    /// # Errors
    ///
    /// If `at` does not fit the graph, see [`EvalError`].
    ///
    /// # Panics
    ///
    /// If one of `wrt` is not an input, or a rule returns a value of the wrong shape.
    pub fn run(&self, at: &Arrays<f64>) -> Result<Report, EvalError> {
        let mut report = Report {
            seeds: self.seeds().collect(),
            differences: Vec::new(),
            elements: Vec::new(),
            taylor: Vec::new(),
            untried: Vec::new(),
            blame: None,
        };
        let (mut outputs, mut at) = (self.outputs.clone(), at.clone());
        for order in 1..=self.order {
            let stage = Stage::new(self, order, outputs, &at)?;
            let before = report.differences.len();
            stage.run(&mut report)?;
            let mut now = report.differences[before..].iter();
            if report.blame.is_none() && now.any(|d| d.verdict == Verdict::Differs) {
                report.blame = blame::find(self, order, stage.outputs(), stage.point())?;
            }
            (outputs, at) = stage.next();
        }
        Ok(report)
    }

    fn seeds(&self) -> impl Iterator<Item = u64> {
        (0..self.directions as u64).map(|k| self.seed.wrapping_add(k))
    }
}

impl fmt::Debug for Check<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Check")
            .field("outputs", &self.outputs)
            .field("wrt", &self.wrt)
            .finish_non_exhaustive()
    }
}

/// The outcome of a comparison with something that is known to within `error`.
fn verdict(derivative: f64, other: f64, bound: f64, error: f64) -> Verdict {
    if !bound.is_finite() || error.is_nan() || error > bound {
        Verdict::Inconclusive
    } else if (derivative - other).abs() <= bound {
        Verdict::Agrees
    } else {
        Verdict::Differs
    }
}

#[cfg(test)]
mod tests;
