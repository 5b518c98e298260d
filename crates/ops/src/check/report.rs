//! What a gradient check found.

use std::fmt;

/// What a check found.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The seed of the directions.
    pub seed: u64,
    /// Every comparison made.
    pub differences: Vec<Difference>,
    /// How many elements were compared with finite differences, for each order and input.
    pub elements: Vec<Coverage>,
}

/// How many elements of an input were compared with finite differences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    /// The order of the derivative.
    pub order: usize,
    /// The input's name.
    pub input: String,
    /// How many elements were compared.
    pub compared: usize,
    /// How many elements it has.
    pub of: usize,
}

/// One comparison.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// The order of the derivative.
    pub order: usize,
    /// What was compared.
    pub of: Compared,
    /// The derivative by reverse mode.
    pub derivative: f64,
    /// What it was compared with: forward mode, or the extrapolated finite difference.
    pub other: f64,
    /// How far apart they may be.
    pub bound: f64,
    /// The outcome.
    pub verdict: Verdict,
}

/// What was compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compared {
    /// The inner product of random directions u and v with the Jacobian J: ⟨v, J u⟩.
    Directions,
    /// The derivative by an element of an input.
    Element {
        /// The input's name.
        input: String,
        /// The element's place in row-major order.
        element: usize,
    },
}

impl fmt::Display for Compared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Compared::Directions => f.write_str("⟨v, J u⟩"),
            Compared::Element { input, element } => write!(f, "`{input}` element {element}"),
        }
    }
}

/// The outcome of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// They agree within the bound.
    Agrees,
    /// They do not.
    Differs,
    /// The finite difference is not known to within the bound, so it proves nothing.
    Inconclusive,
}

impl Report {
    /// Whether everything agrees. An inconclusive comparison is not a pass, and neither is a report
    /// without any finite difference.
    pub fn passed(&self) -> bool {
        let compared: usize = self.elements.iter().map(|coverage| coverage.compared).sum();
        compared > 0 && self.failures().next().is_none()
    }

    /// The comparisons that do not agree.
    pub fn failures(&self) -> impl Iterator<Item = &Difference> {
        self.differences.iter().filter(|difference| difference.verdict != Verdict::Agrees)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (failed, all) = (self.failures().count(), self.differences.len());
        write!(
            f,
            "gradient check, seed {}: {} of {all} comparisons agree",
            self.seed,
            all - failed
        )?;
        let nothing = if self.elements.is_empty() { " nothing" } else { "" };
        write!(f, "; finite differences for{nothing}")?;
        for (k, Coverage { order, input, compared, of }) in self.elements.iter().enumerate() {
            let separator = if k == 0 { "" } else { "," };
            write!(f, "{separator} {compared} of {of} elements of `{input}` (order {order})")?;
        }
        for Difference { order, of, derivative, other, bound, verdict } in self.failures() {
            write!(f, "\n  order {order}, {of}: {derivative:e} against {other:e}, ")?;
            write!(f, "bound {bound:.1e}: {verdict:?}")?;
        }
        Ok(())
    }
}
