//! Taylor expansions of the outputs along directions.

use super::super::double_double::ROUNDOFF;
use super::super::kink::Ladder;
use super::super::point::{Along, Base, Line, inner};
use super::super::report::{Compared, Difference, Report, Test, Verdict};
use super::super::taylor::{Slope, Taylor};
use super::{Outcome, Stage};
use crate::{Arrays, EvalError, Inputs, Reference, Scalar, vjp_with};

impl Stage<'_, '_> {
    /// The remainders of the expansions along each seed's direction: of the second order only where
    /// the check's order asks for it.
    pub(super) fn taylor(&self, report: &mut Report) -> Result<(), EvalError> {
        let line = Line::along(&self.u);
        let mut derivatives = self.bars.clone();
        if self.order < self.check.order {
            let seeds: Vec<_> =
                self.bars.iter().zip(&self.u).map(|(&bar, &(_, u))| (bar, u)).collect();
            let adjoints = vjp_with(&seeds, &self.check.wrt, &self.check.vjp);
            derivatives.extend(self.check.wrt.iter().map(|&x| adjoints.or_zeros(x)));
        }
        let reference = Reference::new(&derivatives, &[])?;
        for (seed, at) in &self.points {
            let (of, scale) = ((self.order, *seed), line.scale(at));
            let table = match self.wide(at) {
                Some(wide) => {
                    self.remainders(&reference, of, &line, &wide, (scale / 64.0, 16), ROUNDOFF)?
                }
                None => {
                    self.remainders(&reference, of, &line, at, (scale / 4.0, 9), f64::EPSILON)?
                }
            };
            for (power, slope) in [(2.0, table.first()), (3.0, table.second())] {
                if power == 3.0 && derivatives.len() == self.bars.len() {
                    continue;
                }
                let (slope, verdict, note) = match slope {
                    Slope::Power(slope) if slope >= power - 0.05 => (slope, Verdict::Agrees, None),
                    Slope::Power(slope) => (slope, Verdict::Differs, None),
                    Slope::Nothing => {
                        let note = "no remainder: a polynomial along the direction".to_owned();
                        (f64::INFINITY, Verdict::Agrees, Some(note))
                    }
                    Slope::Unknown => {
                        let note = "too few remainders are more than rounding".to_owned();
                        (f64::NAN, Verdict::Inconclusive, Some(note))
                    }
                };
                let (verdict, note) = match verdict {
                    Verdict::Agrees => (verdict, note),
                    _ => self.kink_along(&line, at, &table, (verdict, note))?,
                };
                let order = self.order + usize::from(power == 3.0);
                report.differences.push(Difference {
                    order,
                    test: Test::Taylor,
                    of: Compared::Direction { seed: *seed },
                    derivative: slope,
                    other: power,
                    apart: (slope - power).abs(),
                    against: "slope of the remainder".to_owned(),
                    bound: 0.05,
                    verdict,
                    note,
                });
            }
            report.taylor.push(table);
        }
        Ok(())
    }

    /// Across a kink no remainder need vanish: one that is no farther than the smallest steps is
    /// the reason. What the derivative must be there, the comparison with slopes says.
    fn kink_along(
        &self, line: &Line, at: &Arrays<f64>, table: &Taylor, otherwise: Outcome,
    ) -> Result<Outcome, EvalError> {
        let (_, kink) = match self.wide(at) {
            Some(wide) => self.slopes(line, at, &wide, &Ladder::DIGITS)?,
            None => self.slopes(line, at, at, &Ladder::DOUBLE)?,
        };
        let smallest = table.rows.last().map_or(0.0, |row| row.step);
        Ok(match kink.filter(|kink| kink.here || kink.within <= 64.0 * smallest) {
            Some(kink) => (Verdict::Kink, Some(kink.to_string())),
            None => otherwise,
        })
    }

    fn remainders<T: Scalar>(
        &self, derivatives: &Reference, of: (usize, u64), line: &Line, at: &Arrays<T>,
        steps: (f64, usize), roundoff: f64,
    ) -> Result<Taylor, EvalError> {
        let values = derivatives.evaluate(&Inputs::new().with_all(at))?;
        let (first, second) = values.split_at(self.bars.len());
        let gradient = inner(&self.u, first, at).0;
        let hessian = (!second.is_empty()).then(|| inner(&self.u, second, at).0);
        let base = Base::new(&self.reference, at)?;
        let mut function = Along::new(&self.reference, &self.v, line, &base);
        Taylor::new(of, steps, gradient, hessian, roundoff, |t| function.value(t))
    }
}
