//! The pictures of a few pixels, and their reader.

use std::fs;
use std::path::Path;

use gradus::ndarray::array;

use crate::examples::draw_pixels::draw_all;
use crate::examples::pixels::{arrays, read, right};

const FILES: [(&str, usize, usize, usize, usize); 2] =
    [("zeros_and_ones.txt", 4, 3, 0, 2), ("one_two_three.txt", 6, 6, 1, 3)];

#[test]
fn the_files_are_what_the_seed_draws() {
    let folder = tempfile::tempdir().unwrap();
    draw_all(folder.path());
    for (name, ..) in FILES {
        let kept = fs::read(Path::new("data/pixels").join(name)).unwrap();
        assert!(fs::read(folder.path().join(name)).unwrap() == kept, "{name}");
    }
}

#[test]
fn there_are_32_different_pictures_of_each_digit() {
    for (name, rows, columns, first, digits) in FILES {
        let pictures = read(name, rows, columns).unwrap();
        for digit in first..first + digits {
            assert_eq!(pictures.iter().filter(|picture| picture.0 == digit).count(), 32, "{digit}");
        }
        assert_eq!(pictures.len(), 32 * digits);
        for (k, (_, pixels)) in pictures.iter().enumerate() {
            assert_eq!(pixels.len(), rows * columns);
            assert!(pictures[..k].iter().all(|(_, other)| other != pixels), "{name}, {k}");
        }
    }
}

#[test]
fn pictures_are_read_row_by_row() {
    let pictures = read("zeros_and_ones.txt", 4, 3).unwrap();
    let text = fs::read_to_string("data/pixels/zeros_and_ones.txt").unwrap();
    let mut lines = text.lines();
    for (digit, pixels) in pictures {
        assert_eq!(lines.next(), Some(digit.to_string().as_str()));
        for row in pixels.chunks(3) {
            let row: String = row.iter().map(|&x| if x == 1.0 { '#' } else { '.' }).collect();
            assert_eq!(lines.next(), Some(row.as_str()));
        }
        assert!(matches!(lines.next(), Some("") | None));
    }
    assert_eq!(lines.next(), None);
}

#[test]
fn what_does_not_fit_is_refused() {
    let error = read("one_two_three.txt", 4, 3).unwrap_err();
    assert!(error.ends_with("one_two_three.txt, picture 1: wanted 4 rows of 3"), "{error}");
    let error = read("none.txt", 4, 3).unwrap_err();
    assert!(error.contains("none.txt: "), "{error}");
}

#[test]
fn rows_are_right_where_the_largest_output_is_the_targets() {
    let pictures = [(2, vec![1.0, 0.0]), (3, vec![0.0, 1.0]), (1, vec![1.0, 1.0])];
    let (x, t) = arrays(&pictures, 1, 3);
    assert_eq!(x, array![[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]);
    assert_eq!(t, array![[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]);
    let outputs = array![[0.1, 0.3, 0.2], [0.9, 0.1, 0.8], [0.7, 0.1, 0.6]];
    assert_eq!(right(&outputs, &t), 2);
}
