//! Registers full of numbers, and the instances of a loop over them for each instruction set.
//!
//! A kernel is written once, as an `#[inline(always)]` function over `V: Vector<T>`, and
//! [`for_each_isa`] makes the three functions in which it is compiled.

#![allow(unsafe_code)]

use num_traits::Float;

use super::isa::Isa;
use super::portable::Lanes;

/// The largest [`Vector::LANES`].
pub(crate) const MAX_LANES: usize = 16;

/// A register full of numbers of type `T`; every operation acts lane by lane.
///
/// The methods of a register that the machine lacks must not be called. They have no
/// `#[target_feature]`, so that they can be inlined into functions that have one: call them from
/// what [`for_each_isa`] instantiates.
pub trait Vector<T>: Copy {
    /// How many numbers there are in a register.
    const LANES: usize;

    /// Whether [`mul_add`](Self::mul_add) rounds once only.
    const FUSED: bool;

    /// How many rows of two registers a product of matrices keeps its sums in: of 32 registers, 16
    /// and fewer.
    const ROWS: usize = match (Self::LANES * size_of::<T>(), Self::FUSED) {
        (64, _) => 14,
        (_, true) => 6,
        (_, false) => 3,
    };

    /// A choice of lanes.
    type Mask: Copy;

    /// The numbers from `p` on, which need not be aligned.
    ///
    /// # Safety
    ///
    /// `LANES` numbers can be read from `p` on.
    unsafe fn load(p: *const T) -> Self;

    /// Writes all lanes to `p`, which need not be aligned.
    ///
    /// # Safety
    ///
    /// `LANES` numbers can be written from `p` on.
    unsafe fn store(self, p: *mut T);

    /// `n` ≤ `LANES` numbers from `p` on, then zeros.
    ///
    /// # Safety
    ///
    /// `n` ≤ `LANES`, and `n` numbers can be read from `p` on; no others are touched.
    unsafe fn load_part(p: *const T, n: usize) -> Self;

    /// Writes the first `n` ≤ `LANES` lanes to `p`.
    ///
    /// # Safety
    ///
    /// `n` ≤ `LANES`, and `n` numbers can be written from `p` on; no others are touched.
    unsafe fn store_part(self, p: *mut T, n: usize);

    /// The first of each pair, and the second, of `n` ≤ 2 `LANES` numbers from `p` on, n being even;
    /// then zeros.
    ///
    /// # Safety
    ///
    /// `n` numbers can be read from `p` on.
    #[inline(always)]
    unsafe fn unzip(p: *const T, n: usize) -> (Self, Self)
    where
        T: Float,
    {
        let mut pairs = [[T::zero(); MAX_LANES]; 2];
        for k in 0..n {
            // SAFETY: as the caller promises.
            pairs[k % 2][k / 2] = unsafe { *p.add(k) };
        }
        // SAFETY: no register has more lanes.
        unsafe { (Self::load(pairs[0].as_ptr()), Self::load(pairs[1].as_ptr())) }
    }

    /// Writes `n` ≤ 2 `LANES` numbers to `p`, from the two registers by turns, n being even.
    ///
    /// # Safety
    ///
    /// `n` numbers can be written from `p` on.
    #[inline(always)]
    unsafe fn zip(first: Self, second: Self, p: *mut T, n: usize)
    where
        T: Float,
    {
        let mut pairs = [[T::zero(); MAX_LANES]; 2];
        // SAFETY: no register has more lanes; and as the caller promises.
        unsafe {
            first.store(pairs[0].as_mut_ptr());
            second.store(pairs[1].as_mut_ptr());
            (0..n).for_each(|k| *p.add(k) = pairs[k % 2][k / 2]);
        }
    }

    /// The same number in all lanes.
    fn splat(x: T) -> Self;

    /// self + other.
    fn add(self, other: Self) -> Self;

    /// self − other.
    fn sub(self, other: Self) -> Self;

    /// self · other.
    fn mul(self, other: Self) -> Self;

    /// self / other.
    fn div(self, other: Self) -> Self;

    /// √self.
    fn sqrt(self) -> Self;

    /// −self, of zeros and NaN too.
    fn neg(self) -> Self;

    /// |self|.
    fn abs(self) -> Self;

    /// |self| with the sign of `sign`.
    fn copysign(self, sign: Self) -> Self;

    /// self · a + b, rounded once where the hardware can, else twice.
    fn mul_add(self, a: Self, b: Self) -> Self;

    /// self where self > other, else other: the other of two zeros, and where one is NaN.
    fn max(self, other: Self) -> Self;

    /// self where self < other, else other: the other of two zeros, and where one is NaN.
    fn min(self, other: Self) -> Self;

    /// self > other; false for NaN.
    fn gt(self, other: Self) -> Self::Mask;

    /// self ≥ other; false for NaN.
    fn ge(self, other: Self) -> Self::Mask;

    /// self = other; false for NaN.
    fn eq(self, other: Self) -> Self::Mask;

    /// Which lanes are NaN.
    fn is_nan(self) -> Self::Mask;

    /// `yes` in the lanes of the mask, else `no`.
    fn select(mask: Self::Mask, yes: Self, no: Self) -> Self;

    /// Whether the mask has a lane.
    fn any(mask: Self::Mask) -> bool;

    /// The nearest whole number, the even one of two.
    fn round(self) -> Self;

    /// self · 2ⁿ for whole n, |n| ≤ 252 for `f32` and 2044 for `f64`, down to subnormal numbers and
    /// up to infinity; rounded once if 1/4 ≤ |self| ≤ 4.
    fn scale(self, n: Self) -> Self;

    /// m and whole n with self = m · 2ⁿ, 1 ≤ m < 2, for positive finite numbers, subnormal ones
    /// too; for others anything.
    fn split(self) -> (Self, Self);

    /// The sum of all lanes: of halves added to each other, until one number is left.
    fn sum(self) -> T;

    /// The columns of a square, of which the first `LANES` registers are the rows; then anything.
    #[inline(always)]
    fn transpose(rows: [Self; MAX_LANES]) -> [Self; MAX_LANES]
    where
        T: Float,
    {
        let mut square = [[T::zero(); MAX_LANES]; MAX_LANES];
        for (to, row) in square.iter_mut().zip(rows).take(Self::LANES) {
            // SAFETY: no register has more lanes.
            unsafe { row.store(to.as_mut_ptr()) }
        }
        std::array::from_fn(|k| {
            let column: [T; MAX_LANES] = std::array::from_fn(|i| square[i][k]);
            // SAFETY: no register has more lanes.
            unsafe { Self::load(column.as_ptr()) }
        })
    }

    /// In lane k, for k < `LANES`, the sum of all lanes of register k: added up in the same order in
    /// all.
    #[inline(always)]
    fn sums(rows: [Self; MAX_LANES]) -> Self
    where
        T: Float,
    {
        let mut sums = [T::zero(); MAX_LANES];
        for (sum, row) in sums.iter_mut().zip(rows).take(Self::LANES) {
            *sum = row.sum();
        }
        // SAFETY: no register has more lanes.
        unsafe { Self::load(sums.as_ptr()) }
    }
}

/// Defines a function from [`Isa`](super::isa::Isa) to a kernel: to an instance of a body, which
/// is generic over the number type and its register first, for each instruction set.
///
/// The kernel may be called if the machine has the instruction set, and as the body may be.
macro_rules! for_each_isa {
    (
        $(#[$meta:meta])*
        $vis:vis fn $name:ident[$($generics:tt)*] =
            $body:ident[$T:ident $(, $arg:ident)*]($($x:ident: $X:ty),*) $(-> $R:ty)?;
    ) => {
        $(#[$meta])*
        $vis fn $name<$($generics)*>(
            isa: $crate::kernels::isa::Isa
        ) -> unsafe fn($($X),*) $(-> $R)? {
            use $crate::kernels::{isa::Isa, vector::Registers};

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma")]
            unsafe fn avx512<$($generics)*>($($x: $X),*) $(-> $R)? {
                // SAFETY: as the caller promises.
                unsafe { $body::<$T, <$T as Registers>::Avx512 $(, $arg)*>($($x),*) }
            }

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            unsafe fn avx2<$($generics)*>($($x: $X),*) $(-> $R)? {
                // SAFETY: as the caller promises.
                unsafe { $body::<$T, <$T as Registers>::Avx2 $(, $arg)*>($($x),*) }
            }

            unsafe fn portable<$($generics)*>($($x: $X),*) $(-> $R)? {
                // SAFETY: as the caller promises.
                unsafe { $body::<$T, <$T as Registers>::Portable $(, $arg)*>($($x),*) }
            }

            match isa {
                #[cfg(target_arch = "x86_64")]
                Isa::Avx512 => avx512::<$T $(, $arg)*>,
                #[cfg(target_arch = "x86_64")]
                Isa::Avx2 => avx2::<$T $(, $arg)*>,
                _ => portable::<$T $(, $arg)*>,
            }
        }
    };
}
pub(crate) use for_each_isa;

/// Work that is compiled for each instruction set.
pub(crate) trait Job<T> {
    /// # Safety
    ///
    /// As the job says.
    unsafe fn run<V: Vector<T>>(&self);
}

/// Does the job with the instructions of `isa`.
///
/// # Safety
///
/// The machine has them, and what the job asks for holds.
pub(crate) unsafe fn run<T: Registers, J: Job<T>>(isa: Isa, job: &J) {
    // SAFETY: as the caller promises.
    unsafe { worker::<T, J>(isa)(job) }
}

for_each_isa! {
    fn worker[T: Registers, J: Job<T>] = work[T, J](job: &J);
}

/// # Safety
///
/// As [`run`].
#[inline(always)]
unsafe fn work<T, V: Vector<T>, J: Job<T>>(job: &J) {
    // SAFETY: as the caller promises.
    unsafe { job.run::<V>() }
}

/// A number type with its registers.
pub trait Registers: Float + 'static {
    /// One number.
    type Single: Vector<Self>;

    /// Without special instructions.
    type Portable: Vector<Self>;

    /// 256 bits.
    #[cfg(target_arch = "x86_64")]
    type Avx2: Vector<Self>;

    /// 512 bits.
    #[cfg(target_arch = "x86_64")]
    type Avx512: Vector<Self>;
}

impl Registers for f32 {
    type Single = Lanes<f32, 1>;
    type Portable = Lanes<f32, 8>;
    #[cfg(target_arch = "x86_64")]
    type Avx2 = std::arch::x86_64::__m256;
    #[cfg(target_arch = "x86_64")]
    type Avx512 = std::arch::x86_64::__m512;
}

impl Registers for f64 {
    type Single = Lanes<f64, 1>;
    type Portable = Lanes<f64, 4>;
    #[cfg(target_arch = "x86_64")]
    type Avx2 = std::arch::x86_64::__m256d;
    #[cfg(target_arch = "x86_64")]
    type Avx512 = std::arch::x86_64::__m512d;
}

#[cfg(test)]
mod tests;
