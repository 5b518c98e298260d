//! Pictures of few pixels in grey: filters, feature maps, weights, digits.

use kuva::render::render::{Primitive, Scene, TextAnchor};
use ndarray::ArrayView2;

use super::colour::{FAINT, grey};
use super::error::{PictureError, at_most, equally_many, finite, some};
use super::picture::{Picture, heading, text};

/// The most numbers in all pictures together.
const MOST: usize = 100_000;
/// About the length of a picture's longer side, and the room around it.
const SIDE: f64 = 96.0;
const ROOM: f64 = 14.0;
const ABOVE: f64 = 38.0;
const BELOW: f64 = 44.0;

/// Which numbers are black and white.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Greys {
    /// 0 is white and 1 black, as ink on paper; what is beyond is as its nearest end.
    Ink,
    /// Each picture's least number is black and its largest white; where all are equal, all are grey.
    Each,
    /// 0 is the middle grey; black and white are minus and plus the largest size of a number in any
    /// of the pictures: weights, to be compared with each other.
    Signed,
}

/// Small pictures in grey, so many in a row, each with its name below. The legend below all says what
/// is black and what white.
///
/// # Errors
///
/// If there are no pictures, or one has no numbers; if they have more than 100,000 numbers together, or
/// not one name each; if a number is not finite.
///
/// ```
/// use gradus_export::pictures::{Greys, grey_pictures};
/// use ndarray::array;
/// let slash = array![[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]];
/// let picture = grey_pictures("A pattern", &[slash.view()], &["/"], 1, Greys::Ink)?;
/// assert!(picture.svg().contains(">/</text>"));
/// # Ok::<(), gradus_export::pictures::PictureError>(())
/// ```
pub fn grey_pictures(
    title: &str, pictures: &[ArrayView2<'_, f64>], names: &[&str], columns: usize, greys: Greys,
) -> Result<Picture, PictureError> {
    check(title, pictures, names, columns)?;
    let largest = pictures.iter().flatten().fold(0.0, |most: f64, x| most.max(x.abs()));
    let columns = columns.min(pictures.len());
    // A cell is as high as the highest picture, so that flat ones have no gaps between them.
    let sizes: Vec<[f64; 2]> = pictures.iter().map(|picture| size(picture.dim())).collect();
    let cell = |side: usize| sizes.iter().map(|size| size[side]).fold(0.0, f64::max);
    let (wide, high) = (cell(0) + ROOM, cell(1) + ROOM + 16.0);
    let legend = legend(greys, largest);
    let least = [8.5 * title.chars().count() as f64, 6.6 * legend.chars().count() as f64];
    let width = (wide * columns as f64 + ROOM).max(least[0] + 20.0).max(least[1] + 20.0);
    let left = (width - wide * columns as f64 + ROOM) / 2.0;
    let rows = pictures.len().div_ceil(columns);
    let mut scene = Scene::new(width, ABOVE + high * rows as f64 + BELOW - 12.0);
    scene.add(heading(width, title));
    for (k, (picture, name)) in pictures.iter().zip(names).enumerate() {
        let (x, y) = (left + (k % columns) as f64 * wide, ABOVE + (k / columns) as f64 * high);
        let [across, down] = sizes[k];
        let corner = [(x + (wide - ROOM - across) / 2.0).round(), y];
        pixels(&mut scene, picture, corner, across / picture.ncols() as f64, greys, largest);
        scene.add(frame(corner, [across, down]));
        let below = [x + (wide - ROOM) / 2.0, y + down + 15.0];
        scene.add(text(below, name, 12, TextAnchor::Middle));
    }
    let bottom = scene.height - 10.0;
    scene.add(text([width / 2.0, bottom], &legend, 11, TextAnchor::Middle));
    Ok(Picture::new(scene, title))
}

fn check(
    title: &str, pictures: &[ArrayView2<'_, f64>], names: &[&str], columns: usize,
) -> Result<(), PictureError> {
    let of = format!("pictures of `{title}`");
    some(&of, pictures)?;
    let pixels = pictures.iter().map(|picture| picture.nrows() * picture.ncols()).sum();
    at_most(&format!("numbers in the {of}"), pixels, MOST)?;
    equally_many(&format!("names of the {of}"), pictures.len(), names.len())?;
    if columns == 0 {
        return Err(PictureError::Empty(format!("columns of the {of}")));
    }
    for (picture, name) in pictures.iter().zip(names) {
        if picture.is_empty() {
            return Err(PictureError::Empty(format!("pixels of `{name}` of `{title}`")));
        }
        finite(&format!("`{name}` of `{title}`"), picture)?;
    }
    Ok(())
}

/// Width and height of a picture: square pixels of whole length, the longer side about [`SIDE`].
fn size((rows, columns): (usize, usize)) -> [f64; 2] {
    let pixel = (SIDE / rows.max(columns) as f64).round().max(1.0);
    [pixel * columns as f64, pixel * rows as f64]
}

fn pixels(
    scene: &mut Scene, picture: &ArrayView2<'_, f64>, [x, y]: [f64; 2], pixel: f64, greys: Greys,
    largest: f64,
) {
    let ends = |(a, b): (f64, f64), &x: &f64| (a.min(x), b.max(x));
    let (low, high) = picture.iter().fold((f64::INFINITY, f64::NEG_INFINITY), ends);
    let light = |number: f64| match greys {
        Greys::Ink => 1.0 - number,
        Greys::Each if low < high => (number - low) / (high - low),
        Greys::Signed if largest > 0.0 => (number / largest + 1.0) / 2.0,
        Greys::Each | Greys::Signed => 0.5,
    };
    let cells = || picture.indexed_iter();
    // Blurred edges would be seen as a grid of paper between the pixels.
    scene.add(Primitive::GroupStart {
        transform: None,
        title: None,
        extra_attrs: Some("shape-rendering=\"crispEdges\"".to_owned()),
    });
    scene.add(Primitive::RectBatch {
        x: cells().map(|((_, j), _)| x + j as f64 * pixel).collect(),
        y: cells().map(|((i, _), _)| y + i as f64 * pixel).collect(),
        w: vec![pixel; picture.len()],
        h: vec![pixel; picture.len()],
        fills: cells().map(|(_, &number)| grey(light(number)).into()).collect(),
    });
    scene.add(Primitive::GroupEnd);
}

fn frame([x, y]: [f64; 2], [width, height]: [f64; 2]) -> Primitive {
    Primitive::Rect {
        x,
        y,
        width,
        height,
        fill: "none".into(),
        stroke: Some(FAINT.into()),
        stroke_width: Some(1.0),
        opacity: None,
    }
}

fn legend(greys: Greys, largest: f64) -> String {
    match greys {
        Greys::Ink => "white 0, black 1".to_owned(),
        Greys::Each => "of each, black the least, white the largest".to_owned(),
        Greys::Signed => format!("black −{largest:.2}, grey 0, white {largest:.2}"),
    }
}
