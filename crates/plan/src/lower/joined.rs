//! Neighbouring steps that are done as one: those over few numbers as one program, since what a step
//! costs by itself is most of what they cost; and a pass as the epilogue of what it follows.

use std::ops::Range;

use crate::kernels::Real;
use crate::kernels::matmul::{Matmul, Operand};
use crate::kernels::reduce::{Reduce, Reduction};
use crate::kernels::short::{Code, F, Read, Seen, Short, Write};
use crate::kernels::step::Step;
use crate::memory::{ARENA, Place, REGISTERS};

use super::epilogue::follow;
use super::{Lowered, Target};

/// How many operations a joined program has at most, so that joining takes time linear in the steps.
const LONGEST: usize = 64;

/// The same steps, but each joined with the one before where it can be, and all programs settled.
pub(super) fn joined<T: Real>(lowered: Lowered<T>, target: Target) -> Lowered<T> {
    let Lowered { steps, nodes, mut registers, between } = lowered;
    let (mut all, mut of): (Vec<Step<T>>, Vec<Vec<usize>>) = (Vec::new(), Vec::new());
    for (step, nodes) in steps.into_iter().zip(nodes) {
        let joins = all.last_mut().is_some_and(|before| {
            join(before, &step, target) || follow(before, &step, &mut registers, target.isa)
        });
        match of.last_mut() {
            Some(of) if joins => of.extend(nodes),
            _ => {
                all.push(step);
                of.push(nodes);
            }
        }
    }
    if let [Step::Short(program)] = all.as_mut_slice() {
        program.forget();
    }
    for step in &mut all {
        if let Step::Short(program) = step {
            registers = registers.max(program.settle());
        }
    }
    Lowered { steps: all, nodes: of, registers, between }
}

/// Makes a step do what the next one does, too, if both are over few numbers.
fn join<T: Real>(before: &mut Step<T>, step: &Step<T>, target: Target) -> bool {
    if let (Step::Matmul(product), Step::Short(_) | Step::Matmul(_)) = (&*before, step)
        && product.is_small()
    {
        let mut program = Short::new(1, target.isa);
        program.multiply(product.clone());
        let joins = program.join(step);
        if joins {
            *before = Step::Short(program);
        }
        return joins;
    }
    match before {
        Step::Short(program) => program.join(step),
        _ => false,
    }
}

impl<T: Real> Short<T> {
    /// Does what `step` does, too, if that is over few numbers.
    fn join(&mut self, step: &Step<T>) -> bool {
        match step {
            Step::Short(other) if self.code.len() + other.code.len() <= LONGEST => {
                self.go_on(other);
            }
            Step::Matmul(product) if product.is_small() && self.code.len() < LONGEST => {
                self.multiply(product.clone());
            }
            Step::Reduce(reduce) if self.code.len() < LONGEST => return self.add_up(reduce),
            _ => return false,
        }
        true
    }

    /// Does what `other` does, too. What this program has written is not read, but known.
    fn go_on(&mut self, other: &Self) {
        self.widest = self.widest.max(other.widest);
        let mut here = vec![0; other.registers as usize];
        for &(mut code) in &other.code {
            let [a, b, to] = [code.a, code.b, code.to].map(|register| register as usize);
            match code.f {
                F::Read => {
                    let read = &other.reads[a];
                    let known = match read.seen {
                        Seen::Single => self.known(read.from, 1),
                        Seen::Row => self.known(read.from, read.len),
                        Seen::Other(_) => None,
                    };
                    if let Some(known) = known
                        && (matches!(read.seen, Seen::Row) || read.len == 1)
                    {
                        here[to] = known;
                        continue;
                    }
                    code.a = match known {
                        Some(known) => {
                            code.f = F::Spread;
                            code.b = known;
                            known
                        }
                        None => {
                            self.reads.push(read.clone());
                            self.reads.len() as u32 - 1
                        }
                    };
                }
                F::Write => {
                    let write = other.writes[b];
                    let code = self.write(here[a], write.to, write.len);
                    self.code.push(code);
                    continue;
                }
                F::Hold => code.a = here[a],
                _ => {
                    code.call = self.call_of(other, &code);
                    (code.a, code.b) = (here[a], here[b]);
                }
            }
            if code.f != F::Hold {
                here[to] = self.register();
                code.to = here[to];
            }
            self.code.push(code);
        }
    }

    /// Multiplies, too. A product that is a row goes by a register.
    fn multiply(&mut self, mut product: Matmul<T>) {
        for Operand { place, len, .. } in product.operands() {
            if let Some(known) = self.known(*place, len) {
                *place = Place { base: REGISTERS, offset: known as usize };
            }
        }
        let a = self.products.len() as u32;
        let code = Code { f: F::Product, call: 0, a, b: 0, to: 0 };
        self.code.push(code);
        if let Some(len) = product.fills_a_register() {
            let (register, to) = (self.register(), product.result());
            product.write_to(Place { base: REGISTERS, offset: register as usize });
            let code = self.write(register, to, len);
            self.code.push(code);
        }
        self.products.push(product);
    }

    /// Adds up, too, if these are the numbers of a register.
    fn add_up(&mut self, reduce: &Reduce) -> bool {
        let Reduce { kind, from, to, outer, length, inner, .. } = *reduce;
        let sums = (kind, outer, inner) == (Reduction::Sum, 1, 1) && length > 1;
        let Some(a) = self.known(from, length).filter(|_| sums) else { return false };
        let sum = self.register();
        self.code.push(Code { f: F::Sum, call: length as u16, a, b: a, to: sum });
        let code = self.write(sum, to, 1);
        self.code.push(code);
        true
    }

    /// Writes nothing to the arena that is not read there. To be called if there is no other step.
    fn forget(&mut self) {
        let mut read: Vec<Range<usize>> = Vec::new();
        let mut reads = |from: Place, extent: usize| {
            if from.base == ARENA {
                read.push(from.offset..from.offset + extent);
            }
        };
        for code in &self.code {
            match code.f {
                F::Read => match &self.reads[code.a as usize] {
                    Read { from, seen: Seen::Single, .. } => reads(*from, 1),
                    Read { from, seen: Seen::Row, len } => reads(*from, *len),
                    Read { seen: Seen::Other(load), .. } => reads(load.from, load.extent()),
                },
                F::Product => {
                    let operands = self.products[code.a as usize].operands();
                    operands.for_each(|operand| reads(*operand.place, operand.extent));
                }
                _ => {}
            }
        }
        let Self { code, writes, .. } = self;
        code.retain(|code| match code.f {
            F::Write => {
                let Write { to, len, .. } = writes[code.b as usize];
                let is_read =
                    |read: &Range<usize>| read.start < to.offset + len && to.offset < read.end;
                to.base != ARENA || read.iter().any(is_read)
            }
            _ => true,
        });
    }

    /// The register that was last written to this place, if it was that and nothing else.
    fn known(&self, from: Place, len: usize) -> Option<u32> {
        let overlap = |to: Place, written: usize| {
            to.base == from.base
                && to.offset < from.offset + len
                && from.offset < to.offset + written
        };
        for code in self.code.iter().rev() {
            match code.f {
                F::Write => {
                    let write = &self.writes[code.b as usize];
                    if overlap(write.to, write.len) {
                        return ((write.to, write.len) == (from, len)).then_some(code.a);
                    }
                }
                F::Product => {
                    let product = &self.products[code.a as usize];
                    if overlap(product.result(), product.len()) {
                        return None;
                    }
                }
                _ => {}
            }
        }
        None
    }
}
