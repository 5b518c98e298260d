//! How an array lies on a worksheet, and what its rows are called.
//!
//! A vector is a column, and so is a matrix, row by row; of an array with more axes, or with axes
//! that are folded, the last two are a picture, and the pictures lie below each other.

use super::term::{Anchor, Cell};
use super::trace::Node;

/// The rows and columns that an array takes, the examples' axis left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    /// The sizes, the last one folded.
    dims: Vec<usize>,
    /// The rows.
    pub height: u32,
    /// The columns.
    pub width: u16,
    /// The rows of each picture; 1 where there are none.
    picture: u32,
}

impl Frame {
    /// The frame of a node, its last axis folded into these sizes.
    pub fn new(node: &Node, fold: Option<&[usize]>) -> Self {
        let mut dims = node.dims.clone();
        if let Some(batch) = node.batch {
            dims.remove(batch);
        }
        if let Some(fold) = fold.filter(|fold| dims.last() == Some(&fold.iter().product())) {
            dims.splice(dims.len() - 1.., fold.iter().copied());
        }
        let numbers = dims.iter().product::<usize>();
        let folded = fold.is_some_and(|fold| fold.len() > 1 && dims.ends_with(fold));
        let (picture, width) = match dims[..] {
            [.., rows, columns] if folded || dims.len() > 2 => (rows, columns),
            _ => (1, 1),
        };
        let height = numbers / width.max(1);
        let small = "the number of cells is bounded before";
        Self {
            dims,
            height: u32::try_from(height).expect(small),
            width: u16::try_from(width).expect(small),
            picture: picture.max(1) as u32,
        }
    }

    /// Whether the array is pictures.
    pub fn is_picture(&self) -> bool {
        self.width > 1
    }

    /// The cells of a node's elements, in row-major order, with those of example 0 from `at` on and
    /// each example `stride` columns further.
    pub fn cells(&self, node: &Node, at: Cell, stride: u16) -> Vec<Cell> {
        let inner = |batch: usize| node.dims[batch + 1..].iter().product::<usize>();
        let examples = node.batch.map_or((1, 1), |batch| (node.dims[batch], inner(batch)));
        (0..node.dims.iter().product::<usize>())
            .map(|element| {
                let (example, rest) = match node.batch {
                    None => (0, element),
                    Some(_) => {
                        let (size, inner) = examples;
                        let outer = element / (size * inner);
                        (element / inner % size, outer * inner + element % inner)
                    }
                };
                let width = usize::from(self.width);
                let column = example as u16 * stride + (rest % width) as u16;
                Cell { row: at.row + (rest / width) as u32, column: at.column + column, ..at }
            })
            .collect()
    }

    /// The name of each row: of each number in a column, of each picture in its first row.
    pub fn names(&self, label: &str) -> Vec<Option<String>> {
        let outer = if self.is_picture() { self.dims.len() - 2 } else { self.dims.len() };
        let row = |row: u32| {
            let block = row / self.picture;
            row.is_multiple_of(self.picture)
                .then(|| element(label, &self.dims[..outer], block as usize))
        };
        (0..self.height).map(row).collect()
    }

    /// The name of each number, in row-major order.
    pub fn elements(&self, label: &str) -> Vec<String> {
        let numbers = self.dims.iter().product::<usize>();
        (0..numbers).map(|k| element(label, &self.dims, k)).collect()
    }
}

/// A cell of a sheet.
pub(super) fn at(sheet: usize, row: u32, column: u16, anchor: Anchor) -> Cell {
    Cell { sheet, row, column, anchor }
}

/// A label as books write it: a layer's number is raised, the name of a Greek letter is the letter.
pub(super) fn letter(label: &str) -> String {
    const GREEK: &[(&str, &str)] = &[
        ("alpha", "α"),
        ("beta", "β"),
        ("gamma", "γ"),
        ("delta", "δ"),
        ("epsilon", "ε"),
        ("eta", "η"),
        ("theta", "θ"),
        ("lambda", "λ"),
        ("mu", "μ"),
        ("sigma", "σ"),
    ];
    let stem = label.trim_end_matches(|c: char| c.is_ascii_digit());
    let raised = label[stem.len()..]
        .chars()
        .map(|c| ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'][c as usize - '0' as usize]);
    let stem = GREEK.iter().find(|(name, _)| *name == stem).map_or(stem, |(_, letter)| letter);
    stem.chars().chain(raised).collect()
}

/// The name of element `k` of an array: `w2` of the sizes [3, 12] has w²₁,₁ to w²₃,₁₂.
fn element(label: &str, dims: &[usize], mut k: usize) -> String {
    let mut indices = Vec::new();
    for &size in dims.iter().rev() {
        if size > 1 {
            indices.push(k % size + 1);
        }
        k /= size.max(1);
    }
    let wide = dims.iter().any(|&size| size > 9);
    let lowered = |index: &usize| -> String {
        index
            .to_string()
            .bytes()
            .map(|c| char::from_u32(0x2080 + u32::from(c - b'0')))
            .map(|c| c.unwrap_or('?'))
            .collect()
    };
    let indices: Vec<String> = indices.iter().rev().map(lowered).collect();
    letter(label) + &indices.join(if wide { "," } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_books() {
        assert_eq!(letter("w2"), "w²");
        assert_eq!(letter("eta"), "η");
        assert_eq!(letter("∂C/∂b13"), "∂C/∂b¹³");
        assert_eq!(element("w3", &[2, 3], 4), "w³₂₂");
        assert_eq!(element("w2", &[3, 12], 35), "w²₃,₁₂");
        assert_eq!(element("C", &[], 0), "C");
        assert_eq!(element("wF", &[3, 1, 3, 3], 10), "wF₂₁₂");
    }
}
