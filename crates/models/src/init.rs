//! Where the parameters start.

use gradus_ops::{Arrays, Scalar};
use ndarray::ArrayD;
use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};

use crate::{Network, Parameter, Role};

/// A distribution that the initial weights and biases are drawn from; other parameters start at a
/// value of their own.
///
/// n_in is how many inputs a unit adds up, n_out how many units an input leads to; the units of a
/// filter add up its cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Init {
    /// Weights from N(0, 1/n_in), biases from N(0, 1): the weighted input of a unit has a variance
    /// that does not grow with its inputs, so that it does not start saturated. Source: M. Nielsen,
    /// *Neural Networks and Deep Learning*, chapter 3.
    Scaled,
    /// Weights and biases from N(0, 1). Source: the same, chapter 1.
    Normal,
    /// Weights even between −r and r, where r² = 6/(n_in + n_out), biases 0: for tanh and sigmoid
    /// units, so that neither the outputs forward nor the errors backward grow or fade. Source: X.
    /// Glorot, Y. Bengio, *Understanding the difficulty of training deep feedforward neural
    /// networks*, AISTATS 2010, equation 16.
    Xavier,
    /// Weights from N(0, 2/n_in), biases 0: for ReLU units, half of which are silent. Source: K. He
    /// et al., *Delving deep into rectifiers*, ICCV 2015, equation 10.
    He,
}

impl Init {
    /// Draws one parameter: as `f64`, in row-major order, then rounded.
    pub fn draw<T: Scalar>(self, parameter: &Parameter, random: &mut impl Rng) -> ArrayD<T> {
        let mut normal = |deviation: f64| {
            let normal: f64 = StandardNormal.sample(random);
            deviation * normal
        };
        let shape = parameter.shape.as_slice();
        let array: ArrayD<f64> = match (parameter.role, self) {
            (Role::Start(value), _) => ArrayD::from_elem(shape, value),
            (Role::Biases, Init::Xavier | Init::He) => ArrayD::zeros(shape),
            (_, Init::Normal) | (Role::Biases, Init::Scaled) => {
                ArrayD::from_shape_simple_fn(shape, || normal(1.0))
            }
            (Role::Weights { fan_in, .. }, Init::Scaled) => {
                let deviation = 1.0 / (fan_in as f64).sqrt();
                ArrayD::from_shape_simple_fn(shape, || normal(deviation))
            }
            (Role::Weights { fan_in, .. }, Init::He) => {
                let deviation = (2.0 / fan_in as f64).sqrt();
                ArrayD::from_shape_simple_fn(shape, || normal(deviation))
            }
            (Role::Weights { fan_in, fan_out }, Init::Xavier) => {
                let r = (6.0 / (fan_in + fan_out) as f64).sqrt();
                ArrayD::from_shape_simple_fn(shape, || random.random_range(-r..=r))
            }
        };
        array.mapv(T::from_double)
    }

    /// Draws all parameters of a network, in its order.
    pub fn draw_all<T: Scalar>(self, network: &Network, random: &mut impl Rng) -> Arrays<T> {
        let draw = |parameter: Parameter| {
            let array = self.draw(&parameter, random);
            (parameter.name, array)
        };
        network.parameters().into_iter().map(draw).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::ChaCha8Rng;

    #[test]
    fn deviations_are_as_stated() {
        let weights = Role::Weights { fan_in: 400, fan_out: 100 };
        let deviation = |init: Init, role| {
            let parameter = Parameter::new("w", [100, 400], role);
            let array = init.draw::<f64>(&parameter, &mut ChaCha8Rng::seed_from_u64(3));
            let mean = array.mean().unwrap();
            assert!(mean.abs() < 0.02, "{mean}");
            array.std(0.0)
        };
        // 40,000 draws: the deviation is known to one part in 280; five of these are allowed.
        let close = |a: f64, b: f64| assert!((a / b - 1.0).abs() < 5.0 / 280.0, "{a}, not {b}");
        close(deviation(Init::Scaled, weights), 0.05);
        close(deviation(Init::Scaled, Role::Biases), 1.0);
        close(deviation(Init::Normal, weights), 1.0);
        close(deviation(Init::Normal, Role::Biases), 1.0);
        close(deviation(Init::He, weights), (2.0f64 / 400.0).sqrt());
        // An even distribution from -r to r has the variance r²/3.
        close(deviation(Init::Xavier, weights), (2.0f64 / 500.0).sqrt());
        for init in [Init::Xavier, Init::He] {
            assert_eq!(deviation(init, Role::Biases), 0.0);
        }
    }

    #[test]
    fn other_parameters_start_at_their_value() {
        for init in [Init::Scaled, Init::Normal, Init::Xavier, Init::He] {
            let gamma = Parameter::new("gamma", [2], Role::Start(1.0));
            let drawn = init.draw::<f32>(&gamma, &mut ChaCha8Rng::seed_from_u64(1));
            assert_eq!(drawn, ndarray::array![1.0, 1.0].into_dyn());
        }
    }
}
