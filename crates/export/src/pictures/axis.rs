//! An axis: its label, its range, and whether it is logarithmic.

use std::sync::Arc;

use kuva::TickFormat;

use super::error::{PictureError, finite, positive};

/// Which axis.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    X,
    Y,
}

/// One of the two axes of a chart.
pub struct Axis {
    pub label: String,
    pub range: Option<[f64; 2]>,
    pub logarithmic: bool,
}

impl Axis {
    pub fn new(label: &str) -> Self {
        Self { label: label.to_owned(), range: None, logarithmic: false }
    }

    /// Refuses a range that is none.
    pub fn check(&self, what: &str) -> Result<(), PictureError> {
        let Some([low, high]) = self.range else { return Ok(()) };
        self.accept(what, &[low, high])?;
        if low >= high {
            let wanted = "more than the lower end of the range";
            let what = what.to_owned();
            return Err(PictureError::Number { what, index: 1, value: high, wanted });
        }
        Ok(())
    }

    /// Refuses numbers that have no place on the axis.
    pub fn accept(&self, what: &str, numbers: &[f64]) -> Result<(), PictureError> {
        if self.logarithmic { positive(what, numbers) } else { finite(what, numbers) }
    }

    /// Where a number is along the axis. What is drawn with is the logarithm itself, since the
    /// library's logarithmic axes end at 1e-10.
    pub fn place(&self, number: f64) -> f64 {
        if self.logarithmic { number.log10() } else { number }
    }

    /// The ends of the axis, in places: as asked, or those of what is drawn, with room around it if
    /// so wanted; on a logarithmic axis, whole powers of ten.
    pub fn ends(&self, drawn: impl Iterator<Item = f64>, room: bool) -> [f64; 2] {
        if let Some(range) = self.range {
            return range.map(|end| self.place(end));
        }
        let places = drawn.map(|number| self.place(number));
        let (low, high) =
            places.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), x| (a.min(x), b.max(x)));
        let (low, high) = match self.logarithmic {
            true => (low.floor(), high.ceil()),
            false => (low, high),
        };
        // One number alone has room as if it were of its own size.
        let span = if low < high { high - low } else { low.abs().max(1.0) };
        let around = match (low < high, room, self.logarithmic) {
            (false, _, _) | (true, true, false) => 0.05 * span,
            (true, true, true) => 0.02 * span,
            (true, false, _) => 0.0,
        };
        [low - around, high + around]
    }

    /// How far apart ticks are, where the library does not choose, and how their numbers are written.
    /// Between `whole` numbers, as those of epochs, there are none.
    pub fn ticks(&self, [low, high]: [f64; 2], whole: bool) -> (Option<f64>, TickFormat) {
        if !self.logarithmic {
            return ((whole && high - low < 8.0).then_some(1.0), numbers());
        }
        let power = |place: f64| match place.round() as i32 {
            0 => "1".to_owned(),
            1 => "10".to_owned(),
            exponent => format!("10{}", superscript(exponent)),
        };
        (Some(((high - low) / 8.0).ceil()), TickFormat::Custom(Arc::new(power)))
    }
}

/// How numbers are written, with a minus that is as wide as a plus.
pub fn numbers() -> TickFormat {
    TickFormat::Custom(Arc::new(|place| TickFormat::Auto.format(place).replace('-', "−")))
}

/// A whole number in small raised figures.
fn superscript(number: i32) -> String {
    let raised = |c| match c {
        '-' => '⁻',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        digit => char::from_u32('⁰' as u32 + digit as u32 - '0' as u32).unwrap_or(digit),
    };
    number.to_string().chars().map(raised).collect()
}
