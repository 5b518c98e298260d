//! A spreadsheet with live formulas: the same graph, worked through cell by cell.
//!
//! Each number of each labelled node is a cell, and its formula is written over the cells of what it
//! is computed from, as `=SUMPRODUCT(parameters!$B$8:$D$11,data!D5:F8)+parameters!$B$21`. Change a
//! weight, a pixel or η, and everything moves.
//!
//! There are two kinds of workbook.
//!
//! * Of a *network*, [`Spreadsheet::examples`] being the axis of its examples. On the worksheets
//!   `data`, `forward` and `backward` an example is a block of columns, and what is computed of all
//!   of them stands before them. On `parameters` the parameters, their gradients and their next
//!   values stand side by side: a step is to copy the next values, and to paste them onto the
//!   parameters. `history` has, as numbers, what so many steps make, and the cost as a curve.
//! * Of a *descent* of few numbers, [`Spreadsheet::descent`]: each step is a row, whose formulas
//!   read the row above. To go on, fill the last row down.
//!
//! # What has a cell
//!
//! Inputs; nodes with a label; the cost, the gradients and next values; and of the others those that
//! several formulas read, or that are too long to be written into one. So label what shall be seen,
//! as z and δ; the formula of δ then reads `=(a-t)*a*(1-a)`. An array is laid out as a column, or as
//! pictures below each other if it has three axes or more beside the examples' or is
//! [folded](Spreadsheet::fold). Where all of a sum's terms lie in ranges, it is a `SUMPRODUCT`,
//! `SUM`, `SUMSQ` or `SUMXMY2` of these.
//!
//! # What formulas compute
//!
//! What the reference kernels do, with the same conventions at kinks: of equal largest numbers in a
//! pooling window the first in row order wins. The order of a sum is the program's that computes it.
//! Sigmoid, softmax, softplus and their like do not overflow; the logarithms in softplus and in
//! cross-entropy are right to 10⁻¹⁶, not to 16 digits. A spreadsheet has neither infinities nor NaN,
//! and where numbers agree in about fifteen digits, its comparisons call them equal.
//!
//! Source: Y. and S. Wakui, *The Mathematics of Deep Learning*, sections 2-11, 3-5, 4-4, 5-4 and
//! 5-6, work through their networks in spreadsheets.

mod descent;
mod formula;
mod frame;
mod index;
mod layout;
mod network;
mod page;
mod place;
mod rules;
mod sum;
mod term;
mod trace;
mod write;

use std::collections::HashMap;
use std::path::Path;

use gradus_ops::{Arrays, EvalError, Expr, Inputs, Op};

use trace::Trace;

/// A workbook to be: what it shows of a graph, and how.
///
/// ```
/// use gradus_export::sheet::Spreadsheet;
/// use gradus_ops::{Arrays, Graph, Inputs, grad, input, param, square};
/// use ndarray::arr0;
///
/// let g = Graph::new();
/// let (x, y, eta) = (param(&g, "x", ()), param(&g, "y", ()), input(&g, "eta", ()));
/// let z = (square(x) + square(y)).named("z");
/// let [dx, dy] = grad(z, [x, y]);
/// let sheet = Spreadsheet::new("z = x² + y²")
///     .cost(z)
///     .update("x", dx, x - eta * dx)
///     .update("y", dy, y - eta * dy)
///     .descent(30);
/// let start = [("x", 3.0), ("y", 2.0)];
/// let start: Arrays<f64> = start.map(|(name, v)| (name.to_owned(), arr0(v).into_dyn())).into();
/// let eta = arr0(0.1);
/// let file = sheet.bytes(&start, &Inputs::new().with("eta", &eta))?;
/// assert!(file.starts_with(b"PK"), "a file of the format xlsx is a zip archive");
/// # Ok::<(), gradus_export::sheet::SheetError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Spreadsheet<'g> {
    title: String,
    axis: Option<String>,
    cost: Option<Expr<'g>>,
    shown: Vec<Expr<'g>>,
    parameters: Vec<Parameter<'g>>,
    folds: Vec<(Expr<'g>, Vec<usize>)>,
    descent: Option<usize>,
    history: usize,
    values: bool,
    limit: usize,
}

/// A parameter with its gradient and its next value.
#[derive(Clone, Debug)]
struct Parameter<'g> {
    name: String,
    gradient: Expr<'g>,
    next: Expr<'g>,
}

impl<'g> Spreadsheet<'g> {
    /// The most cells that a workbook has unless [`limit`](Self::limit) says otherwise.
    pub const LIMIT: usize = 250_000;

    /// A workbook that shows nothing yet.
    pub fn new(title: &str) -> Self {
        Self {
            title: title.to_owned(),
            axis: None,
            cost: None,
            shown: Vec::new(),
            parameters: Vec::new(),
            folds: Vec::new(),
            descent: None,
            history: 0,
            values: true,
            limit: Self::LIMIT,
        }
    }

    /// The named axis along which the examples lie: each of them becomes a block of columns.
    pub fn examples(self, axis: &str) -> Self {
        Self { axis: Some(axis.to_owned()), ..self }
    }

    /// The cost, a single number, which is drawn over the steps. Its cell has the name `cost`.
    pub fn cost(self, cost: Expr<'g>) -> Self {
        Self { cost: Some(cost), ..self }
    }

    /// A quantity to show that neither the cost nor an update needs.
    pub fn show(mut self, y: Expr<'g>) -> Self {
        self.shown.push(y);
        self
    }

    /// A parameter, by the name of its input, its gradient and its next value, both of its shape.
    pub fn update(mut self, name: &str, gradient: Expr<'g>, next: Expr<'g>) -> Self {
        self.parameters.push(Parameter { name: name.to_owned(), gradient, next });
        self
    }

    /// Lays the last axis of `x` out as if it were these axes: one of 12 pixels as `[4, 3]`, rows
    /// and columns. Their product must be its size; where it is not, there is no fold.
    pub fn fold(mut self, x: Expr<'g>, sizes: &[usize]) -> Self {
        self.folds.push((x, sizes.to_vec()));
        self
    }

    /// One row for each of so many steps, instead of one step over many cells.
    pub fn descent(self, steps: usize) -> Self {
        Self { descent: Some(steps), ..self }
    }

    /// So many steps computed beforehand, with the curve of the cost. A descent needs none.
    pub fn history(self, steps: usize) -> Self {
        Self { history: steps, ..self }
    }

    /// Whether formulas bring the values that the reference evaluator gives them, as they do by
    /// default: a viewer that does not calculate shows them. Without them each program calculates.
    pub fn values(self, values: bool) -> Self {
        Self { values, ..self }
    }

    /// The most cells of the graph that there may be; beyond them the workbook is refused.
    pub fn limit(self, cells: usize) -> Self {
        Self { limit: cells, ..self }
    }

    /// The workbook as a file of the format xlsx, for parameters with the values in `state` and
    /// everything else in `inputs`. Equal workbooks are equal bytes.
    ///
    /// # Errors
    ///
    /// [`SheetError`]: where arrays and graph do not fit, an operation has no formula, a number is
    /// infinite or NaN, or the workbook is too large.
    pub fn bytes(
        &self, state: &Arrays<f64>, inputs: &Inputs<'_, f64>,
    ) -> Result<Vec<u8>, SheetError> {
        if let Some(cost) = self.cost.filter(|cost| cost.shape().rank() > 0) {
            return Err(SheetError::Cost { node: cost.describe() });
        }
        let pages = match self.descent {
            Some(steps) => descent::pages(self, steps, state, inputs)?,
            None => network::pages(self, state, inputs)?,
        };
        write::bytes(&pages, self.values)
    }

    /// [`bytes`](Self::bytes) in a file, which is replaced as a whole or not at all.
    ///
    /// # Errors
    ///
    /// As for `bytes`, or if the file cannot be written.
    pub fn save(
        &self, path: impl AsRef<Path>, state: &Arrays<f64>, inputs: &Inputs<'_, f64>,
    ) -> Result<(), SheetError> {
        let (path, bytes) = (path.as_ref(), self.bytes(state, inputs)?);
        let file = || path.display().to_string();
        crate::write(path, &bytes).map_err(|error| SheetError::File { path: file(), error })
    }

    /// The expressions shown, and the updates.
    fn roots(&self) -> (Vec<Expr<'g>>, Vec<(String, Expr<'g>)>) {
        let gradients = self.parameters.iter().map(|parameter| parameter.gradient);
        let roots = self.cost.iter().chain(&self.shown).copied().chain(gradients);
        let updates = self.parameters.iter();
        let updates = updates.map(|parameter| (parameter.name.clone(), parameter.next));
        (roots.collect(), updates.collect())
    }

    /// The places of each parameter that is read, of its gradient and its next value.
    fn placed_parameters(&self, trace: &Trace) -> Vec<(usize, Option<usize>, usize)> {
        let place = |y: Expr<'_>| trace.place(y.id());
        let placed = self.parameters.iter().filter_map(|parameter| {
            let named = |op: &Op| matches!(op, Op::Input(input) if input.name() == parameter.name);
            let now = trace.nodes.iter().position(|node| named(&node.op))?;
            Some((now, place(parameter.gradient), place(parameter.next)?))
        });
        placed.collect()
    }

    /// The places of gradients and next values.
    fn panels(&self, trace: &Trace) -> impl Iterator<Item = usize> {
        let all = self.placed_parameters(trace).into_iter();
        all.flat_map(|(_, gradient, next)| gradient.into_iter().chain([next]))
    }

    /// The cost and its place.
    fn cost_place(&self, trace: &Trace) -> Option<(Expr<'g>, usize)> {
        let cost = self.cost?;
        Some((cost, trace.place(cost.id())?))
    }

    /// What the cost is called.
    fn cost_label(&self) -> String {
        self.cost.and_then(Expr::label).unwrap_or_else(|| "C".to_owned())
    }

    /// How nodes are folded; gradients and next values as their parameters.
    fn folds(&self, trace: &Trace) -> HashMap<usize, &[usize]> {
        let chosen = self.folds.iter();
        let chosen = chosen.filter_map(|(x, sizes)| Some((trace.place(x.id())?, &sizes[..])));
        let mut folds: HashMap<usize, &[usize]> = chosen.collect();
        for (now, gradient, next) in self.placed_parameters(trace) {
            if let Some(&sizes) = folds.get(&now) {
                folds.extend(gradient.into_iter().chain([next]).map(|k| (k, sizes)));
            }
        }
        folds
    }
}

/// Why there is no workbook.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SheetError {
    /// Arrays, updates and graph do not fit.
    #[error(transparent)]
    Eval(#[from] EvalError),
    /// An operation has no formula.
    #[error("{operation}, {node}: a spreadsheet cannot say this; wanted is {wanted}")]
    Operation {
        /// The operation.
        operation: String,
        /// The node, described.
        node: String,
        /// What was wanted of it.
        wanted: String,
    },
    /// A number that a cell cannot hold.
    #[error("{operation}, {node}: a cell holds finite numbers, not {value}")]
    NotFinite {
        /// The operation.
        operation: String,
        /// The node, described.
        node: String,
        /// The number.
        value: f64,
    },
    /// The cost is not a single number.
    #[error("the cost must be a single number, not {node}")]
    Cost {
        /// The node, described.
        node: String,
    },
    /// A quantity of each example in a workbook with a row for each step.
    #[error("a row for each step has no cells for each example, as are wanted for {node}")]
    Example {
        /// The node, described.
        node: String,
    },
    /// More cells than there may be.
    #[error("{cells} cells are too many, the limit is {limit}; {largest} of them are for {node}")]
    Cells {
        /// How many cells there would be.
        cells: usize,
        /// How many there may be.
        limit: usize,
        /// How many of them the largest array has.
        largest: usize,
        /// The node with the largest array, described.
        node: String,
    },
    /// More numbers on the tape than are looked at.
    #[error("the tape has more than {limit} numbers, counted up to {node}")]
    Numbers {
        /// How many numbers there may be.
        limit: usize,
        /// The node at which they became more, described.
        node: String,
    },
    /// More columns than a worksheet has.
    #[error("{examples} examples need {columns} columns, a worksheet has {limit}")]
    Columns {
        /// How many examples there are.
        examples: usize,
        /// How many columns they need.
        columns: usize,
        /// How many columns there are.
        limit: usize,
    },
    /// More columns than a worksheet has, for one row of numbers.
    #[error("a worksheet has {limit} columns, too few for {node}")]
    Wide {
        /// The node, described.
        node: String,
        /// How many columns there are.
        limit: usize,
    },
    /// A formula longer than a cell takes.
    #[error(
        "the formula has {characters} characters, a cell takes {limit}; label an operand, so that \
         it has cells, of {node}"
    )]
    Long {
        /// The node, described.
        node: String,
        /// How long the formula is.
        characters: usize,
        /// How long it may be.
        limit: usize,
    },
    /// A file that cannot be written.
    #[error("{path}: {error}")]
    File {
        /// The path.
        path: String,
        /// What was wrong.
        error: std::io::Error,
    },
    /// The library that writes the format refused something.
    #[error("the workbook cannot be written: {0}")]
    Format(#[from] rust_xlsxwriter::XlsxError),
}
