//! One order of a check: the outputs, their derivatives along directions, and every comparison.

mod differences;
mod evaluators;
mod expansions;

use super::double_double::DoubleDouble;
use super::point::{Pairs, converted, directions, draw, generator, inner};
use super::report::{Compared, Difference, Report, Test, Verdict};
use super::rounding::nodes;
use super::{Check, verdict};
use crate::{
    Arrays, EvalError, Expr, Inputs, Op, Reference, evaluate, jvp_with, trace_nonfinite, vjp_with,
};

/// What is tested, and what it is compared with.
type Pair = (DoubleDouble, DoubleDouble);

/// A verdict, and what there is to say of it.
type Outcome = (Verdict, Option<String>);

/// One order of a check.
pub(in crate::check) struct Stage<'a, 'g> {
    check: &'a Check<'g>,
    order: usize,
    outputs: Vec<Expr<'g>>,
    /// A direction for each output, and for each input.
    v: Pairs<'g>,
    u: Pairs<'g>,
    /// The adjoints of the inputs and those of them that are there at all.
    bars: Vec<Expr<'g>>,
    connected: Vec<Expr<'g>>,
    /// The tangents of the outputs.
    dots: Vec<Expr<'g>>,
    /// For each seed the point with its directions.
    points: Vec<(u64, Arrays<f64>)>,
    /// ⟨v, y⟩ is of these.
    reference: Reference,
    /// All nodes of the outputs.
    nodes: Vec<Expr<'g>>,
    /// An operation that has a kernel for `f64` only.
    custom: Option<String>,
}

impl<'a, 'g> Stage<'a, 'g> {
    /// The derivatives of `outputs` at the point `at`.
    pub(in crate::check) fn new(
        check: &'a Check<'g>, order: usize, outputs: Vec<Expr<'g>>, at: &Arrays<f64>,
    ) -> Result<Self, EvalError> {
        let inputs = Inputs::new().with_all(at);
        let (values, x) = (evaluate(&outputs, &inputs)?, evaluate(&check.wrt, &inputs)?);
        let (v, u) = (directions(&outputs, order, "v"), directions(&check.wrt, order, "u"));
        let mut points = Vec::new();
        for seed in check.seeds() {
            let (mut random, mut at) = (generator(seed, order), at.clone());
            draw(&v, &values, &mut random, &mut at);
            draw(&u, &x, &mut random, &mut at);
            points.push((seed, at));
        }
        let adjoints = vjp_with(&v, &check.wrt, &check.vjp);
        let bars: Vec<_> = check.wrt.iter().map(|&x| adjoints.or_zeros(x)).collect();
        let connected = check.wrt.iter().filter_map(|&x| adjoints.of(x)).collect();
        let dots = jvp_with(&outputs, &u, &check.jvp);
        let dots = outputs.iter().zip(dots).map(|(y, dot)| dot.unwrap_or(y.filled(0.0))).collect();
        let all: Vec<_> = outputs.iter().chain(&bars).copied().collect();
        let custom = nodes(&all).into_iter().find_map(|y| match y.op() {
            Op::Custom(custom) => Some(custom.op().name().to_owned()),
            _ => None,
        });
        let (reference, nodes) = (Reference::new(&outputs, &[])?, nodes(&outputs));
        Ok(Self {
            check,
            order,
            outputs,
            v,
            u,
            bars,
            connected,
            dots,
            points,
            reference,
            nodes,
            custom,
        })
    }

    /// Makes every comparison that is asked for.
    pub(in crate::check) fn run(&self, report: &mut Report) -> Result<(), EvalError> {
        let asked = |test| self.check.tests.contains(&test);
        if asked(Test::Modes) {
            self.modes(report)?;
        }
        if self.outputs.is_empty() || self.check.wrt.is_empty() {
            return Ok(());
        }
        if asked(Test::Differences) || asked(Test::Digits) {
            self.differences(report)?;
        }
        if asked(Test::Taylor) {
            self.taylor(report)?;
        }
        if asked(Test::Rounding) {
            self.rounding(report)?;
        }
        if asked(Test::Evaluators) {
            self.evaluators(report)?;
        }
        if let (Some(name), true) = (&self.custom, asked(Test::Digits)) {
            let order = self.order;
            report.untried.push(format!(
                "31 digits, order {order}: custom operation `{name}` has no kernel beyond f64"
            ));
        }
        Ok(())
    }

    /// The outputs of the next order, and the point with this order's directions.
    pub(in crate::check) fn next(self) -> (Vec<Expr<'g>>, Arrays<f64>) {
        let (_, at) = self.points.into_iter().next().expect("at least one seed");
        (self.connected, at)
    }

    /// The point with the directions of the first seed.
    pub(in crate::check) fn point(&self) -> &Arrays<f64> {
        &self.points[0].1
    }

    /// The outputs.
    pub(in crate::check) fn outputs(&self) -> &[Expr<'g>] {
        &self.outputs
    }

    /// ⟨v, J u⟩ by reverse mode, ⟨Jᵀ v, u⟩, and by forward mode.
    fn modes(&self, report: &mut Report) -> Result<(), EvalError> {
        let derivatives: Vec<_> = self.bars.iter().chain(&self.dots).copied().collect();
        let reference = Reference::new(&derivatives, &[])?;
        for (seed, at) in &self.points {
            let values = reference.evaluate(&Inputs::new().with_all(at))?;
            let (bars, dots) = values.split_at(self.bars.len());
            let ((reverse, a), (forward, b)) = (inner(&self.u, bars, at), inner(&self.v, dots, at));
            let bound = 1e-12 * (a + b);
            // At finite operands only one that is wrong is not finite, if the other is.
            let verdict = match reverse.is_finite() == forward.is_finite() {
                true => verdict(reverse, forward, bound, 0.0),
                false => Verdict::Differs,
            };
            let note = if reverse.is_finite() && forward.is_finite() {
                None
            } else {
                self.not_finite(&derivatives, at)?
            };
            let of = Compared::Direction { seed: *seed };
            let (pair, outcome) = ((reverse.into(), forward.into()), (verdict, note));
            report.differences.push(self.compared(
                Test::Modes,
                of,
                pair,
                "forward mode",
                bound,
                outcome,
            ));
        }
        Ok(())
    }

    /// The point in 31 digits, if every operation has a kernel for them.
    fn wide(&self, at: &Arrays<f64>) -> Option<Arrays<DoubleDouble>> {
        self.custom.is_none().then(|| converted(at))
    }

    fn values_are_finite(&self, at: &Arrays<f64>) -> Result<bool, EvalError> {
        let values = self.reference.evaluate(&Inputs::new().with_all(at))?;
        Ok(values.iter().flatten().all(|y| y.is_finite()))
    }

    /// Where the first value that is not finite comes from.
    fn not_finite(
        &self, outputs: &[Expr<'g>], at: &Arrays<f64>,
    ) -> Result<Option<String>, EvalError> {
        let found = trace_nonfinite(outputs, &Inputs::new().with_all(at))?;
        Ok(found.map(|found| found.to_string()))
    }

    /// A comparison of this order; how far apart the two are is taken before they are rounded.
    fn compared(
        &self, test: Test, of: Compared, (derivative, other): Pair, against: &str, bound: f64,
        (verdict, note): Outcome,
    ) -> Difference {
        let (order, against) = (self.order, against.to_owned());
        let apart = f64::from(derivative - other).abs();
        let (derivative, other) = (derivative.into(), other.into());
        Difference { order, test, of, derivative, other, apart, against, bound, verdict, note }
    }
}
