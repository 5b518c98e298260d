//! The confusion matrix.

use kuva::render::render::{Primitive, Scene, TextAnchor};
use ndarray::{ArrayView1, ArrayView2};

use super::colour::{FAINT, OKABE_ITO, pale};
use super::error::{PictureError, at_most, equally_many, some};
use super::picture::{Picture, heading, text};

/// The most classes: with more, the numbers cannot be read.
const MOST: usize = 30;
/// The side of a cell, and the room for names.
const CELL: f64 = 38.0;
const LEFT: f64 = 70.0;
const ABOVE: f64 = 82.0;

/// A confusion matrix: in row i and column j, how many examples of class i were taken for class j.
/// A cell is the darker, the larger its share of its row; those on the diagonal, which are right, are
/// blue, the others vermilion. Zeros are left out.
///
/// # Errors
///
/// If there are no classes, or more than 30, or the matrix has not a row and a column for each.
///
/// ```
/// use gradus_export::pictures::confusion;
/// use ndarray::array;
/// let picture = confusion("Read as", array![[48, 2], [5, 45]].view(), &["0", "1"])?;
/// assert!(picture.svg().contains(">45</text>"));
/// # Ok::<(), gradus_export::pictures::PictureError>(())
/// ```
pub fn confusion(
    title: &str, counts: ArrayView2<'_, usize>, names: &[&str],
) -> Result<Picture, PictureError> {
    let of = |what: &str| format!("{what} of the confusion matrix `{title}`");
    some(&of("classes"), names)?;
    at_most(&of("classes"), names.len(), MOST)?;
    equally_many(&of("rows"), names.len(), counts.nrows())?;
    equally_many(&of("columns"), names.len(), counts.ncols())?;

    let side = CELL * names.len() as f64;
    let width = (LEFT + side + 24.0).max(8.5 * title.chars().count() as f64 + 20.0);
    let mut scene = Scene::new(width, ABOVE + side + 20.0);
    scene.add(heading(width, title));
    scene.add(text([LEFT + side / 2.0, 48.0], "taken for", 13, TextAnchor::Middle));
    scene.add(text([LEFT - 10.0, 48.0], "is", 13, TextAnchor::End));
    for (k, name) in names.iter().enumerate() {
        let middle = (k as f64 + 0.5) * CELL;
        scene.add(text([LEFT + middle, ABOVE - 10.0], name, 12, TextAnchor::Middle));
        scene.add(text([LEFT - 10.0, ABOVE + middle + 4.0], name, 12, TextAnchor::End));
    }
    let sum = |row: ArrayView1<'_, usize>| row.iter().map(|&count| count as f64).sum::<f64>();
    let rows: Vec<f64> = counts.outer_iter().map(sum).collect();
    for ((i, j), &count) in counts.indexed_iter() {
        let share = if count == 0 { 0.0 } else { count as f64 / rows[i] };
        let [x, y] = [LEFT + j as f64 * CELL, ABOVE + i as f64 * CELL];
        let colour = OKABE_ITO[usize::from(i != j)];
        // Mistakes are few: what is a twentieth of the row is as dark as can be.
        let dark = if i == j { 0.8 * share } else { 0.6 * (20.0 * share).min(1.0) };
        scene.add(Primitive::Rect {
            x,
            y,
            width: CELL,
            height: CELL,
            fill: pale(colour, dark).into(),
            stroke: Some(FAINT.into()),
            stroke_width: Some(1.0),
            opacity: None,
        });
        if count > 0 {
            let mut number = text(
                [x + CELL / 2.0, y + CELL / 2.0 + 4.0],
                &count.to_string(),
                12,
                TextAnchor::Middle,
            );
            if let Primitive::Text { color, .. } = &mut number {
                *color = (dark > 0.6).then(|| "#ffffff".into());
            }
            scene.add(number);
        }
    }
    Ok(Picture::new(scene, title))
}
