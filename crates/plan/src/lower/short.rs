//! The program of a pass over few numbers.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::writer::Function;
use super::{Lowerer, Target};
use crate::kernels::Real;
use crate::kernels::pass::Load;
use crate::kernels::short::{Code, F, Read, Seen, Short};
use crate::memory::Place;
use crate::net::Sizes;
use crate::view::{View, merged};

/// Writes a program. All is read before anything is written: what is replaced may be read at other
/// places, too.
pub(super) struct ShortWriter<'a, 'b, T> {
    lowerer: &'a Lowerer<'b, T>,
    program: Short<T>,
    /// How many numbers each value has.
    len: usize,
    reads: Vec<Code>,
    code: Vec<Code>,
    writes: Vec<Code>,
    /// The register of what has been read, by its place and arrangement.
    read: HashMap<(Place, Sizes, Sizes), u32>,
    /// The register of each node's value.
    values: HashMap<usize, u32>,
}

impl<'a, 'b, T: Real> ShortWriter<'a, 'b, T> {
    pub fn new(lowerer: &'a Lowerer<'b, T>, len: usize) -> Self {
        let program = Short::new(len, lowerer.target.isa);
        let (read, values) = (HashMap::new(), HashMap::new());
        let (reads, code, writes) = (Vec::new(), Vec::new(), Vec::new());
        Self { lowerer, program, len, reads, code, writes, read, values }
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
        let register = match self.read.entry((from, sizes.clone(), strides.clone())) {
            Entry::Occupied(known) => return *known.get(),
            Entry::Vacant(new) => *new.insert(self.program.register()),
        };
        let seen = match strides.as_slice() {
            _ if strides.iter().all(|&stride| stride == 0) => Seen::Single,
            [1] => Seen::Row,
            _ => Seen::Other(Box::new(Load { from, sizes, strides, register: 0, once: true })),
        };
        let a = self.program.reads.len() as u32;
        self.program.reads.push(Read { from, len: self.len, seen });
        self.reads.push(Code { f: F::Read, call: 0, a, b: 0, to: register });
        register
    }

    /// The operation of a node.
    pub fn write(&mut self, y: usize) {
        let Target { numerics, .. } = self.lowerer.target;
        let (f, call, a, b) = match Function::of(self.lowerer.node(y)) {
            Function::One(f) => {
                let x = self.operand(y, 0);
                let (f, call) = self.program.one(f, self.len, numerics);
                (f, call, x, x)
            }
            Function::Two(f) => {
                let (a, b) = (self.operand(y, 0), self.operand(y, 1));
                let (f, call) = self.program.two(f, self.len, numerics);
                (f, call, a, b)
            }
            Function::Select => {
                let [chooses, a, b] = [0, 1, 2].map(|k| self.operand(y, k));
                self.code.push(Code { f: F::Hold, call: 0, a: chooses, b: 0, to: 0 });
                (F::Select, 0, a, b)
            }
        };
        let to = self.program.register();
        self.code.push(Code { f, call, a, b, to });
        self.values.insert(y, to);
        if self.lowerer.fused.stored[y] {
            self.writes.push(self.program.write(to, self.lowerer.result(y), self.len));
        }
    }

    /// The program, not yet settled.
    pub fn finish(mut self) -> Short<T> {
        self.program.code = [self.reads, self.code, self.writes].concat();
        self.program
    }
}
