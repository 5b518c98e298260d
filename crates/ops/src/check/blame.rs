//! Which rule is wrong: each node's rules by themselves, at the values that its operands have.

use ndarray::{ArrayD, ArrayViewD};
use num_traits::Float;

use super::double_double::DoubleDouble;
use super::point::{Pairs, converted, draw, flat, generator, indices, inner, input_name, spread};
use super::report::{Blame, Verdict};
use super::rounding::nodes;
use super::{Check, difference, digits, kink, verdict};
use crate::{
    Arrays, Environment, EvalError, Expr, Inputs, Op, Primitive, Reference, Tape, input, jvp_with,
    vjp_with,
};

/// The most elements among which the wrong one is looked for.
const ELEMENTS: usize = 256;

/// The first node, in the order of the tape, that has a wrong rule.
pub(super) fn find<'g>(
    check: &Check<'g>, order: usize, outputs: &[Expr<'g>], at: &Arrays<f64>,
) -> Result<Option<Blame>, EvalError> {
    let nodes = nodes(outputs);
    let reference = Reference::new(&nodes, &[])?;
    let (state, inputs) = (Arrays::new(), Inputs::new().with_all(at));
    let values = reference.evaluate(&inputs)?;
    let env = reference.program().environment(&state, &inputs)?;
    let (digits_state, digits_at) = (Arrays::new(), converted::<DoubleDouble>(at));
    let digits_inputs = Inputs::new().with_all(&digits_at);
    let digits_env = reference.program().environment(&digits_state, &digits_inputs)?;
    let envs = (&env, &digits_env);
    let tape = Tape::new(&nodes);
    for (&y, value) in nodes.iter().zip(&values) {
        let operands = y.operands();
        let place = |x: &Expr<'_>| tape.position(x.id()).expect("all nodes are on it");
        let x: Vec<_> = operands.iter().map(|x| values[place(x)].view()).collect();
        for k in 0..x.len() {
            let local = Local { check, y, value, x: &x, k, envs, at };
            if let Some(blame) = local.judge(order)? {
                return Ok(Some(blame));
            }
        }
    }
    Ok(None)
}

/// The rules of a node for one operand.
struct Local<'a, 'e, 'g> {
    check: &'a Check<'g>,
    y: Expr<'g>,
    value: &'a ArrayD<f64>,
    x: &'a [ArrayViewD<'e, f64>],
    k: usize,
    envs: (&'a Environment<'e, f64>, &'a Environment<'e, DoubleDouble>),
    at: &'a Arrays<f64>,
}

impl<'g> Local<'_, '_, 'g> {
    /// What is wrong with the pullback, or with the pushforward.
    fn judge(&self, order: usize) -> Result<Option<Blame>, EvalError> {
        let (y, k) = (self.y, self.k);
        let (id, mut at) = (y.id().index(), self.at.clone());
        let v = vec![(y, input(y.graph(), &format!("check.y_bar.{id}"), y.shape()))];
        let x = y.operands()[k];
        let u = vec![(x, input(y.graph(), &format!("check.x_dot.{id}.{k}"), x.shape()))];
        let mut random = generator(self.check.seed, order);
        draw(&v, std::slice::from_ref(self.value), &mut random, &mut at);
        draw(&u, &[self.x[k].to_owned()], &mut random, &mut at);

        // In sweeps of their own, in which every other rule is silent: so the nodes that the rules
        // make keep their origin.
        let here = |kk: usize, node: Expr<'_>| kk == k && node.id() == y.id();
        let pullback = |op: &Op, kk: usize, x: &[Expr<'g>], node: Expr<'g>, bar: Expr<'g>| {
            here(kk, node).then(|| (self.check.vjp)(op, kk, x, node, bar)).flatten()
        };
        let pushforward = |op: &Op, kk: usize, x: &[Expr<'g>], node: Expr<'g>, dot: Expr<'g>| {
            here(kk, node).then(|| (self.check.jvp)(op, kk, x, node, dot)).flatten()
        };
        let own = |op: &Op, kk: usize, x: &[Expr<'g>], node: Expr<'g>, bar: Expr<'g>| {
            here(kk, node).then(|| op.vjp(kk, x, node, bar)).flatten()
        };
        let x_bar = vjp_with(&v, &[x], pullback).of(x);
        let y_dot = jvp_with(&[y], &u, pushforward)[0];
        // Constant by decree, as indices are, and targets in some costs.
        let decree = vjp_with(&v, &[x], own).of(x).is_none();
        if decree && x_bar.is_none() && y_dot.is_none() {
            return Ok(None);
        }
        let rules = [x_bar.unwrap_or(x.filled(0.0)), y_dot.unwrap_or(y.filled(0.0))];
        let values = Reference::new(&rules, &[])?.evaluate(&Inputs::new().with_all(&at))?;
        let (v_at, u_at) = (&at[&input_name(v[0].1)], &at[&input_name(u[0].1)]);
        let Some((wanted, error)) = self.difference(v_at, u_at) else { return Ok(None) };
        let bound = difference::bound(wanted);
        let pairs: [(&Pairs<'_>, &ArrayD<f64>); 2] = [(&u, &values[0]), (&v, &values[1])];
        for (side, (pairs, rule)) in pairs.into_iter().enumerate() {
            let (given, _) = inner(pairs, std::slice::from_ref(rule), &at);
            if verdict(given, wanted, bound, error) == Verdict::Differs {
                let whole = (Vec::new(), given, wanted, bound);
                let at = self.element(side, rule, v_at, u_at).unwrap_or(whole);
                return Ok(Some(self.blame(order, side, at)));
            }
        }
        Ok(None)
    }

    /// The first element that is wrong: its indices, what the rule gives, the difference, the bound.
    fn element(
        &self, side: usize, rule: &ArrayD<f64>, v: &ArrayD<f64>, u: &ArrayD<f64>,
    ) -> Option<(Vec<usize>, f64, f64, f64)> {
        spread(rule.len(), ELEMENTS).find_map(|element| {
            let mut only = ArrayD::zeros(rule.raw_dim());
            *only.iter_mut().nth(element).expect("within its length") = 1.0;
            let (v, u) = if side == 0 { (v, &only) } else { (&only, u) };
            let (wanted, error) = self.difference(v, u)?;
            let (given, bound) = (flat(rule, element), difference::bound(wanted));
            let differs = verdict(given, wanted, bound, error) == Verdict::Differs;
            differs.then(|| (indices(rule.shape(), element), given, wanted, bound))
        })
    }

    /// The difference of ⟨v, y⟩ along u in the operand, and its error; nothing where the operand
    /// cannot be varied, or has a kink.
    fn difference(&self, v: &ArrayD<f64>, u: &ArrayD<f64>) -> Option<(f64, f64)> {
        let op = self.y.op();
        if !matches!(op, Op::Custom(_)) {
            let f = |t: DoubleDouble| Ok(self.along_in_digits(&op, v, u, t));
            let [left, right] =
                kink::slopes(DoubleDouble::from(0.0), 1.0, &kink::Ladder::DIGITS, f)
                    .expect("the kernel cannot fail");
            if (left.0 - right.0).abs() > 1e-6 + left.1 + right.1 {
                return None;
            }
            let found = digits::difference(0.0.into(), 1.0, f).expect("the kernel cannot fail");
            return found.0.is_finite().then(|| (found.0.into(), found.1));
        }
        let f = |t: f64| Ok(self.along(&op, v, u, t));
        let found = difference::difference(0.0, 1.0, f).expect("the kernel cannot fail");
        found.0.is_finite().then_some(found)
    }

    fn along(&self, op: &Op, v: &ArrayD<f64>, u: &ArrayD<f64>, t: f64) -> f64 {
        let moved = &self.x[self.k] + &u.mapv(|u| t * u);
        let mut x = self.x.to_vec();
        x[self.k] = moved.view();
        if op.accept(&x, self.envs.0).is_err() {
            return f64::NAN;
        }
        v.iter().zip(&op.eval(&x, self.envs.0)).map(|(v, y)| v * y).sum()
    }

    fn along_in_digits(
        &self, op: &Op, v: &ArrayD<f64>, u: &ArrayD<f64>, t: DoubleDouble,
    ) -> DoubleDouble {
        let env = self.envs.1;
        let mut x: Vec<_> = self.x.iter().map(|x| x.mapv(DoubleDouble::from)).collect();
        ndarray::Zip::from(&mut x[self.k]).and(u).for_each(|x, &u| *x += t * u.into());
        let x: Vec<_> = x.iter().map(|x| x.view()).collect();
        if op.accept(&x, env).is_err() {
            return DoubleDouble::nan();
        }
        let y = op.eval(&x, env);
        let terms = v.iter().zip(&y).map(|(&v, &y)| DoubleDouble::from(v) * y);
        terms.fold(0.0.into(), |sum, term| sum + term)
    }

    fn blame(
        &self, order: usize, side: usize,
        (index, derivative, other, bound): (Vec<usize>, f64, f64, f64),
    ) -> Blame {
        let (y, op) = (self.y, self.y.op());
        let name =
            op.card().operands.get(self.k).map_or(String::new(), |name| format!(" ({name})"));
        let rule = if side == 0 { "pullback" } else { "pushforward" };
        let line = y.origin().location.map(|at| format!("{}:{}", at.file(), at.line()));
        Blame {
            order,
            operation: op.to_string(),
            node: y.describe(),
            label: y.label(),
            line,
            rule: format!("the {rule} of operand {}{name}", self.k),
            index,
            derivative,
            other,
            bound,
        }
    }
}
