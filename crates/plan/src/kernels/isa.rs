//! The instruction sets that kernels are compiled for.

/// An instruction set, the weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Isa {
    /// What every machine of the target has.
    Portable,
    /// AVX2 and FMA of x86-64.
    Avx2,
    /// AVX-512 F, BW, DQ and VL, with all of AVX2.
    Avx512,
}

impl Isa {
    /// The best one that this machine has.
    pub fn best() -> Self {
        *Self::available().last().expect("the portable one")
    }

    /// All that this machine has.
    pub fn available() -> Vec<Self> {
        let mut all = vec![Isa::Portable];
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            all.push(Isa::Avx2);
            if is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl")
            {
                all.push(Isa::Avx512);
            }
        }
        all
    }
}
