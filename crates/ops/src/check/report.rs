//! What a gradient check found.

use std::fmt;

use super::taylor::Taylor;

/// What a check found.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Report {
    /// The seeds of the directions.
    pub seeds: Vec<u64>,
    /// Every comparison made.
    pub differences: Vec<Difference>,
    /// How many elements were compared with finite differences, for each order and input.
    pub elements: Vec<Coverage>,
    /// The remainders of Taylor expansions.
    pub taylor: Vec<Taylor>,
    /// What was not tried, and why.
    pub untried: Vec<String>,
    /// The rule that is to blame, if something differs and a rule is wrong by itself.
    pub blame: Option<Blame>,
}

/// What the derivatives are tested by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub enum Test {
    /// Forward against reverse mode.
    Modes,
    /// Finite differences in `f64`, extrapolated, with an estimate of their error.
    Differences,
    /// Finite differences in 31 digits.
    Digits,
    /// The order in which remainders of Taylor expansions vanish.
    Taylor,
    /// `f32` and `f64` against 31 digits.
    Rounding,
    /// Other evaluators against the reference evaluator.
    Evaluators,
}

impl Test {
    /// All tests, in the order in which they are made.
    pub const ALL: [Self; 6] = [
        Self::Modes,
        Self::Differences,
        Self::Digits,
        Self::Taylor,
        Self::Rounding,
        Self::Evaluators,
    ];

    /// What is compared, and how far apart two values may be, in words.
    pub fn words(self) -> &'static str {
        match self {
            Test::Modes => "forward against reverse mode, to 1e-12 of the sum of absolute terms",
            Test::Differences => "differences in f64, to 1e-10 + 1e-8 |n|",
            Test::Digits => "differences in 31 digits, to 1e-16 + 1e-13 |n|",
            Test::Taylor => "Taylor remainders, slopes of at least 1.95 and 2.95",
            Test::Rounding => "f32 and f64 against more digits, to what rounding explains",
            Test::Evaluators => "other evaluators, to what rounding explains",
        }
    }
}

/// How many elements of an input were compared with finite differences.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Coverage {
    /// The order of the derivative.
    pub order: usize,
    /// The input's name.
    pub input: String,
    /// How many elements were compared.
    pub compared: usize,
    /// How many elements it has. All of them are in the directions, too.
    pub of: usize,
}

/// One comparison.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Difference {
    /// The order of the derivative.
    pub order: usize,
    /// By which test.
    pub test: Test,
    /// What was compared.
    pub of: Compared,
    /// The derivative by reverse mode, or what is tested; for [`Test::Taylor`] a slope.
    pub derivative: f64,
    /// What it was compared with.
    pub other: f64,
    /// How far apart they are, taken before they were rounded to 16 digits.
    pub apart: f64,
    /// What it was compared with, in words.
    pub against: String,
    /// How far apart they may be.
    pub bound: f64,
    /// The outcome.
    pub verdict: Verdict,
    /// Why it is inconclusive, or where the kink is.
    pub note: Option<String>,
}

/// What was compared.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub enum Compared {
    /// The outputs y, as ⟨v, y⟩ with the direction v of a seed.
    Value {
        /// The seed.
        seed: u64,
    },
    /// The derivative along a whole direction: ⟨v, J u⟩ with the directions of a seed, J being the
    /// Jacobian.
    Direction {
        /// The seed.
        seed: u64,
    },
    /// The derivative of ⟨v, y⟩ by an element of an input, with the direction v of the first seed.
    Element {
        /// The input's name.
        input: String,
        /// The element's place in row-major order.
        element: usize,
        /// The element's indices.
        index: Vec<usize>,
    },
}

impl fmt::Display for Compared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Compared::Value { seed } => write!(f, "⟨v, y⟩ (seed {seed})"),
            Compared::Direction { seed } => write!(f, "⟨v, J u⟩ (seed {seed})"),
            Compared::Element { input, index, .. } => write!(f, "`{input}` element {index:?}"),
        }
    }
}

/// The outcome of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub enum Verdict {
    /// They agree within the bound.
    Agrees,
    /// They do not.
    Differs,
    /// What is compared with is not known to within the bound, so it proves nothing.
    Inconclusive,
    /// The difference in `f64` is not known to within its bound; that in 31 digits is, and agrees.
    Settled,
    /// There is a kink at the point, or so near that the difference looks across it, and the
    /// derivative is between the slopes to its left and its right.
    Kink,
}

/// The rule that is to blame for a wrong derivative, found by testing each node's rules by
/// themselves at the values that its operands have.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Blame {
    /// The order of the derivative that was wrong.
    pub order: usize,
    /// The operation with its attributes, as in a printed graph.
    pub operation: String,
    /// The node: number, label, shape and line.
    pub node: String,
    /// The node's label.
    pub label: Option<String>,
    /// The line of the user's source, `file:line`.
    pub line: Option<String>,
    /// The rule, as in `the pullback of operand 0 (x)`.
    pub rule: String,
    /// Where: indices in the operand for a pullback, in the result for a pushforward.
    pub index: Vec<usize>,
    /// What the rule gives there.
    pub derivative: f64,
    /// What the finite difference of the operation's kernel is there.
    pub other: f64,
    /// How far apart they may be.
    pub bound: f64,
}

impl Report {
    /// Whether nothing differs and nothing is inconclusive, and there was a finite difference that
    /// agrees. What 31 digits settle is no failure; nor is a kink, but alone it is no pass.
    pub fn passed(&self) -> bool {
        let proves = |d: &Difference| {
            matches!(d.test, Test::Differences | Test::Digits) && d.verdict == Verdict::Agrees
        };
        self.failures().next().is_none() && self.differences.iter().any(proves)
    }

    /// The comparisons that differ or are inconclusive.
    pub fn failures(&self) -> impl Iterator<Item = &Difference> {
        let fails = |d: &&Difference| matches!(d.verdict, Verdict::Differs | Verdict::Inconclusive);
        self.differences.iter().filter(fails)
    }

    /// The comparisons that met a kink.
    pub fn kinks(&self) -> impl Iterator<Item = &Difference> {
        self.differences.iter().filter(|difference| difference.verdict == Verdict::Kink)
    }

    /// The comparisons with differences in `f64` that only 31 digits settle.
    pub fn settled(&self) -> impl Iterator<Item = &Difference> {
        self.differences.iter().filter(|difference| difference.verdict == Verdict::Settled)
    }

    /// The comparisons of one test.
    pub fn of(&self, test: Test) -> impl Iterator<Item = &Difference> {
        self.differences.iter().filter(move |difference| difference.test == test)
    }
}

impl Difference {
    /// How far apart the two are, as a share of the bound; for a slope, 0 or more than 1.
    pub fn share(&self) -> f64 {
        if self.test == Test::Taylor {
            return if self.verdict == Verdict::Agrees { 0.0 } else { f64::INFINITY };
        }
        if self.apart == 0.0 { 0.0 } else { self.apart / self.bound }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (failed, all) = (self.failures().count(), self.differences.len());
        let (kinks, settled) = (self.kinks().count(), self.settled().count());
        let seeds: Vec<String> = self.seeds.iter().map(u64::to_string).collect();
        write!(f, "gradient check, seeds {}: ", seeds.join(", "))?;
        write!(f, "{} of {all} comparisons agree", all - failed - kinks - settled)?;
        if settled > 0 {
            write!(f, ", {settled} known in 31 digits only")?;
        }
        if kinks > 0 {
            write!(f, ", {kinks} at kinks")?;
        }
        for test in Test::ALL {
            let (mut made, mut agree, mut most) = (0, 0, 0f64);
            for difference in self.of(test) {
                made += 1;
                if difference.verdict == Verdict::Agrees {
                    agree += 1;
                    most = most.max(difference.share());
                }
            }
            if made > 0 {
                write!(f, "\n  {agree} of {made}: {}", test.words())?;
                if test != Test::Taylor && agree > 0 {
                    write!(f, "; at most {most:.0e} of that")?;
                }
            }
        }
        for order in
            self.elements.iter().map(|c| c.order).collect::<std::collections::BTreeSet<_>>()
        {
            let of_order = self.elements.iter().filter(|coverage| coverage.order == order);
            let list: Vec<String> = of_order
                .map(|Coverage { input, compared, of, .. }| {
                    format!("{compared} of {of} in `{input}`")
                })
                .collect();
            write!(f, "\n  elements, order {order}: {}", list.join(", "))?;
        }
        if self.elements.is_empty() {
            write!(f, "\n  no element was compared with a finite difference")?;
        }
        for untried in &self.untried {
            write!(f, "\n  not tried: {untried}")?;
        }
        for difference in self.kinks().chain(self.failures()) {
            write!(f, "\n  {difference}")?;
        }
        match &self.blame {
            Some(blame) => write!(f, "\n  {blame}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { order, of, derivative, other, against, bound, verdict, note, .. } = self;
        write!(f, "order {order}, {of}: {derivative:e} against {other:e} ({against}), ")?;
        write!(f, "bound {bound:.1e}: {verdict}")?;
        match note {
            Some(note) => write!(f, ", {note}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Verdict::Agrees => "agrees",
            Verdict::Differs => "differs",
            Verdict::Inconclusive => "inconclusive",
            Verdict::Settled => "known in 31 digits",
            Verdict::Kink => "within the slopes",
        })
    }
}

impl fmt::Display for Blame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { operation, node, rule, index, derivative, other, bound, .. } = self;
        write!(f, "to blame: {rule} of {operation}\n    {node}\n    ")?;
        write!(f, "at {index:?} it gives {derivative:e}, and the difference of its kernel is ")?;
        write!(f, "{other:e}, bound {bound:.1e}")
    }
}
