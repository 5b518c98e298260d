//! Products of matrices: plans of one product beside the crates gemm, faer and matrixmultiply.

use faer::linalg::matmul::matmul as faer_matmul;
use faer::{Accum, MatMut, MatRef, Par};
use gradus::ops::{input, matmul, transpose};
use gradus::plan::Real;

use crate::planned::{Planned, assert_near, random};
use crate::probe::Ceilings;
use crate::rounds::{Bars, best};

/// Which factor is stored transposed.
#[derive(Clone, Copy, PartialEq)]
enum Stored {
    Plain,
    /// AᵀB.
    Left,
    /// ABᵀ.
    Right,
}
use Stored::{Left, Plain, Right};

/// What bar a shape has.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Large,
    Narrow,
    Tiny,
    Other,
}
use Kind::{Large, Narrow, Other, Tiny};

/// The shapes: m, k, n.
const SHAPES: [([usize; 3], Stored, Kind); 14] = [
    ([10, 784, 30], Plain, Narrow),
    ([784, 10, 30], Left, Narrow),
    ([10, 30, 784], Right, Narrow),
    ([128, 784, 512], Plain, Large),
    ([128, 512, 512], Right, Large),
    ([512, 128, 784], Left, Large),
    ([64, 400, 120], Plain, Other),
    ([6, 25, 784], Plain, Other),
    ([64, 64, 64], Plain, Other),
    ([256, 256, 256], Plain, Large),
    ([1024, 1024, 1024], Plain, Large),
    ([12, 3, 2], Plain, Tiny),
    ([64, 12, 3], Plain, Tiny),
    ([128, 128, 128], Plain, Other),
];

/// C ← α A B + β C with m, k, n, and for each matrix the strides of its rows and columns.
type Product<T> = unsafe fn(
    usize,
    usize,
    usize,
    T,
    *const T,
    isize,
    isize,
    *const T,
    isize,
    isize,
    T,
    *mut T,
    isize,
    isize,
);

/// What the crates compute with.
trait Number: Real + faer::traits::ComplexField {
    const NAME: &str;
    /// Of the peak, in percent, what a large product must reach.
    const BAR: f64;
    /// matrixmultiply's product.
    const MATRIXMULTIPLY: Product<Self>;
}

impl Number for f32 {
    const NAME: &str = "f32";
    const BAR: f64 = 60.0;
    const MATRIXMULTIPLY: Product<Self> = matrixmultiply::sgemm;
}

impl Number for f64 {
    const NAME: &str = "f64";
    const BAR: f64 = 55.0;
    const MATRIXMULTIPLY: Product<Self> = matrixmultiply::dgemm;
}

pub fn bench(ceilings: &Ceilings, bars: &mut Bars) {
    bench_of::<f32>(ceilings, bars);
    bench_of::<f64>(ceilings, bars);
}

fn bench_of<T: Number>(ceilings: &Ceilings, bars: &mut Bars) {
    let peak = ceilings.peak(size_of::<T>());
    println!("\nproducts m×k×n in {}, GFLOP/s (T: AᵀB, R: ABᵀ)", T::NAME);
    println!(
        "{:<18}{:>8}{:>8}{:>8}{:>16}{:>8}",
        "", "plan", "gemm", "faer", "matrixmultiply", "% peak"
    );
    for (shape, stored, kind) in SHAPES {
        let seconds = times::<T>(shape, stored);
        let [m, k, n] = shape;
        let flops = 2.0 * (m * k * n) as f64;
        let [plan, gemm, faer, other] = seconds.map(|seconds| flops / seconds / 1e9);
        let letter = match stored {
            Plain => "",
            Left => " T",
            Right => " R",
        };
        let name = format!("{m}×{k}×{n}{letter}");
        let percent = 100.0 * plan / peak;
        println!("{name:<18}{plan:>8.1}{gemm:>8.1}{faer:>8.1}{other:>16.1}{percent:>8.0}");
        let crates = gemm.max(faer).max(other);
        let what = format!("{} {name}", T::NAME);
        match kind {
            Large => {
                bars.at_least(&format!("{what}, of the best crate"), plan / crates, 0.9);
                bars.at_least(&format!("{what}, % of the peak"), percent, T::BAR);
            }
            Narrow => bars.at_least(&format!("{what}, of the best crate"), plan / crates, 1.4),
            Tiny if m < 64 => bars.at_most(&format!("{what}, ns"), seconds[0] * 1e9, 80.0),
            Tiny | Other => {}
        }
    }
}

/// Seconds of a product by a plan, gemm, faer and matrixmultiply.
fn times<T: Number>([m, k, n]: [usize; 3], stored: Stored) -> [f64; 4] {
    let a_shape = if stored == Left { [k, m] } else { [m, k] };
    let b_shape = if stored == Right { [n, k] } else { [k, n] };
    let (a, b) = (random::<T>(&a_shape), random::<T>(&b_shape));
    let mut plan = Planned::new(&[("a", a.clone()), ("b", b.clone())], |g| {
        let (a, b) = (input(g, "a", a_shape), input(g, "b", b_shape));
        let a = if stored == Left { transpose(a) } else { a };
        [matmul(a, if stored == Right { transpose(b) } else { b })]
    });
    let (a, b) = (a.as_slice().expect("standard"), b.as_slice().expect("standard"));
    // Strides of rows and columns.
    let (a_rows, a_columns) = if stored == Left { (1, m) } else { (k, 1) };
    let (b_rows, b_columns) = if stored == Right { (1, k) } else { (n, 1) };
    let [ar, ac, br, bc, cr] = [a_rows, a_columns, b_rows, b_columns, n].map(|x| x as isize);
    let (zero, one) = (T::from_double(0.0), T::from_double(1.0));
    let [mut c1, mut c2, mut c3] = [(); 3].map(|()| vec![zero; m * n]);
    let mut by_gemm = || {
        let (a, b, c) = (a.as_ptr(), b.as_ptr(), c1.as_mut_ptr());
        let parallelism = gemm::Parallelism::None;
        // SAFETY: the strides stay within a, b and c.
        unsafe {
            gemm::gemm(
                m,
                n,
                k,
                c,
                1,
                cr,
                false,
                a,
                ac,
                ar,
                b,
                bc,
                br,
                zero,
                one,
                false,
                false,
                false,
                parallelism,
            );
        }
    };
    let mut by_faer = || {
        let a = MatRef::from_row_major_slice(a, a_shape[0], a_shape[1]);
        let b = MatRef::from_row_major_slice(b, b_shape[0], b_shape[1]);
        let a = if stored == Left { a.transpose() } else { a };
        let b = if stored == Right { b.transpose() } else { b };
        let c = MatMut::from_row_major_slice_mut(&mut c2, m, n);
        faer_matmul(c, Accum::Replace, a, b, one, Par::Seq);
    };
    let mut by_matrixmultiply = || {
        let (a, b, c) = (a.as_ptr(), b.as_ptr(), c3.as_mut_ptr());
        // SAFETY: the strides stay within a, b and c.
        unsafe { T::MATRIXMULTIPLY(m, k, n, one, a, ar, ac, b, br, bc, zero, c, cr, 1) };
    };
    let mut by_plan = || _ = plan.run();
    let seconds = best(&mut [&mut by_plan, &mut by_gemm, &mut by_faer, &mut by_matrixmultiply]);
    let got = plan.run()[0].as_slice().expect("standard").to_vec();
    for (c, name) in [(&c1, "gemm"), (&c2, "faer"), (&c3, "matrixmultiply")] {
        assert_near(&got, c, &format!("{m}×{k}×{n}, {name}"));
    }
    seconds.try_into().expect("four")
}
