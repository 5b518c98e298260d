//! Pictures of single digits: MNIST's own come through the reader as they are, and the thirty in
//! `data/digits` are what the example draws.

use std::path::Path;

use gradus::models::data::{Digit, Mnist, Pictures};
use proptest::prelude::*;

#[path = "../examples/draw_digits.rs"]
#[expect(dead_code, reason = "an example has a main function")]
mod draw_digits;

const SIDE: usize = 28;

/// An 8-bit grey PNG file.
fn png(width: usize, height: usize, pixel: impl Fn(usize, usize) -> u8) -> Vec<u8> {
    let rows = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    let pixels: Vec<u8> = rows.map(|(x, y)| pixel(x, y)).collect();
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width as u32, height as u32);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
    file
}

fn test_pictures() -> Pictures {
    Mnist::read(Path::new("data/mnist")).unwrap().test
}

fn bytes(pictures: &Pictures, k: usize) -> Vec<u8> {
    pictures.batch(&[k]).0.iter().map(|v| (v * 255.0).round() as u8).collect()
}

/// The largest and the mean difference between the pixels.
fn differences(a: &[u8], b: &[u8]) -> (u8, f64) {
    let far = || a.iter().zip(b).map(|(a, b)| a.abs_diff(*b));
    (far().max().unwrap(), far().map(f64::from).sum::<f64>() / a.len() as f64)
}

#[test]
fn mnist_pictures_come_through_as_they_are() {
    let pictures = test_pictures();
    let (mut same, mut near) = (0, 0);
    for k in 0..pictures.len() {
        let pixels = bytes(&pictures, k);
        let digit = Digit::from_png(&png(SIDE, SIDE, |x, y| pixels[y * SIDE + x])).unwrap();
        let (far, _) = differences(&pixels, digit.pixels());
        same += usize::from(far == 0);
        near += usize::from(far <= 1);
    }
    // Where the strongest ink is 254, it becomes 255. Most of the last 95 have specks.
    assert_eq!((same, near), (8896, 9905), "of 10000 byte for byte, and to 1 of 255");
}

#[test]
fn enlarged_mnist_pictures_hardly_change() {
    let pictures = test_pictures();
    let changed = |k: &usize| {
        let pixels = bytes(&pictures, *k);
        let enlarged = |factor: usize| {
            let file = png(SIDE * factor, SIDE * factor, |x, y| {
                255 - pixels[y / factor * SIDE + x / factor]
            });
            Digit::from_png(&file).unwrap()
        };
        let (_, mean) = differences(enlarged(1).pixels(), enlarged(5).pixels());
        mean > 0.5
    };
    // These have strokes so thin that they are thickened, which 28×28 pixels are too coarse for.
    let changed = (0..1000).filter(changed).count();
    assert!(changed <= 40, "{changed} of 1000");
}

proptest! {
    /// Dark on light or light on dark, and with any amount of paper around it.
    #[test]
    fn a_digit_is_found_wherever_it_is(
        k in 0..10_000_usize, (left, right) in (0..40_usize, 0..40_usize),
        (top, bottom) in (0..40_usize, 0..40_usize), dark: bool,
    ) {
        thread_local!(static PICTURES: Pictures = test_pictures());
        let pixels = PICTURES.with(|pictures| bytes(pictures, k));
        let plain = Digit::from_png(&png(SIDE, SIDE, |x, y| pixels[y * SIDE + x])).unwrap();
        let other = png(left + SIDE + right, top + SIDE + bottom, |x, y| {
            let inside = |x: usize, start| x.checked_sub(start).filter(|&x| x < SIDE);
            let ink = match (inside(x, left), inside(y, top)) {
                (Some(x), Some(y)) => pixels[y * SIDE + x],
                _ => 0,
            };
            if dark { 255 - ink } else { ink }
        });
        prop_assert_eq!(Digit::from_png(&other).unwrap(), plain);
    }
}

/// The same pixels: how they are packed into a file depends on the library that does it.
#[test]
fn drawing_the_digits_again_gives_the_same_pictures() {
    let folder = tempfile::tempdir().unwrap();
    draw_digits::draw_all(folder.path());
    let pictures = |folder: &Path| {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let pictures = entries.filter(|path| path.extension().is_some_and(|end| end == "png"));
        let named = |path: std::path::PathBuf| (path.file_name().unwrap().to_owned(), read(&path));
        pictures.map(named).collect::<std::collections::BTreeMap<_, _>>()
    };
    let (drawn, kept) = (pictures(folder.path()), pictures(Path::new("data/digits")));
    assert_eq!(drawn.len(), 30);
    assert!(drawn.keys().eq(kept.keys()), "{:?}", kept.keys());
    for (name, picture) in drawn {
        assert!(picture == kept[&name], "{} has changed", name.display());
    }
}

/// The header and the palette of a PNG file, as text, and its pixels.
fn read(path: &Path) -> (String, Vec<u8>) {
    let file = std::io::BufReader::new(std::fs::File::open(path).unwrap());
    let mut reader = png::Decoder::new(file).read_info().unwrap();
    let palette = reader.info().palette.clone();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut pixels).unwrap();
    (format!("{frame:?}, {palette:?}"), pixels)
}
