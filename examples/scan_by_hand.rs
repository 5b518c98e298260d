//! A convolution by hand: a demon that likes the pattern / scans a 2 of 6×6 pixels, and counts at
//! each place the cells that match; then the largest of each 2×2 is kept, the first one of equals.
//!
//! ```text
//! cargo run --release --example scan_by_hand -- --out target/pictures
//! ```

use gradus::ndarray::{Array2, ArrayD, Axis, IxDyn};
use gradus::prelude::*;

mod out;
#[path = "pictures/scan_by_hand.rs"]
pub mod pictures;

#[allow(dead_code, reason = "nothing is learned here")]
mod pixels;
use pixels::{Picture, arrays, read};

/// The handwritten 2 that is scanned.
pub const TWO: [&str; 6] = [".###..", "#...#.", "....#.", "...#..", "..#...", "######"];

/// The pattern /.
pub const SLASH: [&str; 3] = ["..#", ".#.", "#.."];

/// Rows of pixels as numbers, 1 for `#`.
pub fn matrix<const H: usize>(rows: [&str; H]) -> Array2<f64> {
    let cell = |(i, j): (usize, usize)| f64::from(rows[i].as_bytes()[j] == b'#');
    Array2::from_shape_fn((H, rows[0].len()), cell)
}

/// The feature maps of pictures [n, H, W] under a filter, z_ij = Σ w_pq x_{i+p−1, j+q−1}; the largest
/// of each 2×2; and where 1s arrive that are sent back from these.
pub fn scan(x: &ArrayD<f64>, filter: &Array2<f64>) -> [ArrayD<f64>; 3] {
    let g = Graph::new();
    let (h, w) = filter.dim();
    let picture = input(&g, "x", ("n", 1, x.shape()[1], x.shape()[2]));
    let maps = conv2d(picture, input(&g, "w", [1, 1, h, w]), Convolution::default());
    let pooled = max_pool2d(maps, Pooling::new(2, 2));
    let [sent_back] = grad(sum_all(pooled), [maps]);
    let x = x.to_shape((x.shape()[0], 1, x.shape()[1], x.shape()[2])).expect("a channel");
    let filter = filter.to_shape((1, 1, h, w)).expect("a channel each way");
    let at = Inputs::new().with("x", &x).with("w", &filter);
    let values = evaluate(&[maps, pooled, sent_back], &at).expect("an array for each input");
    [0, 1, 2].map(|k| values[k].clone().remove_axis(Axis(1)))
}

/// How many 2×2 blocks of the pictures' maps there are, and in how many the largest is not alone.
pub fn ties(pictures: &[Picture], filter: &Array2<f64>) -> (usize, usize) {
    let (x, _) = arrays(pictures, 1, 3);
    let x: ArrayD<f64> =
        x.into_shape_with_order(vec![pictures.len(), 6, 6]).expect("36 pixels each");
    let [maps, pooled, _] = scan(&x, filter);
    let equals = |(at, largest): &(IxDyn, &f64)| {
        let cells = [(0, 0), (0, 1), (1, 0), (1, 1)];
        let cell = |&(p, q): &(usize, usize)| maps[[at[0], 2 * at[1] + p, 2 * at[2] + q]];
        cells.iter().filter(|place| cell(place) == **largest).count() > 1
    };
    (pooled.len(), pooled.indexed_iter().filter(|block| equals(block)).count())
}

/// A filter drawn from N(0, 1).
pub fn random_filter(seed: u32) -> Array2<f64> {
    let g = Graph::new();
    let drawn = random_normal(constant(&g, f64::from(seed)), 0, [3, 3]);
    let values: Vec<ArrayD<f64>> = evaluate(&[drawn], &Inputs::new()).expect("no inputs");
    values[0].clone().into_dimensionality().expect("a matrix")
}

fn main() {
    let (two, slash) = (matrix(TWO), matrix(SLASH));
    let x = two.view().insert_axis(Axis(0)).into_dyn().into_owned();
    let [map, pooled, sent_back] = scan(&x, &slash);
    println!("picture   pattern");
    for (i, row) in TWO.iter().enumerate() {
        println!("{row}    {}", SLASH.get(i).unwrap_or(&""));
    }
    println!("\nfeature map   the largest   what a 1 from each sends back");
    for i in 0..4 {
        let row = |y: &ArrayD<f64>, n: usize| {
            (0..n).map(|j| format!("{:2}", y[[0, i, j]])).collect::<String>()
        };
        let largest = if i < 2 { row(&pooled, 2) } else { " ".repeat(4) };
        println!("  {}        {largest}          {}", row(&map, 4), row(&sent_back, 4));
    }
    println!(
        "A tie goes to the first largest, row by row. (The rule of W 5-5 would give the whole to"
    );
    println!("each of equals.)\n");

    println!("m×m scanned by n×n gives (m − n + 1)²:");
    for (m, n) in [(6, 3), (6, 2), (9, 3), (28, 5)] {
        let [map, _, _] = scan(&ArrayD::zeros(vec![1, m, m]), &Array2::zeros((n, n)));
        println!("  {m:2}×{m:<2} by {n}×{n}: {}×{}", map.shape()[1], map.shape()[2]);
    }

    let pictures = read("one_two_three.txt", 6, 6).expect("96 pictures");
    let (blocks, equal) = ties(&pictures, &slash);
    println!("\nBlocks of the 96 pictures' maps in which the largest is not alone:");
    println!("  the pattern /            {equal:4} of {blocks}");
    let all: usize = (1..=100).map(|seed| ties(&pictures, &random_filter(seed)).1).sum();
    println!("  100 filters from N(0, 1) {:6.1} % of their blocks", all as f64 / blocks as f64);
    out::write(pictures::all);
}
