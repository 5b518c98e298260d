//! The demons' network, 12-3-2, with weights assumed by hand: three hidden units that each like two
//! pixels, and two outputs that listen to them, tell 0 from 1 before anything is learned.
//!
//! ```text
//! cargo run --release --example demons -- --out target/pictures
//! ```

use gradus::ndarray::{Array2, ArrayD, array};
use gradus::prelude::*;

mod out;
#[path = "pictures/demons.rs"]
pub mod pictures;

mod pixels;
use pixels::{Picture, arrays, read, right};

/// Weights and biases by hand. Pixels are 1 to 12, row by row: unit A likes 4 and 7, the left side;
/// B 5 and 8, the middle; C 6 and 9, the right. Output 0 listens to A and C, output 1 to B. With a
/// `heart` of 1, biases silence what only noise excites; with 0 there are none.
pub fn by_hand(heart: f64) -> Arrays<f64> {
    let likes = |unit: usize| [3 + unit, 6 + unit];
    let w2 = Array2::from_shape_fn((3, 12), |(j, i)| if likes(j).contains(&i) { 4.0 } else { 0.0 });
    Arrays::from([
        ("w2".to_owned(), w2.into_dyn()),
        ("b2".to_owned(), (heart * array![-6.0, -6.0, -6.0]).into_dyn()),
        ("w3".to_owned(), array![[4.0, 0.0, 4.0], [0.0, 8.0, 0.0]].into_dyn()),
        ("b3".to_owned(), (heart * array![-4.0, -4.0]).into_dyn()),
    ])
}

/// The outputs of the hidden units and of the output units, a row for each picture.
pub fn outputs(pictures: &[Picture], parameters: &Arrays<f64>) -> [Array2<f64>; 2] {
    let g = Graph::new();
    let layer = |a, l: usize, units: usize, from: usize| {
        let (w, b) = (format!("w{l}"), format!("b{l}"));
        sigmoid(matmul(a, transpose(param(&g, &w, [units, from]))) + param(&g, &b, [units]))
    };
    let a2 = layer(input(&g, "x", ("n", 12)), 2, 3, 12);
    let a3 = layer(a2, 3, 2, 3);
    let (x, _) = arrays(pictures, 0, 2);
    let at = Inputs::new().with_all(parameters).with("x", &x);
    let values = evaluate(&[a2, a3], &at).expect("an array for each input");
    [0, 1].map(|k| values[k].clone().into_dimensionality().expect("a row for each picture"))
}

/// How many pictures are read right: 0 iff the first output is larger than the second.
pub fn count_right(pictures: &[Picture], parameters: &Arrays<f64>) -> usize {
    right(&outputs(pictures, parameters)[1], &arrays(pictures, 0, 2).1)
}

/// How many pictures have the output of their digit above ½, and the other one below.
pub fn count_clear(pictures: &[Picture], parameters: &Arrays<f64>) -> usize {
    let [_, a3] = outputs(pictures, parameters);
    let clear = |(digit, k): (usize, usize)| a3[[k, digit]] > 0.5 && a3[[k, 1 - digit]] < 0.5;
    (0..pictures.len()).filter(|&k| clear((pictures[k].0, k))).count()
}

fn main() {
    let pictures = read("zeros_and_ones.txt", 4, 3).expect("64 pictures");
    let parameters = by_hand(1.0);
    let [a2, a3] = outputs(&pictures, &parameters);
    println!("picture    A     B     C      output 0   output 1");
    for k in [0, 1, 4, 5, 58, 57] {
        let (digit, pixels) = &pictures[k];
        for (i, row) in pixels.chunks(3).enumerate() {
            let row: String = row.iter().map(|&x| if x == 1.0 { '#' } else { '.' }).collect();
            print!("  {row}");
            if i == 1 {
                let hidden: Vec<_> = a2.row(k).iter().map(|a| format!("{a:.2}")).collect();
                let read = if a3[[k, 0]] > a3[[k, 1]] { 0 } else { 1 };
                print!("     {}      {:.3}      {:.3}", hidden.join("  "), a3[[k, 0]], a3[[k, 1]]);
                print!("   a {digit}, read as {read}");
            }
            println!();
        }
        println!();
    }
    println!(
        "                      right   of these clearly: the right output above ½, the other below"
    );
    for (name, heart) in [("with biases", 1.0), ("without", 0.0)] {
        let parameters = by_hand(heart);
        let (right, clear) =
            (count_right(&pictures, &parameters), count_clear(&pictures, &parameters));
        println!("{name:12} {right:8} of {} {clear:6}", pictures.len());
    }
    println!("Nothing was learned. Without biases a silent unit says ½, and all of that is heard.");
    let count: usize = parameters.values().map(ArrayD::len).sum();
    println!("That took {count} parameters by hand.");
    out::write(pictures::all);
}
