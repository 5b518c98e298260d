//! Pooling layers.

use std::fmt;

use gradus_ops::{Expr, Pooling, avg_pool2d, max_pool2d};
use serde::{Deserialize, Serialize};

use super::{Applied, Layer, Mode, Placed, Rules, maps, times, windows};

/// Max-pooling: the largest number of each window of each map; of equals the first takes the whole
/// gradient.
///
/// Source: Y. and S. Wakui, *The Mathematics of Deep Learning*, section 5-3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaxPool {
    /// Rows and columns of the window.
    pub window: [usize; 2],
    /// Steps down and to the right.
    pub stride: [usize; 2],
}

impl MaxPool {
    /// Windows of `rows` × `columns` side by side.
    pub fn new(rows: usize, columns: usize) -> Self {
        Self { window: [rows, columns], stride: [rows, columns] }
    }

    /// With steps of `rows` down and `columns` to the right: smaller than the window they overlap.
    pub fn stride(self, rows: usize, columns: usize) -> Self {
        Self { stride: [rows, columns], ..self }
    }
}

/// Average pooling: the mean of each window of each map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AvgPool {
    /// Rows and columns of the window.
    pub window: [usize; 2],
    /// Steps down and to the right.
    pub stride: [usize; 2],
}

impl AvgPool {
    /// Windows of `rows` × `columns` side by side.
    pub fn new(rows: usize, columns: usize) -> Self {
        Self { window: [rows, columns], stride: [rows, columns] }
    }

    /// With steps of `rows` down and `columns` to the right: smaller than the window they overlap.
    pub fn stride(self, rows: usize, columns: usize) -> Self {
        Self { stride: [rows, columns], ..self }
    }
}

impl Rules for MaxPool {
    fn output(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        pooled(input, self.window, self.stride)
    }

    fn apply<'g>(&self, at: &Placed, x: Expr<'g>, _mode: Mode<'g>) -> Applied<'g> {
        Applied::plain(at.label("pool", max_pool2d(x, geometry(self.window, self.stride))))
    }
}

impl Rules for AvgPool {
    fn output(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        pooled(input, self.window, self.stride)
    }

    fn apply<'g>(&self, at: &Placed, x: Expr<'g>, _mode: Mode<'g>) -> Applied<'g> {
        let pooled = avg_pool2d(x, geometry(self.window, self.stride), false);
        Applied::plain(at.label("pool", pooled))
    }
}

fn pooled(input: &[usize], window: [usize; 2], stride: [usize; 2]) -> Result<Vec<usize>, String> {
    let [channels, rows, columns] = maps(input, "a pooling layer")?;
    let size =
        |axis: usize, cells| windows(cells, window[axis], stride[axis], 0, "a pooling layer");
    Ok(vec![channels, size(0, rows)?, size(1, columns)?])
}

fn geometry(window: [usize; 2], stride: [usize; 2]) -> Pooling {
    Pooling::new(window[0], window[1]).stride(stride[0], stride[1])
}

fn describe(
    f: &mut fmt::Formatter<'_>, name: &str, window: [usize; 2], stride: [usize; 2],
) -> fmt::Result {
    write!(f, "{name} {}", times(&window))?;
    if stride == window { Ok(()) } else { write!(f, ", stride {}", times(&stride)) }
}

impl fmt::Display for MaxPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        describe(f, "max-pool", self.window, self.stride)
    }
}

impl fmt::Display for AvgPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        describe(f, "avg-pool", self.window, self.stride)
    }
}

impl From<MaxPool> for Layer {
    fn from(layer: MaxPool) -> Self {
        Layer::MaxPool(layer)
    }
}

impl From<AvgPool> for Layer {
    fn from(layer: AvgPool) -> Self {
        Layer::AvgPool(layer)
    }
}
