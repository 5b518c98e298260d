//! Derivatives along lines against finite differences, and what kinks make of them.

use super::super::difference::{self, difference};
use super::super::double_double::DoubleDouble;
use super::super::kink::{self, Kink, Ladder, Slopes};
use super::super::point::{Along, Base, Line, flat, indices, inner, input_name, spread};
use super::super::report::{Compared, Coverage, Report, Test, Verdict};
use super::super::{digits, verdict};
use super::{Outcome, Stage};
use crate::{Arrays, EvalError, Expr, Inputs, Reference, Scalar, evaluate, vjp_with};

impl Stage<'_, '_> {
    /// Elements of the adjoints, and whole directions, against differences of ⟨v, y⟩.
    pub(super) fn differences(&self, report: &mut Report) -> Result<(), EvalError> {
        let reference = Reference::new(&self.bars, &[])?;
        let along = Line::along(&self.u);
        let elements = |x: &Expr<'_>| {
            let (_, at) = &self.points[0];
            at[&input_name(*x)].len().min(self.check.elements)
        };
        let lines = self.points.len() + self.check.wrt.iter().map(elements).sum::<usize>();
        let mut done = (self.order - 1) * lines;
        for (k, (seed, at)) in self.points.iter().enumerate() {
            let inputs = Inputs::new().with_all(at);
            let bars = reference.evaluate(&inputs)?;
            let base = Base::new(&self.reference, at)?;
            let wide = self.wide(at);
            let wide_base = match &wide {
                Some(wide) => Some(Base::new(&self.reference, wide)?),
                None => None,
            };
            let wide_bars = match &wide {
                Some(wide) => Some(reference.evaluate(&Inputs::new().with_all(wide))?),
                None => None,
            };
            let mut compare = |line: &Line, of: Compared, a: f64, digits: Option<DoubleDouble>| {
                self.line(report, line, of, &base, a, wide_base.as_ref().zip(digits))?;
                done += 1;
                (self.check.progress)(done, self.check.order * lines);
                Ok::<(), EvalError>(())
            };
            let digits = wide.as_ref().zip(wide_bars.as_ref());
            let slope = digits.map(|(at, bars)| inner(&self.u, bars, at).0);
            let of = Compared::Direction { seed: *seed };
            compare(&along, of, inner(&self.u, &bars, at).0, slope)?;
            if k > 0 {
                continue;
            }
            let mut coverage = Vec::new();
            for (i, (x, bar)) in self.check.wrt.iter().zip(&bars).enumerate() {
                let input = input_name(*x);
                let compared = bar.len().min(self.check.elements);
                let of = bar.len();
                coverage.push(Coverage { order: self.order, input: input.clone(), compared, of });
                for element in spread(of, self.check.elements) {
                    let line = Line::Element { input: input.clone(), element };
                    let index = indices(bar.shape(), element);
                    let of = Compared::Element { input: input.clone(), element, index };
                    let digits = wide_bars.as_ref().map(|bars| flat(&bars[i], element));
                    compare(&line, of, flat(bar, element), digits)?;
                }
            }
            report.elements.extend(coverage);
        }
        Ok(())
    }

    /// A derivative along a line against the difference in `f64`, and the derivative in 31 digits
    /// against the difference in as many. What `f64` does not know, and 31 digits do, is settled.
    fn line(
        &self, report: &mut Report, line: &Line, of: Compared, base: &Base<'_, f64>, a: f64,
        digits: Option<(&Base<'_, DoubleDouble>, DoubleDouble)>,
    ) -> Result<(), EvalError> {
        let asked = |test| self.check.tests.contains(&test);
        let (at, scale) = (base.at, line.scale(base.at));
        let (mut settled, mut in_digits) = (false, None);
        if let (Some((wide, a)), true) = (digits, asked(Test::Digits)) {
            let mut function = Along::new(&self.reference, &self.v, line, wide);
            let start = line.start(wide.at);
            let (n, error) = digits::difference(start, scale, |t| function.value(t))?;
            let bound = digits::bound(n.into());
            let known = verdict((a - n).into(), 0.0, bound, error);
            settled = known == Verdict::Agrees;
            let outcome = self.settle(line, at, a.into(), known, (error, bound))?;
            let against = "difference in 31 digits";
            let (test, of) = (Test::Digits, of.clone());
            in_digits = Some(self.compared(test, of, (a, n), against, bound, outcome));
        }
        if asked(Test::Differences) {
            let mut function = Along::new(&self.reference, &self.v, line, base);
            let (n, error) = difference(line.start(at), scale, |t| function.value(t))?;
            let bound = difference::bound(n);
            let outcome = match verdict(a, n, bound, error) {
                Verdict::Inconclusive if settled => (Verdict::Settled, Some(unknown(error))),
                known => self.settle(line, at, a, known, (error, bound))?,
            };
            let (test, pair) = (Test::Differences, (a.into(), n.into()));
            let against = "difference in f64";
            report.differences.push(self.compared(test, of, pair, against, bound, outcome));
        }
        report.differences.extend(in_digits);
        Ok(())
    }

    /// The verdict of a comparison with a difference: where that is not known, or is something else
    /// than the derivative, a kink is looked for, and the derivative must then be between the slopes
    /// to its left and right.
    fn settle(
        &self, line: &Line, at: &Arrays<f64>, a: f64, known: Verdict, (error, bound): (f64, f64),
    ) -> Result<Outcome, EvalError> {
        if known == Verdict::Agrees {
            return Ok((known, None));
        }
        if !self.values_are_finite(at)? || !a.is_finite() {
            let all: Vec<_> = self.outputs.iter().chain(&self.bars).copied().collect();
            return Ok((known, self.not_finite(&all, at)?));
        }
        let (slopes, kink) = match self.wide(at) {
            Some(wide) => self.look(known, line, at, &wide, &Ladder::DIGITS)?,
            None => self.look(known, line, at, at, &Ladder::DOUBLE)?,
        };
        let reason = (known == Verdict::Inconclusive).then(|| unknown(error));
        let Some(kink) = kink.filter(|kink| kink.here || known == Verdict::Inconclusive) else {
            return Ok((known, reason));
        };
        let [(left, left_error), (right, right_error)] = slopes;
        let known_slopes = 1e-3 * (left.abs() + right.abs()) + bound;
        if left_error.max(right_error) > known_slopes {
            return Ok((known, reason));
        }
        let (down, up) = self.bends(&kink, at)?;
        let (low, high) = (left.min(right).min(left + down), left.max(right).max(left + up));
        let wide = bound + left_error.max(right_error);
        let note = format!("{kink}, with the slopes {left:.6} and {right:.6}");
        let between = low - wide <= a && a <= high + wide;
        Ok((if between { Verdict::Kink } else { Verdict::Differs }, Some(note)))
    }

    /// How much the slope of ⟨v, y⟩ to the left changes if only the kinks at the point that lower it
    /// are crossed, and if only those that raise it. Where several meet, a convention chooses at each
    /// of them, and so the derivative need not be between the slopes of the whole.
    fn bends(&self, kink: &Kink, at: &Arrays<f64>) -> Result<(f64, f64), EvalError> {
        let adjoints = vjp_with(&self.v, &self.check.wrt, &self.check.vjp);
        let (mut down, mut up) = (0.0, 0.0);
        for (node, bends) in &kink.bends {
            let Some(bar) = adjoints.of(self.nodes[*node]) else { continue };
            let bar = evaluate(&[bar], &Inputs::new().with_all(at))?.remove(0);
            for change in bar.iter().zip(bends).map(|(bar, bend)| bar * bend) {
                down += change.min(0.0);
                up += change.max(0.0);
            }
        }
        Ok((down, up))
    }

    /// Looks for a kink; where a difference is known, only if the slopes at the smallest step say
    /// that there is one.
    fn look<T: Scalar>(
        &self, known: Verdict, line: &Line, at: &Arrays<f64>, in_type: &Arrays<T>, ladder: &Ladder,
    ) -> Result<(Slopes, Option<Kink>), EvalError> {
        let base = Base::new(&self.reference, in_type)?;
        let mut function = Along::new(&self.reference, &self.v, line, &base);
        let start = line.start(in_type);
        let mut bent = || kink::is_here(start, line.scale(at), ladder, |t| function.value(t));
        if known == Verdict::Differs && !bent()? {
            return Ok(([(f64::NAN, f64::INFINITY); 2], None));
        }
        self.slopes(line, at, in_type, ladder)
    }

    /// The slopes of ⟨v, y⟩ to both sides, and the node that has a kink, if there is one.
    pub(super) fn slopes<T: Scalar>(
        &self, line: &Line, at: &Arrays<f64>, in_type: &Arrays<T>, ladder: &Ladder,
    ) -> Result<(Slopes, Option<Kink>), EvalError> {
        let base = Base::new(&self.reference, in_type)?;
        let mut function = Along::new(&self.reference, &self.v, line, &base);
        let scale = line.scale(at);
        let slopes = kink::slopes(line.start(in_type), scale, ladder, |t| function.value(t))?;
        let all = Reference::new(&self.nodes, &[])?;
        Ok((slopes, kink::find(&all, &self.nodes, line, in_type, scale, ladder)?))
    }
}

/// Why a comparison with a difference is inconclusive.
fn unknown(error: f64) -> String {
    format!("the estimated error of the difference is {error:.1e}")
}
