//! Pictures of a few pixels, read from their text form: the digit on a line, then the rows, `#` for
//! ink; an empty line between pictures.

use std::fs;
use std::path::Path;

use gradus::ndarray::Array2;

/// What a picture shows, and its pixels row by row, 1 for ink.
pub type Picture = (usize, Vec<f64>);

/// The pictures of a file in `data/pixels`, all of so many rows and columns.
///
/// # Errors
///
/// If the file cannot be read, or a picture is not a digit and its rows; with the picture's number.
pub fn read(name: &str, rows: usize, columns: usize) -> Result<Vec<Picture>, String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/pixels").join(name);
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let numbered = text.trim_end().split("\n\n").enumerate();
    let pictures = numbered.map(|(k, text)| {
        parse(text, rows, columns).ok_or_else(|| {
            format!("{}, picture {}: wanted {rows} rows of {columns}", path.display(), k + 1)
        })
    });
    pictures.collect()
}

/// A row of pixels for each picture, and a row of targets: 1 for its digit, of `first` and the
/// following ones, else 0.
pub fn arrays(pictures: &[Picture], first: usize, digits: usize) -> (Array2<f64>, Array2<f64>) {
    let pixels = pictures.first().map_or(0, |picture| picture.1.len());
    let x = Array2::from_shape_fn((pictures.len(), pixels), |(k, i)| pictures[k].1[i]);
    let target = |(k, j): (usize, usize)| f64::from(pictures[k].0 == first + j);
    (x, Array2::from_shape_fn((pictures.len(), digits), target))
}

/// How many rows have their largest output where the target is 1.
pub fn right(outputs: &Array2<f64>, targets: &Array2<f64>) -> usize {
    let largest = |row: gradus::ndarray::ArrayView1<'_, f64>| {
        (1..row.len()).fold(0, |best, j| if row[j] > row[best] { j } else { best })
    };
    let rows = outputs.outer_iter().zip(targets.outer_iter());
    rows.filter(|(a, t)| t[largest(*a)] == 1.0).count()
}

fn parse(text: &str, rows: usize, columns: usize) -> Option<Picture> {
    let mut lines = text.lines();
    let digit = lines.next()?.parse().ok()?;
    let lines: Vec<&str> = lines.collect();
    let whole = lines.len() == rows && lines.iter().all(|line| line.chars().count() == columns);
    let ink = |c| match c {
        '#' => Some(1.0),
        '.' => Some(0.0),
        _ => None,
    };
    let pixels: Option<Vec<f64>> = lines.iter().flat_map(|line| line.chars()).map(ink).collect();
    Some((digit, pixels?)).filter(|_| whole)
}
