//! The demons' network with weights by hand, against counts of the pixels that its units like.

use crate::examples::demons::{by_hand, count_clear, count_right, outputs};
use crate::examples::pixels::{Picture, read};

fn pictures() -> Vec<Picture> {
    read("zeros_and_ones.txt", 4, 3).unwrap()
}

fn sigma(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

/// How many of the two pixels that A, B and C like a picture has: 4 and 7, 5 and 8, 6 and 9 of 1 to 12.
fn liked(pixels: &[f64]) -> [f64; 3] {
    [(4, 7), (5, 8), (6, 9)].map(|(i, j)| pixels[i - 1] + pixels[j - 1])
}

#[test]
fn units_hear_what_they_like() {
    let pictures = pictures();
    let [a2, a3] = outputs(&pictures, &by_hand(1.0));
    for (k, (_, pixels)) in pictures.iter().enumerate() {
        let hidden = liked(pixels).map(|n| sigma(4.0 * n - 6.0));
        let output = [sigma(4.0 * (hidden[0] + hidden[2]) - 4.0), sigma(8.0 * hidden[1] - 4.0)];
        assert!((0..3).all(|j| (a2[[k, j]] - hidden[j]).abs() < 1e-15));
        assert!((0..2).all(|j| (a3[[k, j]] - output[j]).abs() < 1e-15));
    }
}

#[test]
fn all_pictures_are_read_right_before_anything_is_learned() {
    assert_eq!(count_right(&pictures(), &by_hand(1.0)), 64);
    // Where the sides have more of what they like than the middle, it is a 0.
    let s = |n: f64| sigma(4.0 * n - 6.0);
    for (digit, pixels) in pictures() {
        let [a, b, c] = liked(&pixels).map(s);
        assert_eq!(a + c > 2.0 * b, digit == 0);
    }
}

#[test]
fn biases_make_the_outputs_clear() {
    // With biases output 0 is above ½ where A + C > 1, output 1 where B > ½.
    let clear = |(digit, pixels): &Picture| {
        let [a, b, c] = liked(pixels);
        let (zero, one) = (sigma(4.0 * a - 6.0) + sigma(4.0 * c - 6.0) > 1.0, b == 2.0);
        [zero, one] == [*digit == 0, *digit == 1]
    };
    // A picture with two pixels on one side and one on the other has A + C = 1, up to rounding.
    let edge = |(_, pixels): &Picture| {
        let [a, _, c] = liked(pixels);
        a + c == 3.0
    };
    let pictures = pictures();
    let sure: Vec<Picture> = pictures.iter().filter(|picture| !edge(picture)).cloned().collect();
    let wanted = sure.iter().filter(|picture| clear(picture)).count();
    assert_eq!(count_clear(&sure, &by_hand(1.0)), wanted);
    assert!(wanted > 32, "{wanted}");
    assert_eq!(count_clear(&pictures, &by_hand(0.0)), 0, "every output is ½ or more");
}
