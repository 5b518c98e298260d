//! Arrays seen in another arrangement: reshapes, broadcasts, transposes and slices move no number.

use gradus_ops::Op;
use smallvec::smallvec;

use crate::net::{Net, Node, Sizes};

/// Elements of a stored value: the first one's place in it, and the distance of neighbours along
/// each axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct View {
    /// The node whose value is stored.
    pub root: usize,
    pub offset: usize,
    pub sizes: Sizes,
    pub strides: Sizes,
}

impl View {
    /// A stored value itself.
    pub fn whole(root: usize, sizes: &[usize]) -> Self {
        Self { root, offset: 0, sizes: sizes.into(), strides: row_major(sizes) }
    }

    /// Whether the elements lie side by side, in row-major order.
    pub fn is_standard(&self) -> bool {
        let mut wanted = 1;
        for (&size, &stride) in self.sizes.iter().zip(&self.strides).rev() {
            if size != 1 && stride != wanted {
                return self.sizes.contains(&0);
            }
            wanted *= size;
        }
        true
    }

    /// Whether all elements are one and the same.
    pub fn is_single(&self) -> bool {
        self.sizes.iter().zip(&self.strides).all(|(&size, &stride)| size == 1 || stride == 0)
    }

    /// What the node sees of its operand, if its operation only arranges numbers and these can stay
    /// where they are.
    pub fn through(node: &Node, x: &View) -> Option<Self> {
        let View { root, offset, .. } = *x;
        let sizes = node.sizes.clone();
        let (offset, strides) = match &node.op {
            Op::Reshape(_) => (offset, reshaped(x, &sizes)?),
            Op::Broadcast(broadcast) => {
                let mut strides = x.strides.iter();
                let mut stride = |axis| match broadcast.axes.contains(axis) {
                    true => 0,
                    false => *strides.next().expect("an axis of the operand"),
                };
                (offset, (0..sizes.len()).map(&mut stride).collect())
            }
            Op::Transpose(transpose) => {
                (offset, transpose.order().iter().map(|&axis| x.strides[axis]).collect())
            }
            Op::Slice(slice) => {
                let axis = usize::from(slice.axis);
                let mut strides = x.strides.clone();
                strides[axis] *= slice.step as usize;
                (offset + slice.start as usize * x.strides[axis], strides)
            }
            _ => return None,
        };
        Some(Self { root, offset, sizes, strides })
    }
}

/// Distances of neighbours in an array whose elements lie side by side.
pub(crate) fn row_major(sizes: &[usize]) -> Sizes {
    let mut strides: Sizes = smallvec![1; sizes.len()];
    for axis in (1..sizes.len()).rev() {
        strides[axis - 1] = strides[axis] * sizes[axis];
    }
    strides
}

/// How many numbers lie from the first element to the last; one, if there is none.
pub(crate) fn extent(sizes: &[usize], strides: &[usize]) -> usize {
    let steps = sizes.iter().zip(strides);
    steps.map(|(&size, &stride)| size.saturating_sub(1) * stride).sum::<usize>() + 1
}

/// The strides of a view in other sizes: of one whose elements lie side by side, or where only axes
/// of size 1 come or go.
fn reshaped(x: &View, sizes: &[usize]) -> Option<Sizes> {
    if x.is_standard() {
        return Some(row_major(sizes));
    }
    let mut old = x.sizes.iter().zip(&x.strides).filter(|&(&size, _)| size != 1);
    let mut strides = Sizes::new();
    for &size in sizes {
        strides.push(match size {
            1 => 0,
            _ => *old.next().filter(|&(&old, _)| old == size)?.1,
        });
    }
    old.next().is_none().then_some(strides)
}

/// Sizes and strides of several arrays over the same elements with neighbouring axes merged where
/// all of them allow it, and axes of size 1 left out.
pub(crate) fn merged(sizes: &[usize], strides: &[&[usize]]) -> (Sizes, Vec<Sizes>) {
    let mut merged = (Sizes::new(), vec![Sizes::new(); strides.len()]);
    for (axis, &size) in sizes.iter().enumerate().filter(|&(_, &size)| size != 1) {
        let fits = |(outer, array): (&Sizes, &&[usize])| {
            outer.last().is_some_and(|&outer| outer == array[axis] * size)
        };
        match merged.0.last_mut() {
            Some(last) if merged.1.iter().zip(strides).all(fits) => {
                *last *= size;
                for (outer, array) in merged.1.iter_mut().zip(strides) {
                    *outer.last_mut().expect("there is an axis") = array[axis];
                }
            }
            _ => {
                merged.0.push(size);
                merged.1.iter_mut().zip(strides).for_each(|(outer, array)| outer.push(array[axis]));
            }
        }
    }
    merged
}

/// For each node, the stored elements that its value is: itself, where it is stored.
pub(crate) fn views(net: &Net, stored: &[bool]) -> Vec<View> {
    let mut views: Vec<View> = Vec::with_capacity(net.nodes.len());
    for (y, node) in net.nodes.iter().enumerate() {
        let seen = match node.operands.first() {
            Some(&x) if !stored[y] => View::through(node, &views[x]),
            _ => None,
        };
        views.push(seen.unwrap_or_else(|| View::whole(y, &node.sizes)));
    }
    views
}
