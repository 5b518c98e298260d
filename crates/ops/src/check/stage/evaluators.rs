//! Number types and evaluators against each other.

use ndarray::ArrayD;
use num_traits::Float;

use super::super::double_double::DoubleDouble;
use super::super::point::{Pairs, converted, inner};
use super::super::report::{Compared, Report, Test, Verdict};
use super::super::rounding::{Budget, decided_otherwise, nodes};
use super::super::verdict;
use super::{Outcome, Stage};
use crate::{Arrays, EvalError, Inputs, Op, Reference, Scalar};

/// How a number of a seed is called.
type Name = fn(u64) -> Compared;

impl<'g> Stage<'_, 'g> {
    /// `f64` and `f32` against 31 digits, or where there are none `f32` against `f64`.
    pub(super) fn rounding(&self, report: &mut Report) -> Result<(), EvalError> {
        for (number, pairs) in self.numbers() {
            let outputs: Vec<_> = pairs.iter().map(|&(y, _)| y).collect();
            let all = nodes(&outputs);
            let (reference, every) = (Reference::new(&outputs, &[])?, Reference::new(&all, &[])?);
            let own = all.iter().find_map(|y| match y.op() {
                Op::Custom(custom) if custom.op().eval_f32(&[]).is_some() => Some(y.describe()),
                _ => None,
            });
            for (seed, at) in &self.points {
                let of = number(*seed);
                if let Some(wide) = self.wide(at) {
                    let values = reference.evaluate(&Inputs::new().with_all(at))?;
                    let value = sum(&pairs, &values, at);
                    let oracle = in_digits(&reference, &pairs, &wide)?;
                    let bound = Budget::new(&pairs, at)?.bound(f64::EPSILON, f64::MIN_POSITIVE);
                    let verdict = verdict((value - oracle).into(), 0.0, bound, 0.0);
                    let outcome = self.explained(verdict, &outputs, at)?;
                    let against = "f64 against 31 digits";
                    report.differences.push(self.compared(
                        Test::Rounding,
                        of.clone(),
                        (value, oracle),
                        against,
                        bound,
                        outcome,
                    ));
                }
                if own.is_some() {
                    continue;
                }
                let difference = self.single(&pairs, (&reference, &every), at, of)?;
                report.differences.push(difference);
            }
            if let Some(node) = own {
                let order = self.order;
                report.untried.push(format!("f32, order {order}: a kernel of its own, {node}"));
            }
        }
        Ok(())
    }

    /// `f32` against more digits, at the point rounded to `f32`.
    fn single(
        &self, pairs: &Pairs<'g>, (reference, every): (&Reference, &Reference), at: &Arrays<f64>,
        of: Compared,
    ) -> Result<super::Difference, EvalError> {
        let single: Arrays<f32> = converted(at);
        let rounded: Arrays<f64> =
            single.iter().map(|(name, x)| (name.clone(), x.mapv(f64::from))).collect();
        let outputs: Vec<_> = pairs.iter().map(|&(y, _)| y).collect();
        let all = nodes(&outputs);
        let coarse = every.evaluate(&Inputs::new().with_all(&single))?;
        let coarse = widened(&coarse, |&y| f64::from(y));
        let fine = every.evaluate(&Inputs::new().with_all(&rounded))?;
        let values = reference.evaluate(&Inputs::new().with_all(&single))?;
        let value = sum(pairs, &values, &rounded);
        let oracle = match self.wide(&rounded) {
            Some(wide) => in_digits(reference, pairs, &wide)?,
            None => {
                let values = reference.evaluate(&Inputs::new().with_all(&rounded))?;
                sum(pairs, &values, &rounded)
            }
        };
        let small = f64::from(f32::MIN_POSITIVE);
        let bound = Budget::new(pairs, &rounded)?.bound(f64::from(f32::EPSILON), small);
        let verdict = verdict((value - oracle).into(), 0.0, bound, 0.0);
        let turned = decided_otherwise(&all, &fine, &coarse, every, &rounded)?;
        let outcome = match turned {
            Some(node) => {
                let note = format!("f32 decides otherwise than f64 at {node}");
                (Verdict::Inconclusive, Some(note))
            }
            None if oracle.is_finite() && !value.is_finite() => {
                (Verdict::Inconclusive, Some("too large or too small for f32".to_owned()))
            }
            None => self.explained(verdict, &outputs, &rounded)?,
        };
        let against = "f32 against more digits";
        Ok(self.compared(Test::Rounding, of, (value, oracle), against, bound, outcome))
    }

    /// Other evaluators against the reference evaluator, in `f64`.
    pub(super) fn evaluators(&self, report: &mut Report) -> Result<(), EvalError> {
        for (number, pairs) in self.numbers() {
            let outputs: Vec<_> = pairs.iter().map(|&(y, _)| y).collect();
            let reference = Reference::new(&outputs, &[])?;
            for (name, make) in &self.check.evaluators {
                let mut evaluator = make(&outputs)?;
                for (seed, at) in &self.points {
                    let inputs = Inputs::new().with_all(at);
                    let values = evaluator.step(&mut Arrays::new(), &inputs)?;
                    let oracle = sum(&pairs, &reference.evaluate(&inputs)?, at);
                    let value = sum(&pairs, &values, at);
                    // Both round.
                    let budget = Budget::new(&pairs, at)?;
                    let bound = 2.0 * budget.bound(f64::EPSILON, f64::MIN_POSITIVE);
                    let verdict = verdict((value - oracle).into(), 0.0, bound, 0.0);
                    let outcome = self.explained(verdict, &outputs, at)?;
                    report.differences.push(self.compared(
                        Test::Evaluators,
                        number(*seed),
                        (value, oracle),
                        &format!("{name} against the reference evaluator"),
                        bound,
                        outcome,
                    ));
                }
            }
        }
        Ok(())
    }

    /// ⟨v, y⟩, at the first order, and ⟨x̄, u⟩: how they are called, and of what they are made.
    fn numbers(&self) -> Vec<(Name, Pairs<'g>)> {
        let derivative: Pairs<'g> =
            self.bars.iter().zip(&self.u).map(|(&bar, &(_, u))| (bar, u)).collect();
        let mut numbers: Vec<(Name, Pairs<'g>)> = Vec::new();
        if self.order == 1 {
            numbers.push((|seed| Compared::Value { seed }, self.v.clone()));
        }
        numbers.push((|seed| Compared::Direction { seed }, derivative));
        numbers
    }

    /// A verdict; where it is no agreement, with the first value that is not finite, if there is one.
    fn explained(
        &self, verdict: Verdict, outputs: &[crate::Expr<'g>], at: &Arrays<f64>,
    ) -> Result<Outcome, EvalError> {
        let note = match verdict {
            Verdict::Agrees => None,
            _ => self.not_finite(outputs, at)?,
        };
        Ok((verdict, note))
    }
}

/// The inner product with the directions in 31 digits.
fn in_digits(
    reference: &Reference, pairs: &Pairs<'_>, at: &Arrays<DoubleDouble>,
) -> Result<DoubleDouble, EvalError> {
    Ok(inner(pairs, &reference.evaluate(&Inputs::new().with_all(at))?, at).0)
}

/// The inner product of values with the directions, summed in 31 digits: what is compared is how
/// the values were computed, not this sum.
fn sum<T: Scalar>(pairs: &Pairs<'_>, values: &[ArrayD<T>], at: &Arrays<f64>) -> DoubleDouble {
    inner(pairs, &widened(values, |&y| y.to_double().into()), &converted(at)).0
}

fn widened<T: Scalar, U: Scalar>(values: &[ArrayD<T>], f: impl Fn(&T) -> U) -> Vec<ArrayD<U>> {
    values.iter().map(|y| y.map(&f)).collect()
}
