//! Neighbouring steps over few numbers, joined into one: what a step costs by itself is most of what
//! they cost.

use crate::kernels::Real;
use crate::kernels::matmul::Matmul;
use crate::kernels::reduce::{Reduce, Reduction};
use crate::kernels::short::{Code, F, Seen, Short, Write};
use crate::kernels::step::Step;
use crate::memory::{ARENA, Place};

use super::Lowered;

/// How many operations a joined step has at most, so that joining takes time linear in the steps.
const LONGEST: usize = 64;

/// The same steps, but passes over few numbers joined with those before, and with sums of what these
/// made.
pub(super) fn joined<T: Real>(lowered: Lowered<T>) -> Lowered<T> {
    let Lowered { steps, nodes, mut registers, between } = lowered;
    let (mut all, mut of): (Vec<Step<T>>, Vec<Vec<usize>>) = (Vec::new(), Vec::new());
    for (step, nodes) in steps.into_iter().zip(nodes) {
        // A pass may overtake a product that has nothing to do with it.
        let passed = match (all.last(), &step) {
            (Some(Step::Matmul(product)), Step::Short(pass)) => pass.is_apart(product),
            _ => false,
        };
        let before = all.len().checked_sub(if passed { 2 } else { 1 });
        let done = match (before.and_then(|k| all.get_mut(k)), &step) {
            (Some(Step::Short(before)), Step::Short(pass)) => {
                before.join(pass).then(|| before.registers())
            }
            (Some(Step::Short(before)), Step::Reduce(reduce)) => {
                before.join_sum(reduce).then(|| before.registers())
            }
            _ => None,
        };
        match (done, before) {
            (Some(more), Some(k)) => {
                of[k].extend(nodes);
                registers = registers.max(more);
            }
            _ => {
                all.push(step);
                of.push(nodes);
            }
        }
    }
    Lowered { steps: all, nodes: of, registers, between }
}

impl<T: Real> Short<T> {
    /// Does what `pass` does, too, if that is possible: if it is over as many numbers, or a single
    /// one, and reads what this pass writes only where it writes it.
    fn join(&mut self, pass: &Self) -> bool {
        let same = pass.len == self.len;
        let few = self.code.len() + pass.code.len() <= LONGEST;
        if !few || !(same || pass.len == 1) {
            return false;
        }
        let (first, stride) = (self.registers() as u32, Self::stride(self.len, self.isa) as u32);
        let factor = if same { 1 } else { stride };
        let moved = |register: u32| first + register * factor;
        let mut known = Vec::new();
        for read in &pass.reads {
            let len = match &read.seen {
                Seen::Single => 1,
                Seen::Row => pass.len,
                Seen::Other(_)
                    if self.writes.iter().all(|write| write.to.base != read.from.base) =>
                {
                    continue;
                }
                Seen::Other(_) => return false,
            };
            let made = self.writes.iter().rev().find(|write| write.overlaps(read.from, len));
            let Some(made) = made else { continue };
            if (made.to, made.len) != (read.from, len) || len != pass.len {
                return false;
            }
            known.push((read.register, made.register));
        }
        for &(to, a) in &known {
            self.code.push(Code { f: F::Copy, call: 0, a, b: a, to: moved(to) });
        }
        for read in &pass.reads {
            if known.iter().all(|&(register, _)| register != read.register) {
                let mut read = read.clone();
                read.register = moved(read.register);
                self.reads.push(read);
            }
        }
        for code in &pass.code {
            let call = self.call_of(pass, code);
            let [a, b, to] = [code.a, code.b, code.to].map(moved);
            self.code.push(Code { f: code.f, call, a, b, to });
        }
        let writes =
            pass.writes.iter().map(|write| Write { register: moved(write.register), ..*write });
        self.writes.extend(writes);
        true
    }

    /// Whether none of the two reads or writes an array that the other writes.
    fn is_apart(&self, product: &Matmul<T>) -> bool {
        let result = product.result().base;
        let reads = self.reads.iter().map(|read| read.from.base);
        let writes = self.writes.iter().map(|write| write.to.base);
        let in_writes = |base: usize| writes.clone().any(|write| write == base);
        reads.chain(writes.clone()).all(|base| base != result)
            && product.reads().all(|place| !in_writes(place.base))
    }

    /// Does what `reduce` does, too, if that is the sum of what this pass writes.
    fn join_sum(&mut self, reduce: &Reduce) -> bool {
        let Reduce { kind, from, to, outer, length, inner, .. } = *reduce;
        let sums = (kind, outer, inner, length) == (Reduction::Sum, 1, 1, self.len);
        let made = self.writes.iter().rev().find(|write| write.overlaps(from, length)).copied();
        let made = made.filter(|made| sums && (made.to, made.len) == (from, length));
        let (Some(made), true) = (made, self.len > 1 && self.code.len() < LONGEST) else {
            return false;
        };
        let register = self.registers() as u32;
        let a = made.register;
        self.code.push(Code { f: F::Sum, call: 0, a, b: a, to: register });
        self.writes.push(Write { register, to, len: 1, whole: to.base == ARENA });
        true
    }
}

impl Write {
    /// Whether some of so many numbers from a place on are written.
    fn overlaps(&self, from: Place, len: usize) -> bool {
        self.to.base == from.base
            && self.to.offset < from.offset + len
            && from.offset < self.to.offset + self.len
    }
}
