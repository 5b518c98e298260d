//! Rules broken on purpose. The gradient check must catch every fault of every rule of every
//! operation, in both directions of differentiation; and the right rules must pass beside them.

use std::collections::BTreeMap;

use gradus_ops::{
    Arrays, Check, EvalError, Expr, Graph, Inputs, Op, Primitive, Report, Sample, Test, Verdict,
    evaluate, input,
};
use ndarray::ArrayD;

use super::kinks::{Kink, kinks};
use super::mutate::mutants;
use super::table::{Row, compare};

/// The rule of one operand of an operation, in one direction.
#[derive(Clone, Copy)]
struct Rule {
    operand: usize,
    forward: bool,
}

impl Rule {
    /// What the rule gives; or what the mutant of this name makes of it, if there is such a one.
    fn apply<'g>(
        self, op: &Op, x: &[Expr<'g>], y: Expr<'g>, bar: Expr<'g>, mutant: Option<&str>,
    ) -> Option<Expr<'g>> {
        let right = match self.forward {
            false => op.vjp(self.operand, x, y, bar)?,
            true => op.jvp(self.operand, x, y, bar)?,
        };
        let Some(name) = mutant else { return Some(right) };
        let found = mutants(right, x, y, bar).into_iter().find(|mutant| mutant.name == name);
        found.map_or(Some(right), |mutant| mutant.result)
    }

    /// The rules of an operation, with this one replaced.
    fn within<'g>(
        self, op: &Op, k: usize, x: &[Expr<'g>], y: Expr<'g>, bar: Expr<'g>,
        (forward, mutant): (bool, Option<&str>),
    ) -> Option<Expr<'g>> {
        match (k == self.operand && forward == self.forward, forward) {
            (true, _) => self.apply(op, x, y, bar, mutant),
            (false, false) => op.vjp(k, x, y, bar),
            (false, true) => op.jvp(k, x, y, bar),
        }
    }

    /// The names of the mutants at a sample; none if there is no rule.
    fn mutants_at(self, sample: &Sample) -> Vec<String> {
        let graph = Graph::new();
        let (x, y) = sample.build(&graph);
        let bar = self.bar(&x, y);
        let right = self.apply(&sample.op, &x, y, bar, None);
        let names = |right| mutants(right, &x, y, bar).into_iter().map(|mutant| mutant.name);
        right.map_or(Vec::new(), |right| names(right).collect())
    }

    fn bar<'g>(self, x: &[Expr<'g>], y: Expr<'g>) -> Expr<'g> {
        let like = if self.forward { x[self.operand] } else { y };
        input(y.graph(), "bar", like.shape())
    }

    /// What the check says at a sample, of first derivatives.
    ///
    /// # Errors
    ///
    /// If an operation refuses the values that a mutant gives it, as indices that are no indices.
    fn report(self, sample: &Sample, mutant: Option<&str>) -> Result<Report, EvalError> {
        let graph = Graph::new();
        let (x, y) = sample.build(&graph);
        let free: Vec<_> =
            (0..x.len()).filter(|k| !sample.fixed.contains(k)).map(|k| x[k]).collect();
        let check = Check::new(&[y], &free)
            .order(1)
            .directions(1)
            .elements(8)
            .only(&TESTS)
            .with_vjp(move |op, k, x, y, bar| self.within(op, k, x, y, bar, (false, mutant)))
            .with_jvp(move |op, k, x, y, bar| self.within(op, k, x, y, bar, (true, mutant)));
        check.run(&point(sample))
    }

    /// The tests by which the check fails at a sample; nothing if it is refused.
    fn caught_at(self, sample: &Sample, mutant: Option<&str>) -> Option<Vec<Test>> {
        let report = self.report(sample, mutant).ok()?;
        let differs = |test| report.of(test).any(|d| d.verdict == Verdict::Differs);
        if mutant.is_none() {
            assert!(report.passed(), "{}: the right rules fail\n{report}", sample.op);
        }
        Some(TESTS.into_iter().filter(|&test| differs(test)).collect())
    }

    /// Whether the mutant breaks the convention at a kink of this operand.
    fn caught_at_kink(self, kink: &Kink, name: &str) -> bool {
        if kink.operand != self.operand {
            return false;
        }
        let graph = Graph::new();
        !kink.holds(&graph, self.forward, &|op: &Op, k, x: &[Expr<'_>], y, bar| {
            self.within(op, k, x, y, bar, (self.forward, Some(name)))
        })
    }

    /// Whether a mutant gives what the right rule gives, wherever both are computed: at the sample
    /// and at points around it.
    fn is_equivalent_at(self, sample: &Sample, mutant: &str) -> bool {
        let graph = Graph::new();
        let (x, y) = sample.build(&graph);
        let bar = self.bar(&x, y);
        let rules = [None, Some(mutant)].map(|mutant| self.apply(&sample.op, &x, y, bar, mutant));
        let [Some(right), Some(wrong)] = rules else { return false };
        (0..8).all(|round| {
            let mut at = point(sample);
            for (k, operand) in at.values_mut().enumerate() {
                if !sample.fixed.contains(&k) {
                    vary(operand, round + 10 * k, 0.1);
                }
            }
            let like = evaluate(&[if self.forward { x[self.operand] } else { y }], &inputs(&at));
            let mut array = like.expect("the point is well formed").remove(0).mapv(|_| 1.0);
            vary(&mut array, 100 + round, 3.0);
            at.insert("bar".to_owned(), array);
            let values = evaluate(&[right, wrong], &inputs(&at)).expect("the point is well formed");
            let scale = values[0].iter().fold(0.0, |most: f64, x| most.max(x.abs()));
            let apart = (&values[0] - &values[1]).iter().fold(0.0, |m: f64, d| m.max(d.abs()));
            apart <= 1e-13 * scale
        })
    }
}

/// By these the mutants are looked for; what a mutant of a pushforward breaks, the first sees.
const TESTS: [Test; 4] = [Test::Modes, Test::Differences, Test::Digits, Test::Taylor];

fn inputs(at: &Arrays<f64>) -> Inputs<'_, f64> {
    Inputs::new().with_all(at)
}

fn point(sample: &Sample) -> Arrays<f64> {
    (0..).map(|k| format!("x{k}")).zip(sample.operands.iter().cloned()).collect()
}

/// Multiplies the elements by factors within 1 ± `by`, well spread.
fn vary(x: &mut ArrayD<f64>, round: usize, by: f64) {
    let golden = (5f64.sqrt() - 1.0) / 2.0;
    for (k, x) in x.iter_mut().enumerate() {
        *x *= 1.0 + by * (2.0 * (golden * (97 * round + k + 1) as f64).fract() - 1.0);
    }
}

/// The fate of a rule's mutants, told apart by name, and the names of those that survive because
/// they are right.
fn judge(samples: &[Sample], kinks: &[Kink], rule: Rule, row: &mut Row) -> Vec<String> {
    let mut places: BTreeMap<String, Vec<&Sample>> = BTreeMap::new();
    for sample in samples.iter().filter(|sample| rule.operand < sample.operands.len()) {
        for name in rule.mutants_at(sample) {
            places.entry(name).or_default().push(sample);
        }
    }
    if places.is_empty() {
        return Vec::new();
    }
    for sample in samples {
        assert!(rule.caught_at(sample, None).is_some(), "{}: a right rule is refused", sample.op);
    }
    row.rules += 1;
    let mut equivalent = Vec::new();
    for (name, places) in places {
        row.mutants += 1;
        let caught = places.iter().map(|sample| rule.caught_at(sample, Some(&name)));
        let caught = caught.into_iter().find(|tests| tests.as_ref().is_none_or(|t| !t.is_empty()));
        if let Some(None) = caught {
            row.refused += 1;
        } else if let Some(Some(tests)) = caught {
            for (test, count) in TESTS.into_iter().zip(&mut row.caught) {
                *count += usize::from(tests.contains(&test));
            }
        } else if kinks.iter().any(|kink| rule.caught_at_kink(kink, &name)) {
            row.conventions += 1;
        } else {
            let op = row.operation;
            let same = places.iter().all(|sample| rule.is_equivalent_at(sample, &name));
            let none = places.iter().flat_map(|sample| rule.report(sample, Some(&name)));
            let reports: Vec<String> = none.map(|report| report.to_string()).collect();
            let reports = reports.join("\n");
            assert!(same, "{op}, operand {}, {name}: not caught\n{reports}", rule.operand);
            let side = if rule.forward { "pushforward" } else { "pullback" };
            equivalent.push(format!("{op}, {side} of operand {}: {name}", rule.operand));
        }
    }
    equivalent
}

#[test]
fn every_fault_of_every_rule_is_caught_and_every_right_rule_passes() {
    let (mut rows, mut equivalent) = (Vec::new(), Vec::new());
    for samples in Op::samples() {
        let Some(first) = samples.first() else { continue };
        let mut row = Row::new(first.op.card().name);
        let mut kinks = kinks();
        kinks.retain(|kink| kink.sample.op.card().name == row.operation);
        let operands = samples.iter().map(|sample| sample.operands.len()).max().unwrap_or(0);
        for operand in 0..operands {
            for forward in [false, true] {
                let names = judge(&samples, &kinks, Rule { operand, forward }, &mut row);
                row.equivalent += names.len();
                equivalent.extend(names);
            }
        }
        rows.push(row);
    }
    compare(&rows, &equivalent);
}
