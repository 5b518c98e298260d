//! Where the cells of pictures, filters and maps meet.

use gradus_ops::Convolution;

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
    /// Cells before the first row and column.
    pub before: [usize; 2],
    /// Rows and columns of a phase.
    pub phase: [usize; 2],
    /// Where each weight of a group's filter begins to see a padded picture.
    pub table: Vec<usize>,
    /// For each phase, where its weights see the maps' cotangents from, and the weights.
    pub phases: Vec<Phase>,
    /// The zeros before the cotangents of a map.
    pub lead: usize,
}

/// The weights that meet the cells of one phase.
#[derive(Clone, Debug)]
pub(super) struct Phase {
    /// For each pair of a weight and a map, the weight's number in its filter, and the map.
    pub taps: Vec<(usize, usize)>,
    pub table: Vec<usize>,
}

impl Geometry {
    /// For the sizes of pictures, filters and maps.
    pub fn new(convolution: Convolution, [x, w, y]: [[usize; 4]; 3]) -> Self {
        let Convolution { stride, padding, dilation, groups } = convolution;
        // Where there is one window only, no step is taken, and a long one would make phases of
        // which nearly all are empty.
        let stride = [0, 1].map(|k| if y[k + 2] == 1 { 1 } else { stride[k] });
        let (channels, maps) = (w[1], y[1] / groups);
        let before = [padding[0][0], padding[1][0]];
        let part = |k: usize| {
            let reach = (y[k + 2] - 1) * stride[k] + (w[k + 2] - 1) * dilation[k] + 1;
            reach.max(before[k] + x[k + 2]).div_ceil(stride[k])
        };
        let phase = [part(0), part(1)];
        let cells = phase[0] * phase[1];
        // The phase of a weight, and the place in it.
        let tap = |p: usize, q: usize| {
            let (row, column) = (p * dilation[0], q * dilation[1]);
            let phase_of = row % stride[0] * stride[1] + column % stride[1];
            (phase_of, row / stride[0] * phase[1] + column / stride[1])
        };
        let taps = (0..w[2]).flat_map(|p| (0..w[3]).map(move |q| (p, q)));
        let taps: Vec<_> = taps.map(|(p, q)| tap(p, q)).collect();
        let picture = stride[0] * stride[1] * cells;
        let table = (0..channels)
            .flat_map(|c| {
                taps.iter().map(move |(phase, shift)| c * picture + phase * cells + shift)
            })
            .collect();
        let lead = taps.iter().map(|&(_, shift)| shift).max().unwrap_or(0);
        let phases = (0..stride[0] * stride[1]).map(|phase| {
            let here = taps.iter().enumerate().filter(|&(_, &(other, _))| other == phase);
            let pairs = here.flat_map(|(k, &(_, shift))| (0..maps).map(move |o| (k, o, shift)));
            let (mut taps, mut table) = (Vec::new(), Vec::new());
            for (k, o, shift) in pairs {
                taps.push((k, o));
                table.push(o * (lead + cells) + lead - shift);
            }
            Phase { taps, table }
        });
        let phases = phases.collect();
        Self {
            examples: x[0],
            groups,
            channels,
            maps,
            x: [x[2], x[3]],
            w: [w[2], w[3]],
            y: [y[2], y[3]],
            stride,
            before,
            phase,
            table,
            phases,
            lead,
        }
    }

    /// The weights of all filters.
    pub fn weights(&self) -> usize {
        self.groups * self.maps * self.channels * self.w[0] * self.w[1]
    }

    /// The cells of a phase.
    pub fn cells(&self) -> usize {
        self.phase[0] * self.phase[1]
    }

    /// The cells of a group of a padded picture.
    pub fn picture(&self) -> usize {
        self.channels * self.stride[0] * self.stride[1] * self.cells()
    }

    /// The cells from the first place of a map to the last, in rows as long as those of a phase.
    pub fn run(&self) -> usize {
        (self.y[0] - 1) * self.phase[1] + self.y[1]
    }

    /// The cells of a map's cotangents with zeros before and after.
    pub fn spread(&self) -> usize {
        self.lead + self.cells()
    }

    /// Whether a picture can be read where it is.
    pub fn is_plain(&self) -> bool {
        self.stride == [1, 1] && self.phase == self.x
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_not_split_by_a_step_that_is_not_taken() {
        let sizes = [[1, 1, 3, 4], [1, 1, 2, 2], [1, 1, 1, 2]];
        let geometry = Geometry::new(Convolution::default().stride(1 << 16, 2), sizes);
        assert_eq!((geometry.stride, geometry.phases.len(), geometry.picture()), ([1, 2], 2, 12));
    }
}
