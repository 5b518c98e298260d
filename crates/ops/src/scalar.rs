//! The number types that a graph is run in.

use ndarray::{ArrayD, ArrayViewD, NdFloat};

use crate::CustomOp;

/// A number type: `f32` or `f64`. A graph has none; the evaluator chooses. (The gradient check runs
/// the reference evaluator in one of 31 digits, too, which is its own.)
pub trait Scalar: NdFloat {
    /// Rounds to this type.
    fn from_double(value: f64) -> Self;

    /// Widens, exactly; 31 digits are rounded.
    fn to_double(self) -> f64;

    /// The value of a custom operation, by its kernel for this type.
    fn eval_custom(op: &dyn CustomOp, x: &[ArrayViewD<'_, Self>]) -> ArrayD<Self>;
}

impl Scalar for f32 {
    fn from_double(value: f64) -> Self {
        value as f32
    }

    fn to_double(self) -> f64 {
        f64::from(self)
    }

    fn eval_custom(op: &dyn CustomOp, x: &[ArrayViewD<'_, Self>]) -> ArrayD<Self> {
        op.eval_f32(x).unwrap_or_else(|| {
            let wide: Vec<_> = x.iter().map(|x| x.mapv(f64::from)).collect();
            let wide: Vec<_> = wide.iter().map(|x| x.view()).collect();
            op.eval(&wide).mapv(Self::from_double)
        })
    }
}

impl Scalar for f64 {
    fn from_double(value: f64) -> Self {
        value
    }

    fn to_double(self) -> f64 {
        self
    }

    fn eval_custom(op: &dyn CustomOp, x: &[ArrayViewD<'_, Self>]) -> ArrayD<Self> {
        op.eval(x)
    }
}
