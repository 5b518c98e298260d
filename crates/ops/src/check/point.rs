//! Points, directions, and lines through a point.

use ndarray::ArrayD;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use crate::{Arrays, EvalError, Expr, Inputs, Op, Reference, Scalar, input};

/// An expression and the input of the graph that stands for its direction: v of an output, u of an
/// input.
pub(super) type Pairs<'g> = Vec<(Expr<'g>, Expr<'g>)>;

/// Directions of expressions, as inputs of the graph.
pub(super) fn directions<'g>(of: &[Expr<'g>], order: usize, letter: &str) -> Pairs<'g> {
    let name = |y: Expr<'_>| format!("check.{letter}{order}.{}", y.id().index());
    of.iter().map(|&y| (y, input(y.graph(), &name(y), y.shape()))).collect()
}

/// Draws the directions' arrays, signed and in the sizes of `values`, into the point.
pub(super) fn draw(
    pairs: &Pairs<'_>, values: &[ArrayD<f64>], random: &mut ChaCha8Rng, at: &mut Arrays<f64>,
) {
    for ((_, direction), value) in pairs.iter().zip(values) {
        let draw = || random.random_range(-1.0..1.0);
        let array = ArrayD::from_shape_simple_fn(value.raw_dim(), draw);
        at.insert(input_name(*direction), array);
    }
}

/// The generator of a seed's directions, for each order another one.
pub(super) fn generator(seed: u64, order: usize) -> ChaCha8Rng {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    random.set_stream(order as u64);
    random
}

/// The inner product of the directions with values, and the sum of its absolute terms.
pub(super) fn inner<T: Scalar>(pairs: &Pairs<'_>, values: &[ArrayD<T>], at: &Arrays<T>) -> (T, T) {
    let terms = pairs.iter().zip(values).flat_map(|((_, direction), value)| {
        at[&input_name(*direction)].iter().zip(value).map(|(&a, &b)| a * b)
    });
    let zero = (T::zero(), T::zero());
    terms.fold(zero, |(sum, absolute), term| (sum + term, absolute + term.abs()))
}

/// A line through the point, along which a function of it is a function of a number.
#[derive(Clone, Debug)]
pub(super) enum Line {
    /// An element of an input; the number is its value.
    Element { input: String, element: usize },
    /// A direction in inputs, by the names of each input and its direction; the number is how far.
    Direction(Vec<(String, String)>),
}

impl Line {
    /// The line of a direction of inputs.
    pub(super) fn along(pairs: &Pairs<'_>) -> Self {
        Self::Direction(pairs.iter().map(|&(x, u)| (input_name(x), input_name(u))).collect())
    }

    /// The names of the inputs that change along it.
    fn inputs(&self) -> Vec<&str> {
        match self {
            Line::Element { input, .. } => vec![input],
            Line::Direction(pairs) => pairs.iter().map(|(x, _)| x.as_str()).collect(),
        }
    }

    /// The number at the point itself.
    pub(super) fn start<T: Scalar>(&self, at: &Arrays<T>) -> T {
        match self {
            Line::Element { input, element } => flat(&at[input], *element),
            Line::Direction(_) => T::zero(),
        }
    }

    /// In proportion to what a step is meant: the size of an element, at least 1; along a direction
    /// such that the whole moves as far as one element would.
    pub(super) fn scale(&self, at: &Arrays<f64>) -> f64 {
        match self {
            Line::Element { .. } => self.start(at).abs().max(1.0),
            Line::Direction(pairs) => {
                let squares = pairs.iter().flat_map(|(_, u)| &at[u]).map(|u| u * u);
                1.0 / squares.sum::<f64>().sqrt().max(1.0)
            }
        }
    }

    /// Moves `moving`, a copy of the point `at`, to where the number is `t`.
    pub(super) fn place<T: Scalar>(&self, moving: &mut Arrays<T>, at: &Arrays<T>, t: T) {
        match self {
            Line::Element { input, element } => {
                let array = moving.get_mut(input).expect("the point has every input");
                *array.iter_mut().nth(*element).expect("within its length") = t;
            }
            Line::Direction(pairs) => {
                for (x, u) in pairs {
                    let array = moving.get_mut(x).expect("the point has every input");
                    ndarray::Zip::from(array)
                        .and(&at[x])
                        .and(&at[u])
                        .for_each(|moved, &x, &u| *moved = x + t * u);
                }
            }
        }
    }
}

/// A point, and the values that all nodes of an evaluator have there.
pub(super) struct Base<'a, T> {
    pub(super) at: &'a Arrays<T>,
    values: Vec<ArrayD<T>>,
}

impl<'a, T: Scalar> Base<'a, T> {
    pub(super) fn new(reference: &Reference, at: &'a Arrays<T>) -> Result<Self, EvalError> {
        Ok(Self { at, values: reference.values(&Inputs::new().with_all(at))? })
    }
}

/// ⟨v, y⟩ along a line: a function of one number.
pub(super) struct Along<'a, 'g, T> {
    reference: &'a Reference,
    v: &'a Pairs<'g>,
    line: &'a Line,
    base: &'a Base<'a, T>,
    /// The nodes whose values change along the line.
    dependents: Vec<bool>,
    moving: Arrays<T>,
}

impl<'a, 'g, T: Scalar> Along<'a, 'g, T> {
    pub(super) fn new(
        reference: &'a Reference, v: &'a Pairs<'g>, line: &'a Line, base: &'a Base<'a, T>,
    ) -> Self {
        let dependents = reference.dependents(&line.inputs());
        Self { reference, v, line, base, dependents, moving: base.at.clone() }
    }

    pub(super) fn value(&mut self, t: T) -> Result<T, EvalError> {
        self.line.place(&mut self.moving, self.base.at, t);
        let inputs = Inputs::new().with_all(&self.moving);
        let values = self.reference.revised(&self.base.values, &self.dependents, &inputs)?;
        Ok(inner(self.v, &values, self.base.at).0)
    }
}

/// The point in another number type.
pub(super) fn converted<T: Scalar>(at: &Arrays<f64>) -> Arrays<T> {
    at.iter().map(|(name, array)| (name.clone(), array.mapv(T::from_double))).collect()
}

pub(super) fn input_name(x: Expr<'_>) -> String {
    match x.op() {
        Op::Input(input) => input.name().to_owned(),
        _ => panic!("only an input can be varied, not\n  {}", x.describe()),
    }
}

/// An element by its place in row-major order.
pub(super) fn flat<T: Scalar>(array: &ArrayD<T>, element: usize) -> T {
    *array.iter().nth(element).expect("within its length")
}

/// The indices of an element, from its place in row-major order.
pub(crate) fn indices(sizes: &[usize], element: usize) -> Vec<usize> {
    let mut rest = element;
    let mut indices = vec![0; sizes.len()];
    for (index, &size) in indices.iter_mut().zip(sizes).rev() {
        (*index, rest) = (rest % size, rest / size);
    }
    indices
}

/// At most `most` of `len` places: all of them, or one in each of `most` equal stretches, at another
/// part of it each time (the multiples of the golden section), so that rows and columns are mixed.
pub(super) fn spread(len: usize, most: usize) -> impl Iterator<Item = usize> {
    let count = len.min(most);
    let stretch = len as f64 / count as f64;
    let part = move |k: usize| (k as f64 * 0.618_033_988_749_895).fract() * (stretch - 1.0);
    (0..count).map(move |k| (k as f64 * stretch + part(k)) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_different_and_in_many_rows_and_columns() {
        for (len, most) in [(1, 1), (7, 64), (64, 64), (65, 64), (48000, 64), (2400, 64), (150, 8)]
        {
            let places: Vec<usize> = spread(len, most).collect();
            assert_eq!(places.len(), len.min(most));
            assert!(places.windows(2).all(|w| w[0] < w[1]) && places.iter().all(|&k| k < len));
        }
        let columns: std::collections::BTreeSet<_> = spread(48000, 64).map(|k| k % 400).collect();
        assert!(columns.len() > 50, "{columns:?}");
    }
}
