//! Backpropagation through a convolutional network, derived by hand: the recursion of Y. and
//! S. Wakui, *The Mathematics of Deep Learning*, sections 5-3 to 5-6, as loops over filters, cells
//! and examples, against the graph's. The book's network has 6×6 pictures, three filters 3×3, 2×2
//! pooling and three outputs; here the sizes vary.

use gradus::ndarray::ArrayD;
use gradus::ops::{
    Arrays, Convolution, Expr, Graph, Inputs, Pooling, adjoints, broadcast, conv2d, evaluate,
    input, matmul, max_pool2d, param, reshape, sigmoid, squared_error, transpose,
};
use proptest::prelude::*;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

/// Sizes of a network: pictures of s×s, K filters of m×m, feature maps of 2P×2P, pooled to P×P, and
/// outputs.
#[derive(Clone, Copy, Debug)]
struct Sizes {
    filters: usize,
    filter: usize,
    pooled: usize,
    outputs: usize,
}

impl Sizes {
    fn map(self) -> usize {
        2 * self.pooled
    }

    fn picture(self) -> usize {
        self.map() + self.filter - 1
    }

    /// The names and shapes of the parameters: filters, their biases, output weights and biases.
    fn parameters(self) -> [(&'static str, Vec<usize>); 4] {
        let Sizes { filters, filter, pooled, outputs } = self;
        [
            ("wF", vec![filters, 1, filter, filter]),
            ("bF", vec![filters]),
            ("wO", vec![outputs, filters * pooled * pooled]),
            ("bO", vec![outputs]),
        ]
    }
}

/// The nodes of the network that the book has names for.
struct Network<'g> {
    z_filter: Expr<'g>,
    z_output: Expr<'g>,
    cost: Expr<'g>,
    parameters: Vec<Expr<'g>>,
}

fn network(g: &Graph, sizes: Sizes) -> Network<'_> {
    let Sizes { filters, pooled, outputs, .. } = sizes;
    let s = sizes.picture();
    let (x, t) = (input(g, "x", ("n", 1, s, s)), input(g, "t", ("n", outputs)));
    let parameters: Vec<_> =
        sizes.parameters().iter().map(|(name, shape)| param(g, name, shape.as_slice())).collect();
    let maps = conv2d(x, parameters[0], Convolution::default());
    let z_filter = maps + broadcast(parameters[1], [0, 2, 3], maps.shape());
    let a_pooled = max_pool2d(sigmoid(z_filter), Pooling::new(2, 2));
    let flat = reshape(a_pooled, ("n", filters * pooled * pooled));
    let z_output = matmul(flat, transpose(parameters[2])) + parameters[3];
    let cost = squared_error(sigmoid(z_output), t);
    Network { z_filter, z_output, cost, parameters }
}

/// δ of the feature maps and of the outputs for each example, and the gradients, by the recursion.
fn by_hand(sizes: Sizes, at: &Arrays<f64>, examples: usize) -> [ArrayD<f64>; 6] {
    let Sizes { filters, filter, pooled, outputs } = sizes;
    let map = sizes.map();
    let sigma = |z: f64| 1.0 / (1.0 + (-z).exp());
    let (x, t) = (&at["x"], &at["t"]);
    let [w_f, b_f, w_o, b_o] = ["wF", "bF", "wO", "bO"].map(|name| &at[name]);
    let weight = |n: usize, k: usize, i: usize, j: usize| w_o[[n, (k * pooled + i) * pooled + j]];
    let zeros = |shape: &[usize]| ArrayD::<f64>::zeros(shape);
    let mut delta_f = zeros(&[examples, filters, map, map]);
    let mut delta_o = zeros(&[examples, outputs]);
    let [mut dw_f, mut db_f, mut dw_o, mut db_o] =
        sizes.parameters().map(|(_, shape)| zeros(&shape));
    for e in 0..examples {
        // z^F_ij = Σ w_pq x_(i+p-1)(j+q-1) + b, and the sigmoid of it.
        let mut a_f = zeros(&[filters, map, map]);
        for k in 0..filters {
            for i in 0..map {
                for j in 0..map {
                    let mut z = b_f[[k]];
                    for p in 0..filter {
                        for q in 0..filter {
                            z += w_f[[k, 0, p, q]] * x[[e, 0, i + p, j + q]];
                        }
                    }
                    a_f[[k, i, j]] = sigma(z);
                }
            }
        }
        // a^P, the largest of each block, and where it is: the first of equals.
        let mut a_p = zeros(&[filters, pooled, pooled]);
        let mut largest = vec![vec![vec![(0, 0); pooled]; pooled]; filters];
        for k in 0..filters {
            for i in 0..pooled {
                for j in 0..pooled {
                    let mut best = f64::NEG_INFINITY;
                    for (p, q) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                        let a = a_f[[k, 2 * i + p, 2 * j + q]];
                        if a > best {
                            best = a;
                            largest[k][i][j] = (2 * i + p, 2 * j + q);
                        }
                    }
                    a_p[[k, i, j]] = best;
                }
            }
        }
        // δ^O_n = (a^O_n - t_n) a'(z^O_n), and ∂C/∂w^O = δ^O a^P, ∂C/∂b^O = δ^O.
        for n in 0..outputs {
            let mut z = b_o[[n]];
            for k in 0..filters {
                for i in 0..pooled {
                    for j in 0..pooled {
                        z += weight(n, k, i, j) * a_p[[k, i, j]];
                    }
                }
            }
            let a = sigma(z);
            let delta = (a - t[[e, n]]) * a * (1.0 - a);
            delta_o[[e, n]] = delta;
            db_o[[n]] += delta;
            for k in 0..filters {
                for i in 0..pooled {
                    for j in 0..pooled {
                        dw_o[[n, (k * pooled + i) * pooled + j]] += delta * a_p[[k, i, j]];
                    }
                }
            }
        }
        // δ^F_ij = {Σ_n δ^O_n w^O_n} × (1 if the largest of its block, else 0) × a'(z^F_ij).
        for k in 0..filters {
            for i in 0..map {
                for j in 0..map {
                    if largest[k][i / 2][j / 2] != (i, j) {
                        continue;
                    }
                    let mut sum = 0.0;
                    for n in 0..outputs {
                        sum += delta_o[[e, n]] * weight(n, k, i / 2, j / 2);
                    }
                    let a = a_f[[k, i, j]];
                    let delta = sum * a * (1.0 - a);
                    delta_f[[e, k, i, j]] = delta;
                    // ∂C/∂w^F_pq = Σ δ^F_ij x_(i+p-1)(j+q-1), ∂C/∂b^F = Σ δ^F_ij.
                    db_f[[k]] += delta;
                    for p in 0..filter {
                        for q in 0..filter {
                            dw_f[[k, 0, p, q]] += delta * x[[e, 0, i + p, j + q]];
                        }
                    }
                }
            }
        }
    }
    [delta_f, delta_o, dw_f, db_f, dw_o, db_o]
}

/// Values for everything; pictures are of 0 and 1 if `binary`, as the book's, and then have ties.
fn draw(sizes: Sizes, examples: usize, binary: bool, seed: u64) -> Arrays<f64> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let s = sizes.picture();
    let data = [("x", vec![examples, 1, s, s]), ("t", vec![examples, sizes.outputs])];
    let mut at = Arrays::new();
    for (name, shape) in sizes.parameters().into_iter().chain(data) {
        let mut number = || {
            let x: f64 = random.random_range(-1.0..1.0);
            if binary && name == "x" { f64::from(x > 0.0) } else { x }
        };
        at.insert(name.to_owned(), ArrayD::from_shape_simple_fn(shape, &mut number));
    }
    at
}

#[test]
fn the_books_network_has_69_parameters() {
    let sizes = Sizes { filters: 3, filter: 3, pooled: 2, outputs: 3 };
    let count = |(_, shape): (&str, Vec<usize>)| shape.iter().product::<usize>();
    assert_eq!(sizes.parameters().map(count), [27, 3, 36, 3]);
    assert_eq!((sizes.picture(), sizes.map()), (6, 4));
}

proptest! {
    #[test]
    fn the_graph_backpropagates_as_the_book_does(
        filters in 1..4usize, filter in 1..4usize, pooled in 1..3usize, outputs in 1..4usize,
        examples in 1..4usize, binary in any::<bool>(), seed in any::<u64>(),
    ) {
        let sizes = Sizes { filters, filter, pooled, outputs };
        let at = draw(sizes, examples, binary, seed);
        let g = Graph::new();
        let Network { z_filter, z_output, cost, parameters } = network(&g, sizes);
        let all = adjoints(cost, &parameters).unwrap();
        let nodes = [z_filter, z_output].into_iter().chain(parameters);
        let derivatives: Vec<_> = nodes.map(|x| all.of(x).unwrap()).collect();
        let values = evaluate(&derivatives, &Inputs::new().with_all(&at)).unwrap();
        for (k, (got, want)) in values.iter().zip(by_hand(sizes, &at, examples)).enumerate() {
            prop_assert_eq!(got.shape(), want.shape());
            for (got, want) in got.iter().zip(&want) {
                let bound = 1e-12 * want.abs().max(1.0);
                prop_assert!((got - want).abs() <= bound, "{}: {} by hand {}", k, got, want);
            }
        }
    }
}
