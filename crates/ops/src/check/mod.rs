//! Is this derivative right? The gradient check.

use std::fmt;

use ndarray::ArrayD;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

mod double_double;
mod report;

pub use report::{Compared, Coverage, Difference, Report, Verdict};
use crate::{Arrays, EvalError, Expr, Inputs, Op, Reference, evaluate, input, jvp_with, vjp_with};

/// A rule that stands in for [`Primitive::vjp`](gradus_autodiff::Primitive::vjp) or `jvp`.
type Rule<'g> = Box<dyn Fn(&Op, usize, &[Expr<'g>], Expr<'g>, Expr<'g>) -> Option<Expr<'g>> + 'g>;

/// A check of the derivatives of some outputs with respect to some inputs, to second order.
///
/// At each order it makes two comparisons, in `f64`:
///
/// * forward against reverse: for random signed u and v, ⟨v, J u⟩ = ⟨Jᵀ v, u⟩ to 1e-12 of the sum
///   of the absolute terms;
/// * reverse against finite differences: each element of Jᵀ v against the central difference of
///   ⟨v, y⟩, extrapolated to step 0 (C. J. F. Ridders, *Accurate computation of F′(x) and
///   F′(x)F″(x)*, 1982). A derivative a and a difference d agree if |a − d| ≤ 1e-10 + 1e-8 |d|; if
///   the extrapolation does not know d that well, the comparison is inconclusive and says so.
///
/// Then Jᵀ v takes the place of the outputs, for the next order. Take the point away from kinks:
/// there a finite difference is not the derivative that the convention chooses. The directions
/// become inputs of the graph, named `check.u1.…` and `check.v1.…`, and the derivatives nodes of
/// it.
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
    elements: usize,
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
            elements: 64,
            vjp: Box::new(Op::vjp),
            jvp: Box::new(Op::jvp),
        }
    }

    /// Checks derivatives up to this order instead of the second.
    pub fn order(self, order: usize) -> Self {
        Self { order, ..self }
    }

    /// Draws the directions u and v from this seed instead of 0.
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Compares at most this many elements of an input with finite differences, evenly spread over
    /// it, instead of 64. The report says how many of how many.
    pub fn elements(self, elements: usize) -> Self {
        Self { elements, ..self }
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
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        let mut report = Report { seed: self.seed, differences: Vec::new(), elements: Vec::new() };
        let (mut outputs, mut at) = (self.outputs.clone(), at.clone());
        for order in 1..=self.order {
            let values = evaluate(&outputs, &Inputs::new().with_all(&at))?;
            let v = directions(&outputs, &values, order, "v", &mut random, &mut at);
            let x = evaluate(&self.wrt, &Inputs::new().with_all(&at))?;
            let u = directions(&self.wrt, &x, order, "u", &mut random, &mut at);

            let adjoints = vjp_with(&v, &self.wrt, &self.vjp);
            let y_dot = jvp_with(&outputs, &u, &self.jvp);
            let x_bar: Vec<_> = self.wrt.iter().map(|&x| adjoints.or_zeros(x)).collect();
            let y_dot = outputs.iter().zip(y_dot).map(|(y, dot)| dot.unwrap_or(y.filled(0.0)));
            let derivatives: Vec<_> = x_bar.iter().copied().chain(y_dot).collect();
            let values = evaluate(&derivatives, &Inputs::new().with_all(&at))?;
            let (bars, dots) = values.split_at(x_bar.len());

            let ((reverse, a), (forward, b)) = (inner(&u, bars, &at), inner(&v, dots, &at));
            report.differences.push(Difference {
                order,
                of: Compared::Directions,
                derivative: reverse,
                other: forward,
                bound: 1e-12 * (a + b),
                verdict: verdict(reverse, forward, 1e-12 * (a + b), 0.0),
            });
            self.compare(order, &outputs, &v, bars, &mut at, &mut report)?;

            let connected = self.wrt.iter().filter_map(|&x| adjoints.of(x));
            outputs = connected.collect();
        }
        Ok(report)
    }

    /// Compares each element of the adjoints with a finite difference of ⟨v, y⟩.
    fn compare(
        &self, order: usize, outputs: &[Expr<'g>], v: &[(Expr<'g>, Expr<'g>)],
        bars: &[ArrayD<f64>], at: &mut Arrays<f64>, report: &mut Report,
    ) -> Result<(), EvalError> {
        if outputs.is_empty() {
            return Ok(());
        }
        let reference = Reference::new(outputs, &[])?;
        for (x, bar) in self.wrt.iter().zip(bars) {
            let name = input_name(*x);
            let count = bar.len().min(self.elements);
            let (input, of) = (name.clone(), bar.len());
            report.elements.push(Coverage { order, input, compared: count, of });
            for k in 0..count {
                let element = k * bar.len() / count;
                let x = flat(at, &name, element);
                let estimate = difference(x, |x| {
                    *flat_mut(at, &name, element) = x;
                    let values = reference.evaluate(&Inputs::new().with_all(at))?;
                    Ok(inner(v, &values, at).0)
                });
                *flat_mut(at, &name, element) = x;
                let (difference, error) = estimate?;
                let derivative = *bar.iter().nth(element).expect("within its length");
                let bound = bound(difference);
                report.differences.push(Difference {
                    order,
                    of: Compared::Element { input: name.clone(), element },
                    derivative,
                    other: difference,
                    bound,
                    verdict: verdict(derivative, difference, bound, error),
                });
            }
        }
        Ok(())
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

/// A random direction for each expression, as an input of the graph with its array in `at`.
fn directions<'g>(
    of: &[Expr<'g>], values: &[ArrayD<f64>], order: usize, letter: &str, random: &mut ChaCha8Rng,
    at: &mut Arrays<f64>,
) -> Vec<(Expr<'g>, Expr<'g>)> {
    let mut pairs = Vec::with_capacity(of.len());
    for (&y, value) in of.iter().zip(values) {
        let name = format!("check.{letter}{order}.{}", y.id().index());
        let draw = || random.random_range(-1.0..1.0);
        at.insert(name.clone(), ArrayD::from_shape_simple_fn(value.raw_dim(), draw));
        pairs.push((y, input(y.graph(), &name, y.shape())));
    }
    pairs
}

/// The inner product of the directions with values, and the sum of its absolute terms.
fn inner(
    directions: &[(Expr<'_>, Expr<'_>)], values: &[ArrayD<f64>], at: &Arrays<f64>,
) -> (f64, f64) {
    let terms = directions.iter().zip(values).flat_map(|((_, direction), value)| {
        at[&input_name(*direction)].iter().zip(value).map(|(a, b)| a * b)
    });
    terms.fold((0.0, 0.0), |(sum, absolute), term| (sum + term, absolute + term.abs()))
}

fn verdict(derivative: f64, other: f64, bound: f64, error: f64) -> Verdict {
    if error > bound {
        Verdict::Inconclusive
    } else if (derivative - other).abs() <= bound {
        Verdict::Agrees
    } else {
        Verdict::Differs
    }
}

/// The derivative of `f` at `x`, with an estimate of its error. Where that is larger than the
/// bound, as when a kink or a pole is near, it is tried again with steps of a tenth and of a
/// hundredth, and the best known derivative is taken.
fn difference(
    x: f64, mut f: impl FnMut(f64) -> Result<f64, EvalError>,
) -> Result<(f64, f64), EvalError> {
    let scale = x.abs().max(1.0);
    let apart = NOISE_STEP * scale;
    let mut scatter = noise(x, apart, &mut f)?;
    let mut best = difference_near(x, scale, scatter, &mut f)?;
    if best.1 > bound(best.0) {
        // A kink scatters the values about it, and no others; rounding scatters all, also where
        // steps are too small to show it.
        for beside in [x - 9.0 * apart, x + 9.0 * apart] {
            scatter = scatter.min(noise(beside, apart, &mut f)?);
        }
    }
    for near in [0.1 * scale, 0.01 * scale] {
        if best.1 <= bound(best.0) {
            break;
        }
        let scatter = scatter.max(noise(x, NOISE_STEP * near, &mut f)?);
        let next = difference_near(x, near, scatter, &mut f)?;
        if next.1 < best.1 {
            best = next;
        }
    }
    Ok(best)
}

/// How far apart the values are from which noise is told, in proportion to x.
const NOISE_STEP: f64 = 1e-3;

/// The derivative of `f` at `x` from steps in proportion to `scale`: two extrapolations from
/// different steps, and the largest of their own errors and their distance.
fn difference_near(
    x: f64, scale: f64, noise: f64, f: &mut impl FnMut(f64) -> Result<f64, EvalError>,
) -> Result<(f64, f64), EvalError> {
    let (first, first_error) = extrapolate(x, 0.02 * scale, noise, f)?;
    let (second, second_error) = extrapolate(x, 0.014 * scale, noise, f)?;
    let error = first_error.max(second_error).max((first - second).abs());
    Ok((first, if error.is_nan() { f64::INFINITY } else { error }))
}

/// How far a derivative may be from the difference `d`.
fn bound(d: f64) -> f64 {
    1e-10 + 1e-8 * d.abs()
}

/// The derivative of `f` at `x` by central differences with steps h, h/2, h/4, …, extrapolated to
/// step 0 by Neville's scheme in h²; with the smallest error that neighbours in the scheme show,
/// and what the noise in `f` makes of the step. Differences that are not finite are passed over.
fn extrapolate(
    x: f64, first: f64, noise: f64, f: &mut impl FnMut(f64) -> Result<f64, EvalError>,
) -> Result<(f64, f64), EvalError> {
    let mut best = (f64::NAN, f64::INFINITY);
    let mut above: Vec<f64> = Vec::new();
    for k in 0..6 {
        let step = first / f64::from(1 << k);
        let (right, left) = (f(x + step)?, f(x - step)?);
        let rounding = 10.0 * noise / step;
        let mut row = vec![(right - left) / ((x + step) - (x - step))];
        let mut power = 1.0;
        for (m, above) in above.iter().enumerate() {
            power *= 4.0;
            let next = row[m] + (row[m] - above) / (power - 1.0);
            let error = (next - row[m]).abs().max((next - above).abs()) + rounding;
            if next.is_finite() && error < best.1 {
                best = (next, error);
            }
            row.push(next);
        }
        above = row;
    }
    Ok(best)
}

/// How much rounding scatters the values of `f` about a smooth function, as a standard deviation:
/// from the sixth differences of values near `x`, in which what is smooth all but vanishes (J. J.
/// Moré, S. M. Wild, *Estimating computational noise*, 2011). No less than the value's own
/// rounding.
fn noise(
    x: f64, step: f64, f: &mut impl FnMut(f64) -> Result<f64, EvalError>,
) -> Result<f64, EvalError> {
    let near = (-4..=4).map(|k| f(x + f64::from(k) * step));
    let mut differences = near.collect::<Result<Vec<f64>, EvalError>>()?;
    let rounding = f64::EPSILON * differences[4].abs();
    for _ in 0..6 {
        differences = differences.windows(2).map(|pair| pair[1] - pair[0]).collect();
    }
    let squares: f64 = differences.iter().map(|d| d * d).sum();
    // A sixth difference of independent errors has the variance of one of them times 12 over 6.
    let deviation = (squares / (differences.len() as f64 * 924.0)).sqrt();
    Ok(if deviation < rounding { rounding } else { deviation })
}

fn input_name(x: Expr<'_>) -> String {
    match x.op() {
        Op::Input(input) => input.name().to_owned(),
        _ => panic!("only an input can be varied, not\n  {}", x.describe()),
    }
}

fn flat(at: &mut Arrays<f64>, name: &str, element: usize) -> f64 {
    *flat_mut(at, name, element)
}

fn flat_mut<'a>(at: &'a mut Arrays<f64>, name: &str, element: usize) -> &'a mut f64 {
    let array = at.get_mut(name).expect("the point has every input");
    array.iter_mut().nth(element).expect("within its length")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Graph, exp, log, relu, sigmoid, sum_all};
    use gradus_autodiff::Primitive;
    use ndarray::array;

    fn at(x: ArrayD<f64>) -> Arrays<f64> {
        Arrays::from([("x".to_owned(), x)])
    }

    #[test]
    fn extrapolation_knows_its_error() {
        let of = |x, f: fn(f64) -> f64| difference(x, |x| Ok(f(x))).unwrap();
        let (d, error) = of(0.7, f64::exp);
        assert!((d - 0.7f64.exp()).abs() <= error && error < 1e-11, "{d} ± {error}");
        assert!(of(1e-6, f64::abs).1 > 1e-3, "a kink inside the smallest steps");
        let (d, error) = of(0.001, f64::abs);
        assert!((d - 1.0).abs() <= error && error <= bound(1.0), "a kink near: {d} ± {error}");
        // A kink at any distance: the derivative is found, or known not to be.
        for k in 0..400 {
            let x = 1e-7 * 1.05f64.powi(k);
            for f in [f64::abs as fn(f64) -> f64, |x| x.max(0.0).sin(), |x| x + 0.3 * x.abs()] {
                let slope = f(x.min(1.0) + 1e-30) / x.min(1.0);
                let slope = if f(-1.0) == 0.0 { x.cos() } else { slope };
                let (d, error) = of(x, f);
                assert!(
                    verdict(slope, d, bound(d), error) != Verdict::Differs,
                    "{x}: {d} ± {error}"
                );
            }
        }
        let (d, error) = of(0.01, f64::ln);
        assert!((d - 100.0).abs() <= error, "a pole inside the steps: {d} ± {error}");
        assert_eq!(of(-1.0, f64::ln).1, f64::INFINITY, "no finite value at all");
        // Of a difference of large numbers little is known, and that much is.
        for k in 0..300 {
            let x = f64::from(k) / 100.0 - 1.5;
            let slope = 1.0 - x.tanh().powi(2);
            for big in [1e5, 1e6, 1e7, 1e8] {
                let (d, error) = difference(x, |x| Ok((x.tanh() + big) - big)).unwrap();
                let known = verdict(slope, d, bound(d), error) != Verdict::Differs;
                assert!(known, "{x}, {big}: {d} ± {error}, not {slope}");
            }
        }
    }

    #[test]
    fn a_right_rule_passes_to_third_order() {
        let g = Graph::new();
        let x = input(&g, "x", ("n", 2));
        let y = sum_all(exp(x) * log(x));
        let at = at(array![[0.5, 1.0], [1.5, 2.0]].into_dyn());
        let report = Check::new(&[y], &[x]).order(3).seed(7).run(&at).unwrap();
        assert!(report.passed(), "{report}");
        assert_eq!(report.differences.len(), 3 * (1 + 4));
        let line = "gradient check, seed 7: 15 of 15 comparisons agree; finite differences for \
                    4 of 4 elements of `x` (order 1), 4 of 4 elements of `x` (order 2), \
                    4 of 4 elements of `x` (order 3)";
        assert_eq!(report.to_string(), line);
    }

    #[test]
    fn a_rule_that_only_the_second_order_uses_is_checked() {
        let g = Graph::new();
        let x = input(&g, "x", [2]);
        let check = Check::new(&[sigmoid(x)], &[x]).with_vjp(|op, k, x, y, y_bar| match op {
            Op::Sub(_) => Some(y_bar),
            _ => op.vjp(k, x, y, y_bar),
        });
        let report = check.run(&at(array![0.5, 1.0].into_dyn())).unwrap();
        assert!(!report.passed());
        assert!(report.failures().all(|failure| failure.order == 2), "{report}");
    }

    #[test]
    fn a_kink_is_inconclusive_not_a_pass() {
        let g = Graph::new();
        let x = input(&g, "x", [1]);
        let report = Check::new(&[relu(x)], &[x]).order(1).run(&at(array![1e-6].into_dyn()));
        let report = report.unwrap();
        assert_eq!(report.failures().next().unwrap().verdict, Verdict::Inconclusive);
        let text = report.to_string();
        assert!(text.contains("order 1, `x` element 0: "), "{text}");
    }

    #[test]
    fn large_inputs_are_sampled_and_the_report_says_so() {
        let g = Graph::new();
        let x = input(&g, "x", ("n",));
        let values = ArrayD::from_shape_fn(vec![1000], |k| k[0] as f64 / 1000.0);
        let check = Check::new(&[sum_all(x * x)], &[x]).order(1).elements(10);
        let report = check.run(&at(values)).unwrap();
        assert!(report.passed(), "{report}");
        let coverage = Coverage { order: 1, input: "x".to_owned(), compared: 10, of: 1000 };
        assert_eq!(report.elements, [coverage]);
    }

    #[test]
    fn a_check_of_nothing_is_not_a_pass() {
        let g = Graph::new();
        let x = input(&g, "x", [1]);
        let at = at(array![0.5].into_dyn());
        let y = exp(x);
        let nothing = [
            Check::new(&[y], &[x]).order(0),
            Check::new(&[y], &[]),
            Check::new(&[], &[x]),
            Check::new(&[y], &[x]).elements(0),
        ];
        for check in nothing {
            assert!(!check.run(&at).unwrap().passed(), "{check:?}");
        }
    }

    #[test]
    #[should_panic(expected = "only an input can be varied, not\n  %1 : [2]")]
    fn an_inner_node_cannot_be_varied() {
        let g = Graph::new();
        let x = input(&g, "x", [2]);
        let y = exp(x);
        let _ = Check::new(&[y * y], &[y]).run(&at(array![0.5, 1.0].into_dyn()));
    }
}
