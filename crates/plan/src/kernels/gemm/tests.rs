//! Kernels of products against sums in loops, on every instruction set.

use proptest::prelude::*;

use super::packed::{packed, panels};
use super::turned::{Strided, room, turned};
use super::*;
use crate::kernels::Isa;

/// Small whole numbers: sums of their products are exact, in whatever order.
fn numbers<T: Real>(len: usize, seed: usize) -> Vec<T> {
    (0..len).map(|k| T::from_double(((k + seed) * 7919 % 13) as f64 - 6.0)).collect()
}

/// What a kernel is to start from.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Zero,
    Bias,
    Column,
    Add,
}

/// A kernel with everything that it needs but the product.
type Call<'a, T> = &'a dyn Fn(Strided<T>);

/// The kernel computes A B, A and B turned or not, as loops do; and nothing else is written.
fn agrees<T: Real>(
    [m, n, k]: [usize; 3], [a_turned, b_turned]: [bool; 2], kind: Kind, call: Call<'_, T>,
) {
    let strides = |rows: usize, columns: usize, turned: bool| match turned {
        false => [columns + 3, 1],
        true => [1, rows + 3],
    };
    let ([a_row, a_column], [b_row, b_column]) = (strides(m, k, a_turned), strides(k, n, b_turned));
    let (a, b) = (numbers::<T>((m + 3) * (k + 3), 1), numbers::<T>((n + 3) * (k + 3), 2));
    let (bias, c_row) = (numbers::<T>(n.max(m), 3), n + 2);
    let before = numbers::<T>(m * c_row + 1, 4);
    let mut c = before.clone();
    let factor = T::from_double(-2.0);
    let start = match kind {
        Kind::Zero => Start::Zero,
        Kind::Bias => Start::Bias(bias.as_ptr()),
        Kind::Column => Start::Column(bias.as_ptr()),
        Kind::Add => Start::Add(factor),
    };
    let (a_start, b_start, c_start) = (a.as_ptr(), b.as_ptr(), c.as_mut_ptr().wrapping_add(1));
    let room = std::ptr::null_mut();
    let (a_, b_) = (a_start, b_start);
    call(Strided {
        m,
        n,
        k,
        a: a_,
        a_row,
        a_column,
        b: b_,
        b_row,
        b_column,
        c: c_start,
        c_row,
        start,
        room,
    });
    for i in 0..m {
        for j in 0..c_row {
            let at = 1 + i * c_row + j;
            if j >= n {
                assert!(c.get(at) == before.get(at), "after row {i}");
                continue;
            }
            let term = |l: usize| a[i * a_row + l * a_column] * b[l * b_row + j * b_column];
            let sum = (0..k).map(term).fold(T::zero(), |sum, term| sum + term);
            let want = match kind {
                Kind::Zero => sum,
                Kind::Bias => bias[j] + sum,
                Kind::Column => bias[i] + sum,
                Kind::Add => before[at] + factor * sum,
            };
            assert!(c[at] == want, "{i}, {j} of {m}×{k}×{n}: {}, not {want}", c[at]);
        }
    }
    assert!(c[0] == before[0], "before the first row");
}

fn all_agree<T: Real>(sizes: [usize; 3], kind: Kind) {
    let [_, n, k] = sizes;
    for isa in Isa::available() {
        let plain = |p: &Strided<T>, b_step: usize| Product {
            m: p.m,
            n: p.n,
            k: p.k,
            a: p.a,
            a_row: p.a_row,
            a_column: p.a_column,
            b: p.b,
            b_step,
            b_table: None,
            times: 1,
            a_next: 0,
            b_next: 0,
            c: p.c,
            c_row: p.c_row,
            start: p.start,
        };
        // SAFETY: the machine has the instructions, and the matrices and the room their elements.
        unsafe {
            for a_turned in [false, true] {
                for kernel in
                    [Some(outer(isa)), tiny::outer(sizes[0], n, isa)].into_iter().flatten()
                {
                    let call = |p: Strided<T>| kernel(&plain(&p, p.b_row));
                    agrees(sizes, [a_turned, false], kind, &call);
                }
                let call = |p: Strided<T>| {
                    let mut room = vec![T::nan(); room::<T>(n, k)];
                    turned(isa)(&Strided { room: room.as_mut_ptr(), ..p });
                };
                agrees(sizes, [a_turned, true], kind, &call);
                for b_turned in [false, true] {
                    let call = |p: Strided<T>| {
                        let mut room = vec![T::nan(); panels::<T>(isa)(p.m, n, k)];
                        packed(isa)(&Strided { room: room.as_mut_ptr(), ..p });
                    };
                    agrees(sizes, [a_turned, b_turned], kind, &call);
                }
            }
            let call = |p: Strided<T>| dot(isa)(&plain(&p, p.b_column));
            agrees(sizes, [false, true], kind, &call);
        }
    }
}

/// A size of a few tiles, or next to the edge of a block, which is a multiple of so much.
fn size(edge: usize) -> impl Strategy<Value = usize> {
    prop_oneof![1usize..40, edge - 3..edge + 20]
}

#[test]
fn single_tiles_agree() {
    for m in 1..16 {
        for (n, k) in [(1, 5), (3, 2), (5, 12), (8, 1), (16, 19)] {
            all_agree::<f32>([m, n, k], Kind::Add);
            all_agree::<f64>([m, n, k], Kind::Bias);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn kernels_of_products_agree(m in size(54), n in 1usize..70, k in size(1024)) {
        for kind in [Kind::Zero, Kind::Bias, Kind::Column, Kind::Add] {
            all_agree::<f32>([m, n, k], kind);
            all_agree::<f64>([m, n, k], kind);
        }
    }
}

#[test]
fn blocks_of_all_sizes_agree() {
    let sizes = [[255, 20, 10], [253, 40, 257], [20, 530, 260], [50, 40, 600]];
    let edges = [[127, 20, 1023], [57, 40, 1025], [20, 257, 1030], [60, 270, 2060]];
    for sizes in [sizes, edges].concat() {
        all_agree::<f32>(sizes, Kind::Bias);
        all_agree::<f64>(sizes, Kind::Zero);
        all_agree::<f64>(sizes, Kind::Add);
    }
}
