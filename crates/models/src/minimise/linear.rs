//! The linear least-squares problem of a step, by QR decompositions.

use nalgebra::ColPivQR;

use super::oracle::{Matrix, Vector};

/// The problem of making ‖r + J p‖² + λ ‖D p‖² small, with J D⁻¹ Π = Q R, Π being a permutation of
/// the columns that brings large ones first. JᵀJ, in which half of the digits are lost, is never
/// formed.
pub(super) struct Linear {
    r: Matrix,
    /// The first rows of Qᵀ r.
    c: Vector,
    /// The parameter that each column of R belongs to.
    order: Vec<usize>,
    scale: Vector,
    rank: usize,
}

impl Linear {
    /// The problem of a finite Jacobian and finite residuals, with the diagonal of D. Where that is
    /// 0, it is taken as 1.
    pub fn new(jacobian: &Matrix, residuals: &Vector, scale: &Vector) -> Self {
        let scale = scale.map(|d| if d > 0.0 { d } else { 1.0 });
        let (m, n) = jacobian.shape();
        // Rows of zeros, where there are fewer residuals than parameters, change nothing.
        let mut scaled = jacobian.clone().resize_vertically(m.max(n), 0.0);
        scaled.column_iter_mut().zip(&scale).for_each(|(mut column, d)| column /= *d);
        let mut c = residuals.clone().resize_vertically(m.max(n), 0.0);
        let qr = ColPivQR::new(scaled);
        qr.q_tr_mul(&mut c);
        let mut order = Matrix::from_fn(1, n, |_, k| k as f64);
        qr.p().permute_columns(&mut order);
        let order = order.iter().map(|&k| k as usize).collect();
        let r = qr.unpack_r();
        let largest = r.diagonal().amax();
        let zero = f64::EPSILON * m.max(n) as f64 * largest;
        let rank = r.diagonal().iter().filter(|d| d.abs() > zero).count();
        Self { r, c: c.rows(0, n).into_owned(), order, scale, rank }
    }

    /// How many columns of J are independent of each other, beyond rounding.
    pub fn rank(&self) -> usize {
        self.rank
    }

    /// Whether all parameters have an effect, and no combination has none.
    pub fn has_full_rank(&self) -> bool {
        self.rank == self.scale.len()
    }

    /// The solution p. For λ = 0 the rank must be full.
    pub fn step(&self, lambda: f64) -> Vector {
        self.in_place(&self.damped(lambda).1)
    }

    /// By how much the step for λ = 0 makes the sum of squares smaller: ‖Qᵀ r‖², as far as R is not
    /// zero.
    pub fn gain(&self) -> f64 {
        self.c.rows(0, self.rank).norm_squared()
    }

    /// The square roots of the diagonal of (JᵀJ)⁻¹: the norms of the rows of D⁻¹ Π R⁻¹.
    pub fn deviations(&self) -> Vector {
        let n = self.scale.len();
        let inverse = self.r.solve_upper_triangular(&Matrix::identity(n, n)).expect("full rank");
        self.in_place(&Vector::from_iterator(n, inverse.row_iter().map(|row| row.norm())))
    }

    /// The λ for which the step has the length ‖D p‖ = Δ to within a tenth; 0 if the step for λ = 0
    /// is no longer. Newton's method for 1/‖D p‖ = 1/Δ, kept between bounds (J. J. Moré 1978,
    /// section 5).
    pub fn damping(&self, radius: f64) -> f64 {
        let mut high = self.r.tr_mul(&self.c).norm() / radius;
        let mut low = 0.0;
        if self.has_full_rank() {
            let (over, slope) = self.over(0.0, radius);
            if over <= 0.1 * radius {
                return 0.0;
            }
            low = -over / slope;
        }
        let mut lambda = f64::max(low, 1e-3 * high);
        for _ in 0..50 {
            let (over, slope) = self.over(lambda, radius);
            if over.abs() <= 0.1 * radius {
                break;
            }
            if over > 0.0 {
                low = low.max(lambda);
            } else {
                high = high.min(lambda);
            }
            lambda -= (over + radius) / radius * over / slope;
            if !(low..=high).contains(&lambda) {
                lambda = (low * high).sqrt().max(1e-3 * high);
            }
        }
        lambda
    }

    /// By how much ‖D p‖ is more than Δ, and its derivative by λ.
    fn over(&self, lambda: f64, radius: f64) -> (f64, f64) {
        let (r, q) = self.damped(lambda);
        let length = q.norm();
        let turned = r.tr_solve_upper_triangular(&q).unwrap_or_else(|| q.clone());
        (length - radius, -turned.norm_squared() / length)
    }

    /// The factor R of (R, √λ) and the solution, both in the order of R's columns and scaled by D.
    ///
    /// The rows √λ are turned into R one by one: rotations keep what is small beside λ, which
    /// reflections of whole columns would round away.
    fn damped(&self, lambda: f64) -> (Matrix, Vector) {
        let (n, mut r, mut c) = (self.scale.len(), self.r.clone(), self.c.clone());
        for k in 0..if lambda > 0.0 { n } else { 0 } {
            let (mut row, mut right) = (Vector::zeros(n), 0.0);
            row[k] = lambda.sqrt();
            for j in k..n {
                let length = r[(j, j)].hypot(row[j]);
                let (cos, sin) = match length > 0.0 {
                    true => (r[(j, j)] / length, row[j] / length),
                    false => (1.0, 0.0),
                };
                let turn = |a: f64, b: f64| (cos * a + sin * b, cos * b - sin * a);
                (j..n).for_each(|i| (r[(j, i)], row[i]) = turn(r[(j, i)], row[i]));
                (c[j], right) = turn(c[j], right);
            }
        }
        let solution = r.solve_upper_triangular(&c).unwrap_or_else(|| c.map(|_| f64::NAN));
        (r, -solution)
    }

    /// A vector in the order of the parameters, no longer scaled.
    fn in_place(&self, q: &Vector) -> Vector {
        let mut p = Vector::zeros(q.len());
        self.order.iter().zip(q).for_each(|(&k, &q)| p[k] = q / self.scale[k]);
        p
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Five residuals of three parameters of very different size.
    fn problem() -> (Matrix, Vector, Vector) {
        let number = |i: usize, j: usize| (0.37 * ((1 + 3 * i + 7 * j) as f64).powi(2)).sin();
        let jacobian = Matrix::from_fn(5, 3, |i, j| number(i, j) * 1e3f64.powi(j as i32 - 1));
        (jacobian, Vector::from_fn(5, |i, _| number(i, 7)), Vector::from_vec(vec![1e-3, 2.0, 1e3]))
    }

    #[test]
    fn steps_solve_the_normal_equations() {
        let (j, r, d) = problem();
        let linear = Linear::new(&j, &r, &d);
        for lambda in [0.0, 1e-3, 1.0, 50.0] {
            let p = linear.step(lambda);
            let damping = lambda * d.component_mul(&d).component_mul(&p);
            let residue = (j.tr_mul(&(&r + &j * &p)) + damping).component_div(&d);
            assert!(residue.amax() < 1e-13, "{lambda}: {residue}");
        }
        let full = linear.step(0.0);
        let gain = r.norm_squared() - (&r + &j * &full).norm_squared();
        assert!((linear.gain() - gain).abs() < 1e-13);
    }

    #[test]
    fn a_damped_step_has_the_length_asked_for() {
        let (j, r, d) = problem();
        let linear = Linear::new(&j, &r, &d);
        let length = |lambda: f64| d.component_mul(&linear.step(lambda)).norm();
        let full = length(0.0);
        assert_eq!(linear.damping(full), 0.0);
        for part in [0.9, 0.5, 1e-2, 1e-6] {
            let off = length(linear.damping(part * full)) / (part * full) - 1.0;
            assert!(off.abs() <= 0.1, "{part}: {off}");
        }
    }

    #[test]
    fn a_direction_of_hardly_any_effect_is_still_known() {
        // Diagonal: qₖ = −sₖ cₖ/(sₖ² + λ), also where s² is far below the rounding of λ.
        let j = Matrix::from_row_slice(2, 2, &[2.0, 0.0, 0.0, 1e-45]);
        let one = Vector::repeat(2, 1.0);
        let (linear, lambda) = (Linear::new(&j, &one, &one), 1e-50);
        let wanted = -1e-45 / (1e-90 + lambda);
        assert!((linear.step(lambda)[1] / wanted - 1.0).abs() < 1e-12, "{}", linear.step(lambda));
    }

    #[test]
    fn deviations_are_those_of_the_inverse() {
        let (j, r, d) = problem();
        let by_hand = j.tr_mul(&j).try_inverse().unwrap().diagonal().map(f64::sqrt);
        for (a, b) in Linear::new(&j, &r, &d).deviations().iter().zip(&by_hand) {
            assert!((a / b - 1.0).abs() < 1e-9, "{a} {b}");
        }
    }

    #[test]
    fn the_rank_is_that_of_the_columns() {
        let (mut j, r, d) = problem();
        assert_eq!(Linear::new(&j, &r, &d).rank(), 3);
        let sum = j.column(0) * 2e6 + j.column(1) * 1e3;
        j.set_column(2, &sum);
        let linear = Linear::new(&j, &r, &d);
        assert!(linear.rank() == 2 && !linear.has_full_rank());
        assert!(linear.step(linear.damping(1e-3)).iter().all(|p| p.is_finite()));
        let wide = Linear::new(&j.transpose(), &Vector::repeat(3, 1.0), &Vector::repeat(5, 1.0));
        assert!(wide.rank() == 2 && !wide.has_full_rank());
        // What residuals no parameter reaches, no step gains.
        let one = Matrix::from_row_slice(2, 2, &[1.0, 0.0, 0.0, 0.0]);
        let one = Linear::new(&one, &Vector::from_vec(vec![3.0, 4.0]), &Vector::repeat(2, 1.0));
        assert!(one.rank() == 1 && (one.gain() - 9.0).abs() < 1e-14, "{}", one.gain());
        let nothing = Linear::new(&Matrix::zeros(5, 3), &r, &Vector::zeros(3));
        assert_eq!(nothing.rank(), 0);
    }
}
