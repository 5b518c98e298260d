//! Where the parameters start.

use gradus_ops::{Arrays, Scalar};
use ndarray::ArrayD;
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};

use crate::{Network, Parameter};

/// A distribution that the initial parameters are drawn from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Init {
    /// Weights from N(0, 1/n_in), where n_in is the number of a unit's inputs, biases from
    /// N(0, 1): the weighted input of a unit has a variance that does not grow with its inputs, so
    /// that it does not start saturated. Source: M. Nielsen, *Neural Networks and Deep Learning*,
    /// chapter 3.
    Scaled,
    /// Weights and biases from N(0, 1). Source: the same, chapter 1.
    Normal,
}

impl Init {
    /// Draws one parameter: as `f64`, in row-major order, then rounded.
    pub fn draw<T: Scalar>(self, parameter: &Parameter, random: &mut impl Rng) -> ArrayD<T> {
        let deviation = match (self, parameter.fan_in) {
            (Init::Scaled, Some(inputs)) => 1.0 / (inputs as f64).sqrt(),
            _ => 1.0,
        };
        ArrayD::from_shape_simple_fn(parameter.shape.as_slice(), || {
            let normal: f64 = StandardNormal.sample(random);
            T::from_double(deviation * normal)
        })
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
        let parameter = |fan_in| Parameter { name: "w".into(), shape: vec![100, 400], fan_in };
        let deviation = |init: Init, fan_in| {
            let random = &mut ChaCha8Rng::seed_from_u64(3);
            let array = init.draw::<f64>(&parameter(fan_in), random);
            let mean = array.mean().unwrap();
            assert!(mean.abs() < 0.02, "{mean}");
            array.std(0.0)
        };
        // 40,000 draws: the deviation is known to one part in 280; five of these are allowed.
        let close = |a: f64, b: f64| (a / b - 1.0).abs() < 5.0 / 280.0;
        assert!(close(deviation(Init::Scaled, Some(400)), 0.05));
        assert!(close(deviation(Init::Scaled, None), 1.0));
        assert!(close(deviation(Init::Normal, Some(400)), 1.0));
    }
}
