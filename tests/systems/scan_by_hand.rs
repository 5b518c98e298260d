//! A convolution by hand, against counts of cells.

use gradus::ndarray::{Array2, ArrayD, Axis};

use crate::examples::pixels::read;
use crate::examples::scan_by_hand::{SLASH, TWO, matrix, random_filter, scan, ties};

#[test]
fn the_feature_map_counts_matching_cells() {
    let x = matrix(TWO).insert_axis(Axis(0)).into_dyn();
    let [map, pooled, sent_back] = scan(&x, &matrix(SLASH));
    let ink = |i: usize, j: usize| TWO[i].as_bytes()[j] == b'#';
    for i in 0..4 {
        for j in 0..4 {
            let count =
                [ink(i, j + 2), ink(i + 1, j + 1), ink(i + 2, j)].iter().filter(|x| **x).count();
            assert_eq!(map[[0, i, j]], count as f64, "({i}, {j})");
        }
    }
    assert_eq!((map.shape(), pooled.shape()), (&[1, 4, 4][..], &[1, 2, 2][..]));
    assert_eq!(pooled.iter().copied().fold(0.0, f64::max), 3.0, "the 2 has a whole /");
    for (i, j) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        let cells = [(0, 0), (0, 1), (1, 0), (1, 1)].map(|(p, q)| [0, 2 * i + p, 2 * j + q]);
        let largest = cells.iter().map(|&at| map[at]).fold(0.0, f64::max);
        assert_eq!(pooled[[0, i, j]], largest);
        // The first largest, and no other, has what is sent back.
        let first = cells.iter().position(|&at| map[at] == largest).unwrap();
        for (k, &at) in cells.iter().enumerate() {
            assert_eq!(sent_back[at], if k == first { 1.0 } else { 0.0 });
        }
    }
}

#[test]
fn the_filter_is_not_flipped() {
    let x = matrix(["#..", "...", "..."]).insert_axis(Axis(0)).into_dyn();
    let filter = Array2::from_shape_fn((2, 2), |(p, q)| (1 + 2 * p + q) as f64);
    assert_eq!(scan(&x, &filter)[0][[0, 0, 0]], 1.0);
}

#[test]
fn an_m_by_m_picture_under_an_n_by_n_filter_gives_m_minus_n_plus_1_squared() {
    for m in 2..12 {
        for n in 1..m {
            let [map, ..] = scan(&ArrayD::zeros(vec![1, m, m]), &Array2::zeros((n, n)));
            assert_eq!(map.shape(), [1, m - n + 1, m - n + 1]);
        }
    }
}

#[test]
fn ties_are_equal_patches() {
    // Under a filter of N(0, 1) two places of a map are equal only if their 3×3 patches are.
    let pictures = read("one_two_three.txt", 6, 6).unwrap();
    for seed in 1..=3 {
        let filter = random_filter(seed);
        let (mut blocks, mut tied) = (0, 0);
        for (_, x) in &pictures {
            let patch = |i: usize, j: usize| -> Vec<f64> {
                (0..9).map(|k| x[6 * (i + k / 3) + j + k % 3]).collect()
            };
            let value =
                |patch: &Vec<f64>| patch.iter().zip(&filter).map(|(x, w)| x * w).sum::<f64>();
            for (i, j) in [(0, 0), (0, 2), (2, 0), (2, 2)] {
                let patches = [(0, 0), (0, 1), (1, 0), (1, 1)].map(|(p, q)| patch(i + p, j + q));
                let best = patches.iter().max_by(|a, b| value(a).total_cmp(&value(b))).unwrap();
                blocks += 1;
                tied += usize::from(patches.iter().filter(|patch| *patch == best).count() > 1);
            }
        }
        assert_eq!(ties(&pictures, &filter), (blocks, tied), "seed {seed}");
        assert!(tied > blocks / 20, "they are common: {tied} of {blocks}");
    }
}
