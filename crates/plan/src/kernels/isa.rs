#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Isa { Portable, Avx2, Avx512 }
impl Isa { pub fn best() -> Self { Isa::Portable } }
