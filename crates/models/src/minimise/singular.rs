//! The linear least squares problems of a step, by singular values.

use nalgebra::SVD;

use super::oracle::{Matrix, Vector};

/// The problem of making ‖r + J p‖² + λ ‖D p‖² small, with J D⁻¹ = U S Vᵀ.
pub(super) struct Singular {
    /// Uᵀ r.
    c: Vector,
    /// The singular values, the largest first.
    s: Vector,
    v_t: Matrix,
    scale: Vector,
    rows: usize,
}

impl Singular {
    /// The problem of a finite Jacobian and finite residuals. Where the scale is 0, it is 1.
    pub fn new(jacobian: &Matrix, r: &Vector, scale: &Vector) -> Self {
        let scale = scale.map(|d| if d > 0.0 { d } else { 1.0 });
        let mut scaled = jacobian.clone();
        for (mut column, d) in scaled.column_iter_mut().zip(&scale) {
            column /= *d;
        }
        let rows = scaled.nrows();
        let SVD { u, v_t, singular_values: s } = SVD::new(scaled, true, true);
        let (u, v_t) = (u.expect("asked for"), v_t.expect("asked for"));
        Self { c: u.tr_mul(r), s, v_t, scale, rows }
    }

    /// How many singular values are not zero, to within rounding.
    pub fn rank(&self) -> usize {
        let size = self.rows.max(self.scale.len()) as f64;
        let least = f64::EPSILON * size * self.s.max();
        self.s.iter().filter(|&&s| s > least).count()
    }

    /// Whether all parameters have an effect, and no two the same.
    pub fn has_full_rank(&self) -> bool {
        self.rank() == self.scale.len()
    }

    /// The solution p = −D⁻¹ V (S² + λ)⁻¹ S Uᵀ r; for λ = 0 without the singular values that are
    /// zero.
    pub fn step(&self, lambda: f64) -> Vector {
        -self.v_t.tr_mul(&self.damped(lambda)).component_div(&self.scale)
    }

    /// By how much the step for λ = 0 makes the sum of squares smaller: ‖Uᵀ r‖².
    pub fn gain(&self) -> f64 {
        self.c.norm_squared()
    }

    /// The square roots of the diagonal of (JᵀJ)⁻¹ = D⁻¹ V S⁻² Vᵀ D⁻¹.
    pub fn deviations(&self) -> Vector {
        let inverse = Vector::from_iterator(
            self.scale.len(),
            self.v_t.column_iter().map(|v| v.component_div(&self.s).norm()),
        );
        inverse.component_div(&self.scale)
    }

    /// The λ for which the step has the length ‖D p‖ = Δ to within a tenth; 0 if the step for λ = 0
    /// is no longer. Newton's method for 1/‖D p‖ = 1/Δ, kept between bounds (Moré 1978, section 5).
    pub fn damping(&self, radius: f64) -> f64 {
        let length = |lambda: f64| self.damped(lambda).norm() - radius;
        let full = self.has_full_rank();
        if full && length(0.0) <= 0.1 * radius {
            return 0.0;
        }
        let mut high = self.s.component_mul(&self.c).norm() / radius;
        let mut low = if full { -length(0.0) / self.slope(0.0) } else { 0.0 };
        let mut lambda = low.max(1e-3 * high);
        for _ in 0..50 {
            let over = length(lambda);
            if over.abs() <= 0.1 * radius {
                break;
            }
            if over > 0.0 {
                low = low.max(lambda);
            } else {
                high = high.min(lambda);
            }
            lambda -= (over + radius) / radius * over / self.slope(lambda);
            if !(low..=high).contains(&lambda) {
                lambda = (low * high).sqrt().max(1e-3 * high);
            }
        }
        lambda
    }

    /// (S² + λ)⁻¹ S Uᵀ r.
    fn damped(&self, lambda: f64) -> Vector {
        let least = if lambda > 0.0 { 0.0 } else { self.s[self.rank().saturating_sub(1)] };
        let part = |s: f64, c: f64| if s < least { 0.0 } else { c * s / (s * s + lambda) };
        self.s.zip_map(&self.c, part)
    }

    /// The derivative of ‖D p‖ by λ.
    fn slope(&self, lambda: f64) -> f64 {
        let q = self.damped(lambda);
        let terms = q.iter().zip(&self.s).map(|(q, s)| q * q / (s * s + lambda));
        -terms.sum::<f64>() / q.norm()
    }
}
