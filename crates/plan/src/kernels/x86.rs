//! The registers of x86-64.

/// The methods of [`Vector`] that are one instruction in every register of x86-64.
macro_rules! instructions {
    (
        $T:ident,
        load $load:ident, store $store:ident, splat $set1:ident, mul_add $fmadd:ident,
        compare $compare:ident to $M:ident,
        $($unary:ident($x:ident) = $unary_intrinsic:expr),*;
        $($binary:ident($a:ident, $b:ident) = $binary_intrinsic:expr),*;
    ) => {
        #[inline(always)]
        unsafe fn load(p: *const $T) -> Self {
            // SAFETY: as the caller promises; the machine has this register.
            unsafe { $load(p) }
        }

        #[inline(always)]
        unsafe fn store(self, p: *mut $T) {
            // SAFETY: as the caller promises; the machine has this register.
            unsafe { $store(p, self) }
        }

        #[inline(always)]
        fn splat(x: $T) -> Self {
            // SAFETY: the machine has this register.
            unsafe { $set1(x) }
        }

        #[inline(always)]
        fn mul_add(self, a: Self, b: Self) -> Self {
            // SAFETY: the machine has this register.
            unsafe { $fmadd(self, a, b) }
        }

        #[inline(always)]
        fn gt(self, other: Self) -> $M {
            // SAFETY: the machine has this register.
            unsafe { $compare::<_CMP_GT_OQ>(self, other) }
        }

        #[inline(always)]
        fn ge(self, other: Self) -> $M {
            // SAFETY: the machine has this register.
            unsafe { $compare::<_CMP_GE_OQ>(self, other) }
        }

        #[inline(always)]
        fn eq(self, other: Self) -> $M {
            // SAFETY: the machine has this register.
            unsafe { $compare::<_CMP_EQ_OQ>(self, other) }
        }

        #[inline(always)]
        fn is_nan(self) -> $M {
            // SAFETY: the machine has this register.
            unsafe { $compare::<_CMP_UNORD_Q>(self, self) }
        }

        $(
            #[inline(always)]
            fn $unary(self) -> Self {
                let $x = self;
                // SAFETY: the machine has this register.
                unsafe { $unary_intrinsic }
            }
        )*

        $(
            #[inline(always)]
            fn $binary(self, $b: Self) -> Self {
                let $a = self;
                // SAFETY: the machine has this register.
                unsafe { $binary_intrinsic }
            }
        )*
    };
}

mod avx2;
mod avx512;
