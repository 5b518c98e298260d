//! Draws the pictures of `data/pixels`: zeros and ones of 4×3 pixels, and ones, twos and threes of
//! 6×6. Shapes drawn by hand are moved and get pixels wrong, as a seed says; the same seed gives the
//! same files.
//!
//! ```text
//! cargo run --release --example draw_pixels -- --out pixels
//! ```

use std::path::{Path, PathBuf};

use gradus::models::write_atomically;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

/// Ways to write 0 and 1 in four rows of three pixels.
const ZEROS_AND_ONES: [&[&str]; 2] = [
    &["### #.# #.# ###", ".#. #.# #.# .#.", "##. #.# #.# ###", "### #.# #.# .##"],
    &[".#. .#. .#. .#.", "##. .#. .#. .#.", ".#. .#. .#. ###", "##. .#. .#. ###"],
];

/// Ways to write 1, 2 and 3 in six rows of six.
const ONE_TWO_THREE: [&[&str]; 3] = [
    &[
        "..#... ..#... ..#... ..#... ..#... ..#...",
        "..#... .##... ..#... ..#... ..#... ..#...",
        "..#... .##... ..#... ..#... ..#... .###..",
    ],
    &[
        ".###.. #...#. ....#. ..##.. .#.... #####.",
        ".##... #..#.. ...#.. ..#... .#.... ####..",
        ".###.. ....#. ....#. ...#.. ..#... .####.",
    ],
    &[
        ".###.. #...#. ..##.. ....#. #...#. .###..",
        ".##... ...#.. .##... ...#.. ...#.. .##...",
        ".###.. ....#. ..##.. ....#. ....#. .###..",
    ],
];

fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = match (arguments.next().as_deref(), arguments.next()) {
        (None, _) => PathBuf::from("data/pixels"),
        (Some("--out"), Some(folder)) => PathBuf::from(folder),
        _ => panic!("wanted: --out DIR, or nothing"),
    };
    draw_all(&folder);
    println!("Drew 160 pictures into {}", folder.display());
}

/// Writes both files into a folder, which is made if there is none.
pub fn draw_all(folder: &Path) {
    std::fs::create_dir_all(folder).expect("a folder that can be made");
    let write = |name: &str, text: String| {
        write_atomically(&folder.join(name), text.as_bytes()).expect("a folder to write to");
    };
    write("zeros_and_ones.txt", draw(&ZEROS_AND_ONES, 0));
    write("one_two_three.txt", draw(&ONE_TWO_THREE, 1));
}

/// Thirty-two different pictures of each digit, the digits in turn; the first shapes are for `first`.
fn draw(digits: &[&[&str]], first: usize) -> String {
    let random = &mut ChaCha8Rng::seed_from_u64(1);
    let mut drawn: Vec<(usize, Vec<Vec<u8>>)> = Vec::new();
    while drawn.len() < 32 * digits.len() {
        let digit = drawn.len() % digits.len();
        let picture = vary(digits[digit], random);
        if drawn.iter().all(|(_, other)| *other != picture) {
            drawn.push((first + digit, picture));
        }
    }
    let pictures = drawn.iter().map(|(digit, rows)| {
        let rows: Vec<_> = rows.iter().map(|row| String::from_utf8_lossy(row)).collect();
        format!("{digit}\n{}\n", rows.join("\n"))
    });
    pictures.collect::<Vec<_>>().join("\n")
}

/// One of the shapes, with up to two pixels wrong. A shape with room to both sides is moved by up to
/// a pixel before.
fn vary(shapes: &[&str], random: &mut ChaCha8Rng) -> Vec<Vec<u8>> {
    let shape = shapes[random.random_range(0..shapes.len())];
    let mut rows: Vec<Vec<u8>> = shape.split(' ').map(|row| row.as_bytes().to_vec()).collect();
    let (height, width) = (rows.len(), rows[0].len());
    let blank = |column: usize| rows.iter().all(|row| row[column] == b'.');
    if width > 3 && blank(0) && blank(width - 1) {
        let by = random.random_range(0..3);
        rows.iter_mut().for_each(|row| {
            row.rotate_left(1);
            row.rotate_right(by);
        });
    }
    for _ in 0..random.random_range(0..3) {
        let (i, j) = (random.random_range(0..height), random.random_range(0..width));
        rows[i][j] = if rows[i][j] == b'#' { b'.' } else { b'#' };
    }
    rows
}
