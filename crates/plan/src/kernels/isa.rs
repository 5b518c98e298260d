//! The instruction sets that a kernel exists for.

/// An instruction set, the plainest first. [`Isa::available`] tells which this machine has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Isa {
    /// What every machine of the target has.
    Portable,
    /// AVX2 and FMA: registers of 256 bits.
    Avx2,
    /// AVX-512 F, BW, DQ and VL: registers of 512 bits, masks.
    Avx512,
}

impl Isa {
    /// The widest that this machine has.
    pub fn best() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
            let avx512 = is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl");
            match (avx2, avx512) {
                (true, true) => Self::Avx512,
                (true, false) => Self::Avx2,
                (false, _) => Self::Portable,
            }
        }
        #[cfg(not(target_arch = "x86_64"))]
        Self::Portable
    }

    /// Those that this machine has, the plainest first.
    pub fn available() -> Vec<Self> {
        let best = Self::best();
        [Self::Portable, Self::Avx2, Self::Avx512].into_iter().filter(|&isa| isa <= best).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plainest_is_first_and_the_best_is_last() {
        let available = Isa::available();
        assert_eq!(available.first(), Some(&Isa::Portable));
        assert_eq!(available.last(), Some(&Isa::best()));
    }
}
