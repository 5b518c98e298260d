//! Shapes with named axes.
//!
//! Invariant: a dimension is a monomial, a size times named axes, kept in one canonical form; so
//! equal dimensions compare equal, whatever the sizes that the axes get at run time.

use std::fmt;
use std::ops::Mul;
use std::sync::{Arc, LazyLock};

use crate::operation::has_axis;

/// One dimension of an array: a size, times named axes whose sizes are known only at run time.
///
/// `Dim::from(784)` is a plain size, `Dim::from("n")` a named axis, and their product is what
/// flattening an array of `n` pictures gives, `784·n`. A size of 0 absorbs its axes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Dim {
    size: usize,
    axes: Vec<Arc<str>>,
}

impl Dim {
    /// A named axis.
    ///
    /// # Errors
    ///
    /// If the name does not begin with a letter, or has characters other than letters, digits and
    /// `_`: it could not be told from a size or a product.
    pub fn named(name: &str) -> Result<Self, String> {
        let letter = name.chars().next().is_some_and(char::is_alphabetic);
        if letter && name.chars().all(|c| c.is_alphanumeric() || c == '_') {
            return Ok(Self { size: 1, axes: vec![name.into()] });
        }
        Err(format!("`{name}` is no axis name: a letter, then letters, digits and _"))
    }

    /// The size without the named axes.
    pub fn size(&self) -> usize {
        self.size
    }

    /// The named axes, in alphabetical order; one that occurs squared is there twice.
    pub fn axes(&self) -> &[Arc<str>] {
        &self.axes
    }

    /// The size, if there are no named axes.
    pub fn plain(&self) -> Option<usize> {
        self.axes.is_empty().then_some(self.size)
    }
}

impl From<usize> for Dim {
    fn from(size: usize) -> Self {
        Self { size, axes: Vec::new() }
    }
}

impl From<&str> for Dim {
    /// A named axis; see [`Dim::named`] for names that come from outside the program.
    ///
    /// # Panics
    ///
    /// If the name is no name.
    #[track_caller]
    fn from(name: &str) -> Self {
        match Self::named(name) {
            Ok(dim) => dim,
            Err(error) => panic!("{error}"),
        }
    }
}

impl Mul for Dim {
    type Output = Self;

    /// # Panics
    ///
    /// If the size is more than fits.
    fn mul(mut self, other: Self) -> Self {
        let size = self.size.checked_mul(other.size);
        self.size = size.unwrap_or_else(|| panic!("a dimension {self} times {other} is too large"));
        self.axes.extend(other.axes);
        self.axes.sort();
        if self.size == 0 {
            self.axes.clear();
        }
        self
    }
}

impl fmt::Display for Dim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let axes = self.axes.join("·");
        match (self.size, axes.is_empty()) {
            (size, true) => write!(f, "{size}"),
            (1, false) => write!(f, "{axes}"),
            (size, false) => write!(f, "{size}·{axes}"),
        }
    }
}

/// The shape of an array: its dimensions, outermost first. Cheap to copy about.
///
/// Made from `()` (a single number), from sizes (`[2, 3]`), from tuples that mix axes and sizes
/// (`("n", 784)`), or from a vector of [`Dim`]s.
///
/// ```
/// use gradus_ops::Shape;
/// assert_eq!(Shape::from(("n", 784)).to_string(), "[n, 784]");
/// assert_eq!(Shape::from(("n", 28, 28)).len().to_string(), "784·n");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Shape(Arc<Vec<Dim>>);

impl Shape {
    /// The shape of a single number.
    pub fn scalar() -> Self {
        static SCALAR: LazyLock<Shape> = LazyLock::new(|| Shape(Arc::default()));
        SCALAR.clone()
    }

    /// The dimensions.
    pub fn dims(&self) -> &[Dim] {
        &self.0
    }

    /// How many dimensions there are.
    pub fn rank(&self) -> usize {
        self.0.len()
    }

    /// How many numbers an array of this shape has: the product of its dimensions, 1 for a scalar.
    pub fn len(&self) -> Dim {
        self.0.iter().cloned().fold(Dim::from(1), Dim::mul)
    }

    /// Whether there are no numbers in it, whatever the sizes of named axes.
    pub fn is_empty(&self) -> bool {
        self.len().size == 0
    }

    /// This shape without some of its axes.
    pub fn without(&self, axes: Axes) -> Self {
        let kept = self.0.iter().enumerate().filter(|&(k, _)| !axes.contains(k));
        kept.map(|(_, dim)| dim.clone()).collect()
    }

    /// The leading axes of `longer` that come before this shape, if this shape is its tail.
    pub fn tail_of(&self, longer: &Self) -> Option<Axes> {
        let lead = longer.rank().checked_sub(self.rank())?;
        (longer.0[lead..] == self.0[..]).then(|| (0..lead).collect())
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dims: Vec<String> = self.0.iter().map(Dim::to_string).collect();
        write!(f, "[{}]", dims.join(", "))
    }
}

impl FromIterator<Dim> for Shape {
    fn from_iter<I: IntoIterator<Item = Dim>>(dims: I) -> Self {
        Self(Arc::new(dims.into_iter().collect()))
    }
}

impl From<Vec<Dim>> for Shape {
    fn from(dims: Vec<Dim>) -> Self {
        Self(Arc::new(dims))
    }
}

impl From<&[usize]> for Shape {
    fn from(sizes: &[usize]) -> Self {
        sizes.iter().map(|&size| Dim::from(size)).collect()
    }
}

impl<const N: usize> From<[usize; N]> for Shape {
    fn from(sizes: [usize; N]) -> Self {
        sizes.as_slice().into()
    }
}

impl From<()> for Shape {
    fn from((): ()) -> Self {
        Self::scalar()
    }
}

impl<A: Into<Dim>> From<(A,)> for Shape {
    fn from((a,): (A,)) -> Self {
        vec![a.into()].into()
    }
}

impl<A: Into<Dim>, B: Into<Dim>> From<(A, B)> for Shape {
    fn from((a, b): (A, B)) -> Self {
        vec![a.into(), b.into()].into()
    }
}

impl<A: Into<Dim>, B: Into<Dim>, C: Into<Dim>> From<(A, B, C)> for Shape {
    fn from((a, b, c): (A, B, C)) -> Self {
        vec![a.into(), b.into(), c.into()].into()
    }
}

impl<A: Into<Dim>, B: Into<Dim>, C: Into<Dim>, D: Into<Dim>> From<(A, B, C, D)> for Shape {
    fn from((a, b, c, d): (A, B, C, D)) -> Self {
        vec![a.into(), b.into(), c.into(), d.into()].into()
    }
}

/// A set of axes by position, counted from 0 at the outermost; at most 32 positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Axes(u32);

impl Axes {
    /// Whether the axis is in the set.
    pub fn contains(self, axis: usize) -> bool {
        axis < 32 && self.0 >> axis & 1 == 1
    }

    /// How many axes there are.
    pub fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The axes, ascending.
    pub fn iter(self) -> impl DoubleEndedIterator<Item = usize> {
        (0..32).filter(move |&axis| self.contains(axis))
    }

    /// An error sentence if the shape does not have one of the axes.
    pub(crate) fn within(self, shape: &Shape) -> Result<(), String> {
        self.iter().try_for_each(|axis| has_axis(shape, axis))
    }
}

impl FromIterator<usize> for Axes {
    /// # Panics
    ///
    /// If an axis is 32 or more.
    #[track_caller]
    fn from_iter<I: IntoIterator<Item = usize>>(axes: I) -> Self {
        Self(axes.into_iter().fold(0, |set, axis| {
            assert!(axis < 32, "axis {axis}: arrays have at most 32 axes here");
            set | 1 << axis
        }))
    }
}

impl<const N: usize> From<[usize; N]> for Axes {
    #[track_caller]
    fn from(axes: [usize; N]) -> Self {
        axes.into_iter().collect()
    }
}

impl From<&[usize]> for Axes {
    #[track_caller]
    fn from(axes: &[usize]) -> Self {
        axes.iter().copied().collect()
    }
}

impl fmt::Display for Axes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let axes: Vec<String> = self.iter().map(|axis| axis.to_string()).collect();
        write!(f, "{}", axes.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dimensions_are_monomials_in_canonical_form() {
        let (n, m) = (Dim::from("n"), Dim::from("m"));
        assert_eq!(n.clone() * Dim::from(28) * m.clone(), m.clone() * n.clone() * Dim::from(28));
        assert_eq!((n.clone() * m.clone() * n.clone() * Dim::from(2)).to_string(), "2·m·n·n");
        assert_eq!((n.clone() * Dim::from(0)), Dim::from(0));
        assert_eq!(Dim::from(1).to_string(), "1");
        assert_eq!((Dim::from(3).plain(), n.plain()), (Some(3), None));
        assert_ne!(n, m);
    }

    #[test]
    fn shapes_print_as_they_are_written() {
        assert_eq!(Shape::from(()).to_string(), "[]");
        assert_eq!(Shape::from([2, 3]).to_string(), "[2, 3]");
        assert_eq!(Shape::from(("n",)).to_string(), "[n]");
        assert_eq!(Shape::from(("n", 1, 28, 28)).to_string(), "[n, 1, 28, 28]");
        assert_eq!(Shape::from(("n", 1, 28, 28)).len().to_string(), "784·n");
        assert_eq!(Shape::from(("n", 2, 3)).without(Axes::from([0, 2])), Shape::from([2]));
        assert!(Shape::from(("n", 0)).is_empty());
    }

    #[test]
    fn a_tail_is_found_without_knowing_sizes() {
        let image = Shape::from(("n", 30));
        assert_eq!(Shape::from([30]).tail_of(&image), Some(Axes::from([0])));
        assert_eq!(Shape::scalar().tail_of(&image), Some(Axes::from([0, 1])));
        assert_eq!(image.tail_of(&image), Some(Axes::from([])));
        assert_eq!(Shape::from(("n",)).tail_of(&image), None);
        assert_eq!(Shape::from(("m", "n", 30)).tail_of(&image), None);
    }

    #[test]
    #[should_panic(expected = "`28` is no axis name: a letter, then letters, digits and _")]
    fn a_number_is_no_axis_name() {
        let _ = Dim::from("28");
    }

    #[test]
    fn names_from_outside_are_checked() {
        assert_eq!(Dim::named("batch_2"), Ok(Dim::from("batch_2")));
        for name in ["", "2n", "n·m", "n m", "-"] {
            assert!(Dim::named(name).is_err(), "{name}");
        }
    }

    #[test]
    #[should_panic(expected = "axis 32: arrays have at most 32 axes here")]
    fn there_are_32_axes() {
        let _ = Axes::from([32]);
    }
}
