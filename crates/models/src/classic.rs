//! The classic networks.

use crate::Activation::{Relu, Sigmoid, Softmax};
use crate::{Conv, Dense, Flatten, Layer, MaxPool, Network};

/// The network of 12 inputs, 3 hidden units and 2 outputs that tells 0 from 1 on pictures of 4×3
/// pixels, 47 parameters. Source: Y. and S. Wakui, *The Mathematics of Deep Learning*, sections
/// 1-5 and 3-2.
pub fn demons() -> Network {
    of(&[12], &[Dense::new(3, Sigmoid).into(), Dense::new(2, Sigmoid).into()])
}

/// The convolutional network that tells 1, 2 and 3 apart on pictures of 6×6 pixels: three filters
/// of 3×3, max-pooling by 2×2, three outputs; 69 parameters. Source: the same, section 5-3.
pub fn small_cnn() -> Network {
    of(
        &[1, 6, 6],
        &[
            Conv::new(3, 3, 3, Sigmoid).into(),
            MaxPool::new(2, 2).into(),
            Flatten.into(),
            Dense::new(3, Sigmoid).into(),
        ],
    )
}

/// The network of 784 inputs, 30 hidden units and 10 outputs for MNIST, 23,860 parameters. Source:
/// M. Nielsen, *Neural Networks and Deep Learning*, chapter 1.
pub fn mnist() -> Network {
    of(&[784], &[Dense::new(30, Sigmoid).into(), Dense::new(10, Sigmoid).into()])
}

/// A network for MNIST after LeNet-5: two convolutions of 5×5, of 6 and 16 filters, each with
/// max-pooling by 2×2, and dense layers of 120, 84 and 10 units, 61,706 parameters. Source: Y. LeCun
/// et al., *Gradient-based learning applied to document recognition*, 1998; here with ReLU and
/// softmax units, max-pooling, and 28×28 pixels with two rows and columns of zeros around them.
pub fn lenet() -> Network {
    of(
        &[1, 28, 28],
        &[
            Conv::new(6, 5, 5, Relu).padding(2, 2).into(),
            MaxPool::new(2, 2).into(),
            Conv::new(16, 5, 5, Relu).into(),
            MaxPool::new(2, 2).into(),
            Flatten.into(),
            Dense::new(120, Relu).into(),
            Dense::new(84, Relu).into(),
            Dense::new(10, Softmax).into(),
        ],
    )
}

fn of(input: &[usize], layers: &[Layer]) -> Network {
    Network::new(input, layers).expect("a classic network is one")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_have_as_many_parameters_as_the_books_say() {
        let counts = [demons(), small_cnn(), mnist(), lenet()].map(|network| network.count());
        assert_eq!(counts, [47, 69, 23_860, 61_706]);
    }
}
