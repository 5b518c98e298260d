//! Products that are a single tile: each size has a kernel of its own, which need not find out how C
//! is divided.

#![allow(unsafe_code)]

use super::{Gemm, Product, Start, tile};
use crate::kernels::vector::{Vector, for_each_isa};
use crate::kernels::{Isa, Real};

/// The kernel for rows of B that lie side by side, if a tile of one register's columns is enough.
pub(crate) fn outer<T: Real>(m: usize, n: usize, isa: Isa) -> Option<Gemm<T>> {
    // SAFETY: it only tells the sizes of registers.
    let [rows, lanes] = unsafe { tile::<T>(isa)() };
    macro_rules! kernel {
        ($($m:literal)*) => {
            match m {
                $($m => Some(outer_of::<T, $m>(isa)),)*
                _ => None,
            }
        };
    }
    if m > rows || n > lanes { None } else { kernel!(1 2 3 4 5 6 7 8 9 10 11 12 13 14) }
}

for_each_isa! {
    fn outer_of[T: Real, const M: usize] = outer_body[T, M](p: &Product<T>);
}

/// How many sums each element has, so that one addition need not wait for the other.
const CHAINS: usize = 4;
/// With so many rows, there are enough other sums.
const FEW: usize = 4;

/// # Safety
///
/// As [`super::outer_body`], and C must be a tile of `M` rows and at most a register's columns.
#[inline(always)]
unsafe fn outer_body<T: Real, V: Vector<T>, const M: usize>(p: &Product<T>) {
    if M > V::ROWS {
        unreachable!("a kernel for more registers than there are");
    }
    let zero = V::splat(T::zero());
    let mut sums = [[zero; M]; CHAINS];
    // SAFETY: by the caller's promise, all of this is within A, B and C.
    unsafe {
        let add = |sums: &mut [V; M], l: usize| {
            let row = V::load_part(p.b.add(l * p.b_step), p.n);
            let a = p.a.add(l * p.a_column);
            for (r, sum) in sums.iter_mut().enumerate() {
                *sum = V::splat(*a.add(r * p.a_row)).mul_add(row, *sum);
            }
        };
        let mut l = 0;
        if M <= FEW {
            while l + CHAINS <= p.k {
                for (chain, sums) in sums.iter_mut().enumerate() {
                    add(sums, l + chain);
                }
                l += CHAINS;
            }
        }
        while l < p.k {
            add(&mut sums[0], l);
            l += 1;
        }
        let [first, second, third, fourth] = sums;
        for r in 0..M {
            let mut sum = first[r];
            if M <= FEW {
                sum = sum.add(second[r]).add(third[r].add(fourth[r]));
            }
            let c = p.c.add(r * p.c_row);
            let sum = match p.start {
                Start::Zero => sum,
                Start::Bias(bias) => sum.add(V::load_part(bias, p.n)),
                Start::Column(bias) => sum.add(V::splat(*bias.add(r))),
                Start::Add(factor) => sum.mul_add(V::splat(factor), V::load_part(c, p.n)),
            };
            sum.store_part(c, p.n);
        }
    }
}
