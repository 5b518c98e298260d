//! The number types that a graph is run in.

use ndarray::NdFloat;

/// A number type: `f32` or `f64`. A graph has none; the evaluator chooses.
pub trait Scalar: NdFloat {
    /// Rounds to this type.
    fn from_double(value: f64) -> Self;

    /// Widens, exactly.
    fn to_double(self) -> f64;
}

impl Scalar for f32 {
    fn from_double(value: f64) -> Self {
        value as f32
    }

    fn to_double(self) -> f64 {
        f64::from(self)
    }
}

impl Scalar for f64 {
    fn from_double(value: f64) -> Self {
        value
    }

    fn to_double(self) -> f64 {
        self
    }
}
