//! Products of matrices, by the kernel that suits their shape.

#![allow(unsafe_code)]

use std::ops::Range;

use crate::arena::Memory;
use crate::kernels::epilogue::Then;
use crate::kernels::gemm::packed::{packed, panels};
use crate::kernels::gemm::turned::{Strided, room, turned};
use crate::kernels::gemm::{Gemm, Product, Start, dot, lanes, outer, tiny};
use crate::kernels::pass::{Pass, row_offset};
use crate::kernels::vector::MAX_LANES;
use crate::kernels::{Isa, Real};
use crate::memory::{Place, REGISTERS};
use crate::net::Sizes;
use crate::view::{View, extent};
use small::{Small, small};

/// y = x w for matrices, or for each pair in two stacks of them.
#[derive(Clone, Debug)]
pub(crate) struct Matmul<T> {
    x: Place,
    w: Place,
    y: Place,
    /// Rows of x, columns of w, and what is summed over.
    sizes: [usize; 3],
    x_strides: [usize; 2],
    w_strides: [usize; 2],
    stack: Sizes,
    x_stack: Sizes,
    w_stack: Sizes,
    engine: Engine<T>,
    base: Base,
    cut: Cut,
    parts: usize,
    /// How many numbers each part needs room for.
    room: usize,
    /// The kernel that does all of it, if it is small.
    small: Option<Small<T>>,
}

/// What a product reads.
pub(crate) struct Operand<'a> {
    pub place: &'a mut Place,
    /// How many numbers there are, if they lie side by side; else 0.
    pub len: usize,
    /// From the first to behind the last of them.
    pub extent: usize,
}

/// What computes a product.
#[derive(Clone, Copy, Debug)]
enum Engine<T> {
    /// Rows of w side by side.
    Outer(Gemm<T>),
    /// Rows of x and columns of w side by side.
    Dot(Gemm<T>),
    /// Columns of w side by side; or large matrices.
    Arranged(unsafe fn(&Strided<T>), &'static str),
}

/// What a product is added to, as places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Base {
    Zero,
    /// One row for all.
    Bias(Place),
    /// One column for all.
    Column(Place),
    /// The result's memory itself, to which a multiple is added: the factor's place, and whether it
    /// is subtracted instead.
    Add {
        factor: Place,
        minus: bool,
    },
}

impl Base {
    /// What is read of it.
    fn place(&mut self) -> Option<&mut Place> {
        match self {
            Base::Zero => None,
            Base::Bias(place) | Base::Column(place) | Base::Add { factor: place, .. } => {
                Some(place)
            }
        }
    }
}

/// Which of a product's extents is divided into parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cut {
    Pairs,
    Rows,
    Columns,
}

/// From so many operations on, a product is divided, into parts of no fewer than half of them.
const DIVIDED: usize = 10_000_000;
/// How many parts there are at most.
const PARTS: usize = 16;
/// With fewer columns in a part, arranging x for each takes too long; but two parts are worth it.
const SHARED: usize = 256;
/// A matrix of more bytes than this is read from afar each time it is read, and so is packed.
const FAR: usize = 3 << 20;
/// With fewer rows of x, w is read too few times for that.
const FEW: usize = 48;
/// Rows that are a multiple of so many bytes apart drive each other out of the nearest cache.
const ALIAS: usize = 4096;

impl<T: Real> Matmul<T> {
    pub fn new(
        x: &View, w: &View, [x_place, w_place, y]: [Place; 3], base: Base, isa: Isa,
    ) -> Self {
        let axis = x.sizes.len() - 2;
        let sizes @ [m, n, k] = [x.sizes[axis], w.sizes[axis + 1], x.sizes[axis + 1]];
        let x_strides = [x.strides[axis], x.strides[axis + 1]];
        let w_strides = [w.strides[axis], w.strides[axis + 1]];
        let mut engine = Engine::choose(sizes, x_strides, w_strides, isa);
        let (stack, x_stack, w_stack): (Sizes, Sizes, Sizes) =
            (x.sizes[..axis].into(), x.strides[..axis].into(), w.strides[..axis].into());

        let pairs = stack.iter().product::<usize>();
        let work = 2 * m * n * k * pairs;
        let parts = match work {
            0..DIVIDED => 1,
            _ => (1 << (2 * work / DIVIDED).ilog2()).min(PARTS),
        };
        // Each part arranges what it needs of both matrices, so the longer side is cut; and not often
        // where that is all of x.
        let (cut, parts) = match engine {
            _ if pairs > 1 => (Cut::Pairs, parts.min(pairs)),
            Engine::Arranged(_, PACKED) if n >= m.min(128) => {
                (Cut::Columns, parts.min((n / SHARED).max(2)))
            }
            Engine::Arranged(..) if n >= m.min(128) => (Cut::Columns, parts.min(n.div_ceil(128))),
            _ if n >= m => (Cut::Columns, parts.min(n.div_ceil(MAX_LANES))),
            _ => (Cut::Rows, parts.min(m)),
        };
        if parts == 1 {
            engine = engine.for_one_tile(sizes, isa);
        }
        let small = match engine {
            Engine::Arranged(..) => None,
            _ if !stack.is_empty() => None,
            _ => small(sizes, matches!(engine, Engine::Dot(_)), lanes::<T>(isa), isa),
        };
        let [m, n] = match cut {
            Cut::Pairs => [m, n],
            Cut::Rows => [m.div_ceil(parts), n],
            Cut::Columns => [m, n.div_ceil(parts) + MAX_LANES],
        };
        let room = match engine {
            Engine::Arranged(_, TURNED) => room::<T>(n, k),
            // SAFETY: it only counts.
            Engine::Arranged(..) => unsafe { panels::<T>(isa)(m, n, k) },
            _ => 0,
        };
        let (x, w) = (x_place, w_place);
        Self {
            x,
            w,
            y,
            sizes,
            x_strides,
            w_strides,
            stack,
            x_stack,
            w_stack,
            engine,
            base,
            cut,
            parts,
            room: room.next_multiple_of(MAX_LANES),
            small,
        }
    }

    /// The kernel, the sizes, and what is taken on.
    pub fn name(&self) -> String {
        let [m, n, k] = self.sizes;
        let kernel = match self.engine {
            Engine::Outer(_) => "outer products",
            Engine::Dot(_) => "inner products",
            Engine::Arranged(_, name) => name,
        };
        let base = match self.base {
            Base::Zero => "",
            Base::Bias(_) | Base::Column(_) => ", with bias",
            Base::Add { .. } => ", added in place",
        };
        format!("{kernel} {m}×{k}×{n}{base}")
    }

    /// Where the result is.
    pub fn result(&self) -> Place {
        self.y
    }

    /// Writes the result elsewhere.
    pub fn write_to(&mut self, y: Place) {
        self.y = y;
    }

    /// How many numbers the result has.
    pub fn len(&self) -> usize {
        self.stack.iter().product::<usize>() * self.sizes[0] * self.sizes[1]
    }

    /// Takes on this pass as its epilogue, divided into no fewer parts if that costs nothing; returns
    /// whether it can.
    pub fn take_on(&mut self, pass: &Pass<T>, isa: Isa) -> bool {
        // The first part's registers are in its room, the others' behind all rooms.
        if self.room > 0 && pass.registers() > self.room {
            return false;
        }
        if pass.parts > self.parts && (self.cut, self.room) == (Cut::Rows, 0) {
            self.parts = pass.parts.min(self.sizes[0]);
            self.engine = Engine::choose(self.sizes, self.x_strides, self.w_strides, isa);
        }
        // Of a part of the columns, the pass takes each row by itself.
        let in_rows = self.cut != Cut::Columns || self.parts == 1;
        (self.parts > 1 || pass.parts == 1) && (in_rows || pass.loads.is_empty())
    }

    /// Whether it takes no longer than a few operations over a register.
    pub fn is_small(&self) -> bool {
        const WORK: usize = 512;
        self.stack.is_empty() && self.room == 0 && self.sizes.iter().product::<usize>() <= WORK
    }

    /// How many numbers the result has, if it is a row that its kernel writes as a whole register
    /// where there is one.
    pub fn fills_a_register(&self) -> Option<usize> {
        let [m, n, _] = self.sizes;
        let adds = matches!(self.base, Base::Add { .. });
        (m == 1 && self.small.is_some() && !adds).then_some(n)
    }

    /// What is read.
    pub fn operands(&mut self) -> impl Iterator<Item = Operand<'_>> {
        let ([m, n, k], x, w) = (self.sizes, self.x_strides, self.w_strides);
        let len = |[rows, columns]: [usize; 2], [row, column]: [usize; 2]| match (rows, columns) {
            (1, n) if column == 1 || n == 1 => n,
            (n, 1) if row == 1 => n,
            _ => 0,
        };
        let added = match self.base {
            Base::Bias(_) => n,
            Base::Column(_) => m,
            Base::Zero | Base::Add { .. } => 1,
        };
        let more = self.base.place().map(|place| Operand { place, len: added, extent: added });
        let all = |stack: &Sizes, sizes: [usize; 2], strides: [usize; 2]| {
            extent(&self.stack, stack) - 1 + extent(&sizes, &strides)
        };
        let [x_extent, w_extent] = [all(&self.x_stack, [m, k], x), all(&self.w_stack, [k, n], w)];
        let x = Operand { place: &mut self.x, len: len([m, k], x), extent: x_extent };
        let w = Operand { place: &mut self.w, len: len([k, n], w), extent: w_extent };
        [x, w].into_iter().chain(more)
    }

    /// All places, and which is the result's.
    pub fn places(&mut self) -> impl Iterator<Item = (&mut Place, bool)> {
        let operands = [&mut self.x, &mut self.w].into_iter().chain(self.base.place());
        operands.map(|place| (place, false)).chain([(&mut self.y, true)])
    }

    /// How many registers the product needs, all of its parts at once.
    pub fn registers(&self) -> usize {
        self.parts * self.room
    }

    /// How many parts can be computed at the same time: a number that follows from the sizes alone.
    pub fn parts(&self) -> usize {
        self.parts
    }

    /// # Safety
    ///
    /// The operands and the result must lie in `memory`, and these not overlap.
    #[inline]
    pub unsafe fn run(&self, memory: &Memory<T>) {
        // SAFETY: by the caller's promise.
        unsafe {
            if let Some(kernel) = self.small {
                return kernel(self, memory);
            }
            if self.parts == 1 && self.stack.is_empty() {
                // A product that may take a few nanoseconds.
                let room = Place { base: REGISTERS, offset: 0 };
                let places = [self.x, self.w, self.y, room].map(|place| memory.at(place));
                let [m, n, _] = self.sizes;
                return self.product(memory, places, &(0..m), &(0..n));
            }
            (0..self.parts()).for_each(|part| self.run_part(memory, part, None));
        }
    }

    /// The same, with something done with each part's elements.
    ///
    /// # Safety
    ///
    /// As [`run`](Self::run).
    pub unsafe fn run_then(&self, memory: &Memory<T>, then: Then<'_>) {
        // SAFETY: by the caller's promise.
        unsafe {
            // Rows of a part of the columns are short.
            match self.parts == 1 || self.cut == Cut::Columns {
                true => {
                    self.run(memory);
                    then(0..self.len());
                }
                false => (0..self.parts).for_each(|part| self.run_part(memory, part, Some(then))),
            }
        }
    }

    /// One of the parts, which may run in any order, or at the same time, with something done with its
    /// elements.
    ///
    /// # Safety
    ///
    /// As [`run`](Self::run); no part may run twice at the same time.
    #[inline(never)]
    pub unsafe fn run_part(&self, memory: &Memory<T>, part: usize, then: Option<Then<'_>>) {
        let range = |whole: usize, unit: usize| {
            let end = |part: usize| match part == self.parts {
                true => whole,
                false => whole * part / self.parts / unit * unit,
            };
            end(part)..end(part + 1)
        };
        let [m, n, _] = self.sizes;
        let (mut pairs, mut rows, mut columns) = (0..self.stack.iter().product(), 0..m, 0..n);
        match self.cut {
            _ if self.parts == 1 => {}
            Cut::Pairs => pairs = range(pairs.end, 1),
            Cut::Rows => rows = range(m, 1),
            Cut::Columns => columns = range(n, MAX_LANES),
        }
        // SAFETY: by the caller's promise; each part has its own room and elements of the result.
        unsafe {
            let room = memory.at(Place { base: REGISTERS, offset: part * self.room });
            let (x, w, y) = (memory.at(self.x), memory.at(self.w), memory.at(self.y));
            for pair in pairs.clone() {
                let x = x.add(row_offset(&self.stack, &self.x_stack, pair));
                let w = w.add(row_offset(&self.stack, &self.w_stack, pair));
                self.product(memory, [x, w, y.add(pair * m * n), room], &rows, &columns);
            }
        }
        let Some(then) = then else { return };
        if columns.len() < n {
            return rows.for_each(|row| then(row * n + columns.start..row * n + columns.end));
        }
        match pairs.len() {
            1 => then(rows.start * n..rows.end * n),
            _ => then(pairs.start * m * n..pairs.end * m * n),
        }
    }

    /// Some rows and columns of one product.
    ///
    /// # Safety
    ///
    /// As [`run`](Self::run).
    #[inline(always)]
    unsafe fn product(
        &self, memory: &Memory<T>, [a, b, c, room]: [*mut T; 4], rows: &Range<usize>,
        columns: &Range<usize>,
    ) {
        let [_, c_row, k] = self.sizes;
        let [[a_row, a_column], [b_row, b_column]] = [self.x_strides, self.w_strides];
        let (m, n) = (rows.len(), columns.len());
        // SAFETY: by the caller's promise.
        unsafe {
            let start = match self.base {
                Base::Zero => Start::Zero,
                Base::Bias(bias) => Start::Bias(memory.at(bias).add(columns.start).cast_const()),
                Base::Column(bias) => Start::Column(memory.at(bias).add(rows.start).cast_const()),
                Base::Add { factor, minus: false } => Start::Add(*memory.at(factor)),
                Base::Add { factor, minus: true } => Start::Add(-*memory.at(factor)),
            };
            let a = a.add(rows.start * a_row).cast_const();
            let b = b.add(columns.start * b_column).cast_const();
            let c = c.add(rows.start * c_row + columns.start);
            let product = |b_step| Product {
                m,
                n,
                k,
                a,
                a_row,
                a_column,
                b,
                b_step,
                b_table: None,
                times: 1,
                a_next: 0,
                b_next: 0,
                c,
                c_row,
                start,
            };
            match self.engine {
                Engine::Outer(kernel) => kernel(&product(b_row)),
                Engine::Dot(kernel) => kernel(&product(b_column)),
                Engine::Arranged(kernel, _) => kernel(&Strided {
                    m,
                    n,
                    k,
                    a,
                    a_row,
                    a_column,
                    b,
                    b_row,
                    b_column,
                    c,
                    c_row,
                    start,
                    room,
                }),
            }
        }
    }
}

/// The names of the kernels that arrange matrices anew.
const TURNED: &str = "outer products, turned";
const PACKED: &str = "outer products, packed";

impl<T: Real> Engine<T> {
    /// The fastest for matrices of these sizes and strides, as measured.
    fn choose(
        [m, n, k]: [usize; 3], [x_row, x_column]: [usize; 2], [w_row, w_column]: [usize; 2],
        isa: Isa,
    ) -> Self {
        let bytes = |numbers: usize| numbers * size_of::<T>();
        let inner = k == 1 || x_column == 1 && w_row == 1;
        let far = bytes(k * n) > FAR;
        let aliased = !inner && x_column == 1 && bytes(x_row).is_multiple_of(ALIAS);
        if m >= FEW && n >= FEW && k >= FEW && (far || aliased) {
            return Self::Arranged(packed(isa), PACKED);
        }
        if w_column == 1 || n == 1 {
            return Self::Outer(outer(isa));
        }
        // In instructions, and as many again as each sum over the lanes takes, or each square that
        // is turned.
        let lanes = lanes::<T>(isa);
        let turns = k.div_ceil(lanes) * n.div_ceil(lanes) * lanes * 10;
        let outer = m * k * n.div_ceil(lanes) + turns;
        let dots = m * n * (k.div_ceil(lanes) + 4);
        match inner && dots <= outer + outer / 8 {
            true => Self::Dot(dot(isa)),
            false => Self::Arranged(turned(isa), TURNED),
        }
    }

    /// With the kernel for the very sizes, if there is one.
    fn for_one_tile(self, [m, n, _]: [usize; 3], isa: Isa) -> Self {
        match self {
            Self::Outer(kernel) => Self::Outer(tiny::outer(m, n, isa).unwrap_or(kernel)),
            Self::Dot(_) | Self::Arranged(..) => self,
        }
    }
}

mod small;
#[cfg(test)]
mod tests;
