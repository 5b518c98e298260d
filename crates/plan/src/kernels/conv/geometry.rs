//! The sizes of a convolution.

use std::ops::Range;

use gradus_ops::Convolution;

/// How many bytes what is arranged of a band takes at most, if that is enough for a row.
pub(super) const BAND: usize = 512 << 10;

/// Sizes and distances.
#[derive(Clone, Debug)]
pub(super) struct Geometry {
    pub examples: usize,
    pub groups: usize,
    /// Channels and maps of a group.
    pub channels: usize,
    pub maps: usize,
    /// Rows and columns of pictures, filters and maps.
    pub x: [usize; 2],
    pub w: [usize; 2],
    pub y: [usize; 2],
    pub stride: [usize; 2],
    pub dilation: [usize; 2],
    /// Cells before the first row and column.
    pub before: [usize; 2],
}

impl Geometry {
    /// For the sizes of pictures, filters and maps.
    pub fn new(convolution: Convolution, [x, w, y]: [[usize; 4]; 3]) -> Self {
        let Convolution { stride, padding, dilation, groups } = convolution;
        Self {
            examples: x[0],
            groups,
            channels: w[1],
            maps: y[1] / groups,
            x: [x[2], x[3]],
            w: [w[2], w[3]],
            y: [y[2], y[3]],
            // Where there is one window only, no step is taken, and a long one would make phases of
            // which nearly all are empty.
            stride: [0, 1].map(|k| if y[k + 2] == 1 { 1 } else { stride[k] }),
            dilation,
            before: [padding[0][0], padding[1][0]],
        }
    }

    /// The weights of all filters.
    pub fn weights(&self) -> usize {
        self.groups * self.maps * self.taps()
    }

    /// The weights of a filter.
    pub fn taps(&self) -> usize {
        self.channels * self.w[0] * self.w[1]
    }

    /// The cells of a picture of one channel.
    pub fn x_size(&self) -> usize {
        self.x[0] * self.x[1]
    }

    /// The places of a map.
    pub fn y_size(&self) -> usize {
        self.y[0] * self.y[1]
    }

    /// How far the last row, or column, of a filter is from its first.
    pub fn reach(&self, axis: usize) -> usize {
        (self.w[axis] - 1) * self.dilation[axis]
    }

    /// Of `count` rows or columns of the padded picture, a stride apart from `first` on, those that
    /// are the picture's.
    pub fn inside(&self, axis: usize, first: usize, count: usize) -> Range<usize> {
        let until = |end: usize| end.saturating_sub(first).div_ceil(self.stride[axis]).min(count);
        until(self.before[axis])..until(self.before[axis] + self.x[axis])
    }
}
