//! Draws the thirty digits of `data/digits`: three ways to write each, with ten pens on ten papers.
//! The same seed gives the same files.
//!
//! ```text
//! cargo run --release --example draw_digits -- --out digits
//! ```

use std::path::{Path, PathBuf};

use gradus::models::write_atomically;
use png::{BitDepth, ColorType};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

type Point = [f64; 2];

/// Three ways to write each digit, from 0 to 9: points that the pen passes, in a box of 60×100;
/// `/` is a corner, `|` lifts the pen.
const DIGITS: [&str; 30] = [
    "32,2 12,18 3,50 12,84 32,98 52,82 58,50 50,16 30,3",
    "40,8 20,6 6,30 4,62 18,94 40,92 56,66 54,30 38,6 24,10",
    "30,6 8,22 2,54 16,90 40,94 58,68 54,28 40,8",
    "32,2 30,50 28,98",
    "12,26 34,3 / 33,50 32,98",
    "14,22 32,3 / 31,50 31,96 | 10,97 32,95 54,96",
    "6,24 16,6 36,2 50,18 44,42 24,70 5,95 / 30,94 58,95",
    "8,22 24,4 46,8 50,30 34,60 14,88 6,92 8,80 22,82 40,94 58,88",
    "4,14 24,3 48,8 52,28 34,52 4,94 / 58,92",
    "8,12 30,2 50,16 44,38 24,46 / 46,52 56,74 40,96 16,97 4,84",
    "6,6 28,4 52,5 / 42,22 28,42 / 46,48 54,70 42,94 20,97 5,86",
    "6,16 28,2 50,14 46,36 28,46 22,42 30,44 52,58 54,82 30,98 4,86",
    "14,4 8,30 4,54 / 30,55 58,52 | 46,8 42,50 40,98",
    "58,66 30,67 3,68 / 22,36 42,3 / 41,50 40,98",
    "10,6 8,36 14,56 34,56 52,46 | 54,8 48,50 42,98",
    "14,6 12,26 9,44 / 30,38 52,50 54,76 36,96 6,92 | 14,6 34,5 54,4",
    "54,5 34,6 16,8 / 13,26 10,46 / 32,40 54,56 50,84 28,98 4,88",
    "52,6 26,6 14,20 14,40 36,46 54,64 46,90 22,97 6,88",
    "44,4 22,26 6,58 8,86 30,98 50,84 48,62 28,54 10,70",
    "50,8 26,10 8,44 6,78 24,97 48,90 52,66 34,52 10,68",
    "32,2 14,36 4,70 16,96 42,94 50,72 34,58 14,68 8,80",
    "4,8 30,6 54,6 / 40,40 24,98",
    "4,10 30,8 56,6 / 42,40 26,98 | 18,52 34,50 52,47",
    "6,22 8,8 / 32,8 56,8 / 38,36 28,66 26,98",
    "50,14 30,2 10,14 14,36 40,54 54,78 32,98 8,80 20,54 44,36 50,14",
    "30,3 12,14 14,36 30,46 46,34 46,14 30,3 | 30,47 8,62 8,86 30,98 52,86 50,62 30,47",
    "54,10 34,2 12,12 16,36 38,52 50,76 34,97 10,90 10,68 30,48 48,28 50,8",
    "50,22 30,4 8,18 10,42 32,48 50,26 / 50,60 46,98",
    "48,20 28,3 8,22 14,46 38,44 50,18 / 52,50 44,84 22,98 6,90",
    "46,10 18,8 6,30 22,50 44,36 50,8 / 46,50 38,98",
];

/// Width and height; paper and ink; the pen's width in hundredths of the digit's height; how many
/// pixels its edge takes; how unevenly it covers; the light's fall from corner to corner; the file.
type Material = ([usize; 2], [[f64; 3]; 2], f64, f64, f64, f64, (ColorType, BitDepth));

#[rustfmt::skip]
const MATERIALS: [Material; 10] = {
    use {BitDepth::{Eight, Four, One}, ColorType::{Grayscale, Indexed, Rgb, Rgba}};
    const BLACK: [f64; 3] = [20.0; 3];
    const WHITE: [f64; 3] = [255.0; 3];
    const GREY: [f64; 3] = [190.0; 3];
    const CREAM: [f64; 3] = [246.0, 236.0, 208.0];
    const YELLOW: [f64; 3] = [255.0, 225.0, 90.0];
    const BOARD: [f64; 3] = [36.0, 52.0, 44.0];
    const CHALK: [f64; 3] = [236.0, 232.0, 220.0];
    const BLUE: [f64; 3] = [28.0, 44.0, 140.0];
    const RED: [f64; 3] = [190.0, 30.0, 40.0];
    const GRAPHITE: [f64; 3] = [90.0; 3];
    [
        ([28, 28], [WHITE, BLACK], 9.0, 1.0, 0.0, 0.0, (Grayscale, Eight)), // a mouse
        ([240, 320], [CREAM, BLUE], 4.0, 1.5, 0.2, 30.0, (Rgb, Eight)), // a ball-point
        ([320, 240], [BOARD, CHALK], 8.0, 3.0, 0.6, 10.0, (Rgb, Eight)), // chalk
        ([300, 400], [WHITE, RED], 10.0, 1.5, 0.0, 0.0, (Rgb, Eight)), // a marker
        ([200, 200], [GREY, GRAPHITE], 5.0, 2.0, 0.5, 0.0, (Grayscale, Eight)), // a pencil
        ([160, 200], [WHITE, BLACK], 6.0, 1.0, 0.0, 0.0, (Grayscale, One)), // a fax
        ([128, 128], [WHITE, BLUE], 7.0, 1.0, 0.0, 0.0, (Rgba, Eight)), // on nothing
        ([256, 192], [YELLOW, RED], 9.0, 1.5, 0.0, 0.0, (Indexed, Four)), // a paint program
        ([64, 64], [BLACK, WHITE], 8.0, 1.0, 0.0, 0.0, (Grayscale, Eight)), // white on black
        ([600, 400], [GREY, BLACK], 6.0, 3.0, 0.2, 80.0, (Grayscale, Eight)), // a photograph
    ]
};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = match (arguments.next().as_deref(), arguments.next()) {
        (None, _) => PathBuf::from("data/digits"),
        (Some("--out"), Some(folder)) => PathBuf::from(folder),
        _ => panic!("wanted: --out DIR, or nothing"),
    };
    draw_all(&folder);
    println!("Drew thirty digits into {}", folder.display());
}

/// Draws all digits into a folder, which is made if there is none.
pub fn draw_all(folder: &Path) {
    std::fs::create_dir_all(folder).expect("a folder that can be made");
    let mut random = ChaCha8Rng::seed_from_u64(1);
    for (k, strokes) in DIGITS.iter().enumerate() {
        let (digit, way) = (k / 3, k % 3);
        let material = &MATERIALS[(digit + [0, 4, 7][way]) % MATERIALS.len()];
        let file = draw(strokes, material, &mut random);
        let name = format!("{digit}-{}.png", ["a", "b", "c"][way]);
        write_atomically(&folder.join(name), &file).expect("a folder that can be written to");
    }
}

/// One picture, as a PNG file.
fn draw(strokes: &str, material: &Material, random: &mut ChaCha8Rng) -> Vec<u8> {
    let &([width, height], [paper, ink], pen, edge, uneven, light, (colour, depth)) = material;
    // A hand makes the digit larger or smaller, wider or narrower, slanted, and somewhere.
    let size = width.min(height) as f64 * random.random_range(0.5..0.75);
    let (wide, slant) = (random.random_range(0.85..1.15), random.random_range(-0.05..0.25));
    let free = [width as f64 - (0.6 * wide + 0.2) * size, height as f64 - size];
    let corner = free.map(|free| free * random.random_range(0.1..0.9));
    let dots: Vec<(Point, f64)> = trace(strokes, random)
        .into_iter()
        .map(|([x, y], pressure)| {
            let (x, y) = (x * wide / 100.0 + slant * (0.5 - y / 100.0) + 0.1, y / 100.0);
            ([corner[0] + x * size, corner[1] + y * size], pressure * pen / 200.0 * size)
        })
        .collect();
    // What of each pixel is ink, and the colour that this gives.
    let mut bytes = Vec::new();
    for y in 0..height {
        let mut row = Vec::new();
        for x in 0..width {
            let at = [x as f64 + 0.5, y as f64 + 0.5];
            let inside = dots.iter().map(|(dot, radius)| radius - distance(at, *dot));
            let cover = (inside.fold(f64::MIN, f64::max) / edge + 0.5).clamp(0.0, 1.0);
            let cover = cover * (1.0 - uneven * random.random::<f64>());
            let away =
                at[0] * at[0] / (width * width) as f64 + at[1] * at[1] / (height * height) as f64;
            let shade = light * away / 2.0;
            let mix = |k: usize| (paper[k] + (ink[k] - paper[k]) * cover - shade).max(0.0) as u8;
            match colour {
                ColorType::Grayscale if depth == BitDepth::One => row.push((cover < 0.5) as u8),
                ColorType::Grayscale => row.push(mix(1)),
                ColorType::Indexed => row.push((cover * 15.0) as u8),
                ColorType::Rgba => {
                    row.extend([ink[0], ink[1], ink[2], cover * 255.0].map(|k| k as u8));
                }
                _ => row.extend([mix(0), mix(1), mix(2)]),
            }
        }
        let bits = depth as usize;
        bytes.extend(row.chunks(8 / bits).map(|pixels| {
            let places = pixels.iter().zip((0..8 / bits).rev());
            places.map(|(pixel, place)| pixel << (place * bits)).sum::<u8>()
        }));
    }
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width as u32, height as u32);
    encoder.set_color(colour);
    encoder.set_depth(depth);
    encoder.set_compression(png::Compression::High);
    if colour == ColorType::Indexed {
        let mix = |k: usize, c: usize| (paper[c] + (ink[c] - paper[c]) * k as f64 / 15.0) as u8;
        encoder.set_palette((0..16).flat_map(|k| [0, 1, 2].map(|c| mix(k, c))).collect::<Vec<_>>());
    }
    let mut writer = encoder.write_header().expect("sizes that are not zero");
    writer.write_image_data(&bytes).expect("as many bytes as the header says");
    writer.finish().expect("room in memory");
    file
}

/// Dots close to each other along the strokes, with the pressure at each.
fn trace(strokes: &str, random: &mut ChaCha8Rng) -> Vec<(Point, f64)> {
    let mut dots = Vec::new();
    for stroke in strokes.split('|') {
        let mut last: Option<(Point, f64)> = None;
        for curve in stroke.split('/') {
            let mut shaky = |number: &str| {
                number.parse::<f64>().expect("a number") + random.random_range(-2.5..2.5)
            };
            let points = curve.split_whitespace().map(|point| {
                let (x, y) = point.split_once(',').expect("two numbers");
                ([shaky(x), shaky(y)], 1.0 + shaky("0") / 10.0)
            });
            let points: Vec<_> = last.into_iter().chain(points).collect();
            for k in 1..points.len() {
                let near = [k.saturating_sub(2), k - 1, k, (k + 1).min(points.len() - 1)];
                let [a, b, c, d] = near.map(|k| points[k]);
                dots.extend((0..=60).map(|t| {
                    let t = f64::from(t) / 60.0;
                    let between = |i| spline([a.0[i], b.0[i], c.0[i], d.0[i]], t);
                    ([between(0), between(1)], spline([a.1, b.1, c.1, d.1], t))
                }));
            }
            last = points.last().copied();
        }
    }
    dots
}

/// The spline of E. Catmull and R. Rom between the second and the third of four numbers.
fn spline([a, b, c, d]: [f64; 4], t: f64) -> f64 {
    let (t2, t3) = (t * t, t * t * t);
    b + 0.5 * ((c - a) * t + (2.0 * a - 5.0 * b + 4.0 * c - d) * t2 + (3.0 * (b - c) + d - a) * t3)
}

fn distance(a: Point, b: Point) -> f64 {
    ((a[0] - b[0]) * (a[0] - b[0]) + (a[1] - b[1]) * (a[1] - b[1])).sqrt()
}
