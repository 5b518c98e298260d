//! Charts: lines, points, bands and paths on two axes, on a plain ground, on a scalar field, or on
//! the regions of a decision.

use super::axis::{Axis, Direction};
use super::draw;
use super::error::{PictureError, at_most, equally_many, some};
use super::{Field, Picture};

/// The most numbers in one line, band or set of points.
const MOST: usize = 100_000;
/// The most things with a name: there are no more colours.
const MOST_NAMES: usize = 8;

/// What is drawn on the axes.
pub(super) enum Mark {
    /// A curve through points from the left to the right, or a path in any direction.
    Line { x: Vec<f64>, y: Vec<f64> },
    /// A line with a dot at each point.
    Path { x: Vec<f64>, y: Vec<f64> },
    /// Points alone.
    Points { x: Vec<f64>, y: Vec<f64> },
    /// What is between two curves.
    Band { x: Vec<f64>, low: Vec<f64>, high: Vec<f64> },
    /// What is between the least and the largest of some runs, between their quartiles, and their
    /// medians.
    Spread { x: Vec<f64>, quantiles: [Vec<f64>; 5] },
    /// One point with words beside it.
    Note { x: f64, y: f64 },
}

/// What the axes stand on.
pub(super) enum Ground {
    Paper,
    Contours { field: Field, values: String },
    Regions { field: Field, level: f64, names: [String; 2] },
}

/// A chart, made thing by thing; what is wrong is said by [`Chart::picture`].
///
/// Things with a name are in the legend. Each has a colour of [`OKABE_ITO`](super::OKABE_ITO), in
/// their order, and, for who prints in grey, its own dashes or its own kind of dots.
///
/// ```
/// use gradus_export::pictures::Chart;
/// let x: Vec<f64> = (-40..=40).map(|k| f64::from(k) / 10.0).collect();
/// let sigma: Vec<f64> = x.iter().map(|x| 1.0 / (1.0 + (-x).exp())).collect();
/// let slope: Vec<f64> = sigma.iter().map(|a| a * (1.0 - a)).collect();
/// let chart = Chart::new("The sigmoid function", "z", "")
///     .line("σ(z)", &x, &sigma)
///     .line("σ′(z)", &x, &slope);
/// assert!(chart.picture()?.svg().contains(">σ′(z)</text>"));
/// # Ok::<(), gradus_export::pictures::PictureError>(())
/// ```
pub struct Chart {
    pub(super) title: String,
    pub(super) axes: [Axis; 2],
    pub(super) ground: Ground,
    pub(super) marks: Vec<(String, Mark)>,
    pub(super) equal: bool,
    pub(super) size: [f64; 2],
}

impl Chart {
    /// An empty chart: its title, and the labels of its axes. Each may be empty.
    pub fn new(title: &str, x: &str, y: &str) -> Self {
        Self {
            title: title.to_owned(),
            axes: [Axis::new(x), Axis::new(y)],
            ground: Ground::Paper,
            marks: Vec::new(),
            equal: false,
            size: [560.0, 380.0],
        }
    }

    /// A line through the points (x_k, y_k), in their order. Without a name it is not in the legend.
    pub fn line(self, name: &str, x: &[f64], y: &[f64]) -> Self {
        self.mark(name, Mark::Line { x: x.to_vec(), y: y.to_vec() })
    }

    /// A line through y_0, y_1, … at 0, 1, …: a cost after each step.
    pub fn history(self, name: &str, y: &[f64]) -> Self {
        let x = (0..y.len()).map(|k| k as f64).collect();
        self.mark(name, Mark::Line { x, y: y.to_vec() })
    }

    /// Points, joined in their order: the way of a descent.
    pub fn path(self, name: &str, points: &[[f64; 2]]) -> Self {
        let [x, y] = [0, 1].map(|k| points.iter().map(|point| point[k]).collect());
        self.mark(name, Mark::Path { x, y })
    }

    /// Points, not joined.
    pub fn points(self, name: &str, points: &[[f64; 2]]) -> Self {
        let [x, y] = [0, 1].map(|k| points.iter().map(|point| point[k]).collect());
        self.mark(name, Mark::Points { x, y })
    }

    /// What is between two curves, from `low` to `high` at each x.
    pub fn band(self, name: &str, x: &[f64], low: &[f64], high: &[f64]) -> Self {
        self.mark(name, Mark::Band { x: x.to_vec(), low: low.to_vec(), high: high.to_vec() })
    }

    /// How several runs spread, as those of a training from several seeds: at each step the band from
    /// the least to the largest of them, the band of their middle half, from the lower to the upper
    /// quartile, and the line of their medians. (Quantiles are interpolated between the runs in their
    /// order, definition 7 of R. Hyndman and Y. Fan, *The American Statistician* 50:361, 1996.)
    pub fn spread(self, name: &str, runs: &[Vec<f64>]) -> Self {
        // Runs of different lengths are refused where the numbers of a mark are counted.
        let lengths = || runs.iter().map(Vec::len);
        let steps = lengths().min().unwrap_or(0);
        let at = |share: f64| -> Vec<f64> {
            (0..steps).map(|k| quantile(runs.iter().map(|run| run[k]).collect(), share)).collect()
        };
        let x = (0..lengths().max().unwrap_or(0)).map(|k| k as f64).collect();
        self.mark(name, Mark::Spread { x, quantiles: [0.0, 0.25, 0.5, 0.75, 1.0].map(at) })
    }

    /// A point with words beside it.
    pub fn note(self, words: &str, x: f64, y: f64) -> Self {
        self.mark(words, Mark::Note { x, y })
    }

    /// Draws on a scalar field: lines of constant value, evenly spaced, on the field in the colours
    /// of cividis (J. Nuñez and others, *PLOS ONE* 13:e0199239, 2018), made pale. They are darker
    /// where the value is less, to the colour-blind and in grey too. `values` is what the values are
    /// called. The field's range becomes that of the axes.
    pub fn contours(mut self, field: &Field, values: &str) -> Self {
        self.ground = Ground::Contours { field: field.clone(), values: values.to_owned() };
        self
    }

    /// Draws on the two regions of a decision, where the field is below `level` and where it is not,
    /// and the boundary between them; `names` are those of the two. The field's range becomes that of
    /// the axes.
    pub fn regions(mut self, field: &Field, level: f64, names: [&str; 2]) -> Self {
        let names = names.map(str::to_owned);
        self.ground = Ground::Regions { field: field.clone(), level, names };
        self
    }

    /// A logarithmic x axis.
    pub fn log_x(mut self) -> Self {
        self.axes[0].logarithmic = true;
        self
    }

    /// A logarithmic y axis.
    pub fn log_y(mut self) -> Self {
        self.axes[1].logarithmic = true;
        self
    }

    /// The range of the x axis; else it is that of what is drawn.
    pub fn x_range(mut self, low: f64, high: f64) -> Self {
        self.axes[0].range = Some([low, high]);
        self
    }

    /// The range of the y axis; else it is that of what is drawn.
    pub fn y_range(mut self, low: f64, high: f64) -> Self {
        self.axes[1].range = Some([low, high]);
        self
    }

    /// One unit of x is as long as one of y, so a circle is round. An axis becomes longer than asked
    /// where that is needed.
    pub fn equal_axes(mut self) -> Self {
        self.equal = true;
        self
    }

    /// The size of the chart without its legend, in units of an SVG file: 560 × 380, unless told
    /// otherwise.
    pub fn size(mut self, width: f64, height: f64) -> Self {
        self.size = [width, height];
        self
    }

    /// The picture.
    ///
    /// # Errors
    ///
    /// If there is nothing on the chart; if there are no numbers in a thing, more than 100,000, or
    /// more than eight things with names; if those that belong together are not equally many; if a
    /// number is not finite, or not above 0 on a logarithmic axis; if a range is empty, or the size
    /// is not from 100 to 4000.
    pub fn picture(&self) -> Result<Picture, PictureError> {
        self.check()?;
        Ok(draw::chart(self))
    }

    /// What a mark is called in errors.
    pub(super) fn of(&self, name: &str) -> String {
        match (name, self.title.as_str()) {
            ("", title) => format!("a line of the chart `{title}`"),
            (name, title) => format!("`{name}` of the chart `{title}`"),
        }
    }

    fn mark(mut self, name: &str, mark: Mark) -> Self {
        self.marks.push((name.to_owned(), mark));
        self
    }

    fn check(&self) -> Result<(), PictureError> {
        if matches!(self.ground, Ground::Paper) {
            some(&format!("lines or points of the chart `{}`", self.title), &self.marks)?;
        }
        let named = self
            .marks
            .iter()
            .filter(|(name, mark)| !name.is_empty() && !matches!(mark, Mark::Note { .. }));
        at_most("things with names on a chart", named.count(), MOST_NAMES)?;
        for (name, mark) in &self.marks {
            let of = self.of(name);
            let (x, y) = mark.numbers();
            some(&of, x)?;
            at_most(&of, x.len(), MOST)?;
            for (axis, numbers) in [(&self.axes[0], vec![x]), (&self.axes[1], y)] {
                for numbers in numbers {
                    equally_many(&of, x.len(), numbers.len())?;
                    axis.accept(&of, numbers)?;
                }
            }
        }
        for (axis, name) in self.axes.iter().zip(["x", "y"]) {
            axis.check(&format!("the {name} axis of the chart `{}`", self.title))?;
        }
        for side in self.size {
            let fits = (100.0..=4000.0).contains(&side);
            if !fits {
                let wanted = "a size from 100 to 4000";
                let what = format!("the size of the chart `{}`", self.title);
                return Err(PictureError::Number { what, index: 0, value: side, wanted });
            }
        }
        Ok(())
    }
}

impl Mark {
    /// Its numbers along x, and those along y.
    pub(super) fn numbers(&self) -> (&[f64], Vec<&[f64]>) {
        match self {
            Self::Line { x, y } | Self::Path { x, y } | Self::Points { x, y } => (x, vec![y]),
            Self::Band { x, low, high } => (x, vec![low, high]),
            Self::Spread { x, quantiles } => (x, quantiles.iter().map(Vec::as_slice).collect()),
            Self::Note { x, y } => (std::slice::from_ref(x), vec![std::slice::from_ref(y)]),
        }
    }

    pub(super) fn along(&self, direction: Direction) -> Vec<&[f64]> {
        let (x, y) = self.numbers();
        match direction {
            Direction::X => vec![x],
            Direction::Y => y,
        }
    }
}

/// The number below which so large a share of the others are.
fn quantile(mut numbers: Vec<f64>, share: f64) -> f64 {
    numbers.sort_by(f64::total_cmp);
    let place = share * (numbers.len() - 1) as f64;
    let below = numbers[place.floor() as usize];
    below + place.fract() * (numbers[place.ceil() as usize] - below)
}
