//! The code of a pass over few numbers.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::writer::Function;
use super::{Lowerer, Target};
use crate::kernels::Real;
use crate::kernels::pass::Load;
use crate::kernels::short::{Code, F, Read, Seen, Short, Write};
use crate::memory::{ARENA, Place};
use crate::net::Sizes;
use crate::view::{View, merged};

/// Writes a pass over registers without number, which are then shared out.
pub(super) struct ShortWriter<'a, 'b, T> {
    lowerer: &'a Lowerer<'b, T>,
    pass: Short<T>,
    /// The register of what has been read, by its place and arrangement.
    read: HashMap<(Place, Sizes, Sizes), u32>,
    /// The register of each node's value.
    values: HashMap<usize, u32>,
    registers: u32,
}

impl<'a, 'b, T: Real> ShortWriter<'a, 'b, T> {
    pub fn new(lowerer: &'a Lowerer<'b, T>, len: usize) -> Self {
        let (pass, read) = (Short::new(len, lowerer.target.isa), HashMap::new());
        Self { lowerer, pass, read, values: HashMap::new(), registers: 0 }
    }

    fn register(&mut self) -> u32 {
        self.registers += 1;
        self.registers - 1
    }

    fn operand(&mut self, y: usize, k: usize) -> u32 {
        let x = self.lowerer.operand(y, k);
        match self.values.get(&x.root) {
            Some(&known) => known,
            None => self.read(x),
        }
    }

    /// The register of what is seen through a view.
    fn read(&mut self, x: &View) -> u32 {
        let from = self.lowerer.place(x);
        let (sizes, mut strides) = merged(&x.sizes, &[&x.strides]);
        let strides: Sizes = strides.pop().expect("one array");
        let register = self.registers;
        match self.read.entry((from, sizes.clone(), strides.clone())) {
            Entry::Occupied(known) => return *known.get(),
            Entry::Vacant(new) => new.insert(register),
        };
        let seen = match strides.as_slice() {
            _ if strides.iter().all(|&stride| stride == 0) => Seen::Single,
            [1] => Seen::Row,
            _ => Seen::Other(Box::new(Load { from, sizes, strides, register: 0, once: true })),
        };
        self.pass.reads.push(Read { from, register, seen });
        self.register()
    }

    /// The operation of a node.
    pub fn write(&mut self, y: usize) {
        let Target { isa, numerics, .. } = self.lowerer.target;
        let (f, call, a, b) = match Function::of(&self.lowerer.node(y).op) {
            Function::One(f) => {
                let x = self.operand(y, 0);
                let (f, call) = self.pass.one(f, isa, numerics);
                (f, call, x, x)
            }
            Function::Two(f) => {
                let (a, b) = (self.operand(y, 0), self.operand(y, 1));
                let (f, call) = self.pass.two(f, isa, numerics);
                (f, call, a, b)
            }
            Function::Select => {
                let [chooses, a, b] = [0, 1, 2].map(|k| self.operand(y, k));
                let hold = Code { f: F::Hold, call: 0, a: chooses, b: chooses, to: chooses };
                self.pass.code.push(hold);
                (F::Select, 0, a, b)
            }
        };
        let to = self.register();
        self.pass.code.push(Code { f, call, a, b, to });
        self.values.insert(y, to);
        if self.lowerer.fused.stored[y] {
            let place = self.lowerer.result(y);
            // In the arena each value has whole cache lines.
            let whole = place.base == ARENA;
            let len = self.pass.len;
            self.pass.writes.push(Write { register: to, to: place, len, whole });
        }
    }

    /// The pass, and how many numbers its registers hold.
    pub fn finish(mut self) -> (Short<T>, usize) {
        let count = self.share_registers();
        let stride = Short::<T>::stride(self.pass.len, self.lowerer.target.isa);
        let all = count as usize * stride;
        assert!(u32::try_from(all).is_ok(), "a pass of four thousand million numbers");
        let scale = |register: &mut u32| *register *= stride as u32;
        let Short { reads, code, writes, .. } = &mut self.pass;
        reads.iter_mut().for_each(|read| scale(&mut read.register));
        code.iter_mut().flat_map(|code| [&mut code.a, &mut code.b, &mut code.to]).for_each(scale);
        writes.iter_mut().for_each(|write| scale(&mut write.register));
        (self.pass, all)
    }

    /// Gives registers numbers, as few as can be; returns how many.
    fn share_registers(&mut self) -> u32 {
        const KEPT: usize = usize::MAX;
        let Short { reads, code, writes, .. } = &mut self.pass;
        let mut last = vec![0; self.registers as usize];
        for (t, code) in code.iter().enumerate() {
            [code.a, code.b, code.to].iter().for_each(|&register| last[register as usize] = t);
        }
        writes.iter().for_each(|write| last[write.register as usize] = KEPT);
        let mut number = vec![u32::MAX; self.registers as usize];
        let (mut count, mut free) = (0, Vec::new());
        for read in reads {
            number[read.register as usize] = count;
            read.register = count;
            count += 1;
        }
        for (t, code) in code.iter_mut().enumerate() {
            let [a, b, to] = [code.a, code.b, code.to].map(|register| register as usize);
            (code.a, code.b) = (number[a], number[b]);
            if last[a] == t {
                free.push(number[a]);
            }
            if last[b] == t && b != a {
                free.push(number[b]);
            }
            if code.f == F::Hold {
                code.to = code.a;
                continue;
            }
            number[to] = free.pop().unwrap_or_else(|| {
                count += 1;
                count - 1
            });
            code.to = number[to];
            if last[to] == t {
                free.push(number[to]);
            }
        }
        writes.iter_mut().for_each(|write| write.register = number[write.register as usize]);
        count
    }
}
