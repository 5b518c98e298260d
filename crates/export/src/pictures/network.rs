//! A network as books draw it: a circle for each unit, a column for each layer, an arrow for each
//! weight.

use kuva::render::render::{PathData, Primitive, Scene, TextAnchor};
use ndarray::{Array2, ArrayView2};

use super::colour::{NEGATIVE, POSITIVE};
use super::error::{PictureError, at_most, equally_many, finite, some};
use super::picture::{Picture, heading, text};

/// How many units of a layer are drawn, of a larger one its first and its last ones; how many units a
/// layer may have; how many layers there may be.
const DRAWN: usize = 16;
const FIRST: usize = 8;
const LAST: usize = 3;
const MOST_UNITS: usize = 100_000;
const MOST_LAYERS: usize = 10;

/// A unit's radius, and the distances of units and of layers.
const RADIUS: f64 = 15.0;
const APART: f64 = 44.0;
const BETWEEN: f64 = 190.0;
const ABOVE: f64 = 66.0;
const SIDES: f64 = 70.0;
/// The width of the arrow of the largest weight.
const WIDEST: f64 = 5.0;

/// A network's diagram, made layer by layer; what is wrong is said by
/// [`NetworkDiagram::picture`].
///
/// From unit i of a layer to unit j of the next goes an arrow that is the wider, the larger |w_ji|; it
/// is blue and unbroken if w_ji > 0, vermilion and dashed if w_ji < 0, and absent if w_ji = 0. Of a
/// layer of more than 16 units the first 8 and the last 3 are drawn, as books draw it, with dots
/// between; widths are still compared with the largest weight of all.
///
/// ```
/// use gradus_export::pictures::NetworkDiagram;
/// use ndarray::array;
/// let network = NetworkDiagram::new("A NAND", "inputs", &["x₁", "x₂"])
///     .layer("unit", &["y"], array![[-2.0, -2.0]].view(), &[3.0]);
/// assert_eq!(network.picture()?.svg().matches("<circle").count(), 3);
/// # Ok::<(), gradus_export::pictures::PictureError>(())
/// ```
pub struct NetworkDiagram {
    title: String,
    layers: Vec<Layer>,
}

struct Layer {
    title: String,
    names: Vec<String>,
    weights: Array2<f64>,
    biases: Vec<f64>,
}

impl NetworkDiagram {
    /// A network of inputs only, with their names, which stand in the circles.
    pub fn new(title: &str, inputs: &str, names: &[&str]) -> Self {
        let none = ArrayView2::from_shape((0, 0), &[]).expect("no numbers");
        Self { title: title.to_owned(), layers: Vec::new() }.layer(inputs, names, none, &[])
    }

    /// Another layer: its title, the names of its units, its weights, a row for each of its units with
    /// a number for each unit before, and its biases, which stand below the units; none, if empty.
    pub fn layer(
        mut self, title: &str, names: &[&str], weights: ArrayView2<'_, f64>, biases: &[f64],
    ) -> Self {
        self.layers.push(Layer {
            title: title.to_owned(),
            names: names.iter().map(|&name| name.to_owned()).collect(),
            weights: weights.to_owned(),
            biases: biases.to_vec(),
        });
        self
    }

    /// The picture.
    ///
    /// # Errors
    ///
    /// If a layer has no units or more than 100,000, or there are more than ten layers; if the
    /// weights are not [units, units before], or the biases not one for each unit; if one of them is not
    /// finite.
    pub fn picture(&self) -> Result<Picture, PictureError> {
        self.check()?;
        let rows = self.layers.iter().map(|layer| places(layer.names.len()).len()).max();
        let height = APART * (rows.unwrap_or(1) - 1) as f64;
        let biased = self.layers.iter().any(|layer| !layer.biases.is_empty());
        let width = (2.0 * SIDES + BETWEEN * (self.layers.len() - 1) as f64)
            .max(8.5 * self.title.chars().count() as f64 + 20.0)
            .max(400.0);
        let bottom = ABOVE + 2.0 * RADIUS + height + if biased { 14.0 } else { 0.0 };
        let mut scene = Scene::new(width, bottom + 40.0);
        scene.add(heading(width, &self.title));
        let left = (width - BETWEEN * (self.layers.len() - 1) as f64) / 2.0;
        let middle = ABOVE + RADIUS + height / 2.0;
        let at = |l: usize, row: usize| -> [f64; 2] {
            let rows = places(self.layers[l].names.len()).len();
            // The units of a small layer stand further apart, but do not reach its ends.
            let apart = (height / rows as f64).clamp(APART, 2.5 * APART);
            let up = apart * (rows - 1) as f64 / 2.0;
            [left + BETWEEN * l as f64, middle - up + apart * row as f64]
        };
        let weights = self.layers.iter().flat_map(|layer| &layer.weights);
        let largest = weights.fold(0.0, |most: f64, w| most.max(w.abs()));
        for l in 1..self.layers.len() {
            self.arrows(&mut scene, l, largest, &at);
        }
        for (l, layer) in self.layers.iter().enumerate() {
            let title = [at(l, 0)[0], ABOVE - 18.0];
            scene.add(text(title, &layer.title, 13, TextAnchor::Middle));
            for (row, unit) in places(layer.names.len()).into_iter().enumerate() {
                match unit {
                    Some(unit) => layer.draw(&mut scene, unit, at(l, row)),
                    None => dots(&mut scene, at(l, row)),
                }
            }
        }
        legend(&mut scene, largest);
        Ok(Picture::new(scene, &self.title))
    }

    fn arrows(
        &self, scene: &mut Scene, l: usize, largest: f64, at: &impl Fn(usize, usize) -> [f64; 2],
    ) {
        let (before, here) = (&self.layers[l - 1], &self.layers[l]);
        let shown = |layer: &Layer| {
            let units = places(layer.names.len()).into_iter().enumerate();
            units.filter_map(|(row, unit)| Some((row, unit?))).collect::<Vec<_>>()
        };
        for (to, j) in shown(here) {
            for (from, i) in shown(before) {
                let w = here.weights[[j, i]];
                if w != 0.0 {
                    arrow(scene, at(l - 1, from), at(l, to), w, (w / largest).abs());
                }
            }
        }
    }

    fn check(&self) -> Result<(), PictureError> {
        let of = |what: &str, layer: &Layer| {
            format!("{what} of the layer `{}` of `{}`", layer.title, self.title)
        };
        at_most(&format!("layers of `{}`", self.title), self.layers.len(), MOST_LAYERS)?;
        for (l, layer) in self.layers.iter().enumerate() {
            some(&of("units", layer), &layer.names)?;
            at_most(&of("units", layer), layer.names.len(), MOST_UNITS)?;
            if l == 0 {
                continue;
            }
            let wanted = (layer.names.len(), self.layers[l - 1].names.len());
            if layer.weights.dim() != wanted {
                let shape = |(rows, columns): (usize, usize)| format!("[{rows}, {columns}]");
                return Err(PictureError::Sizes {
                    what: of("weights", layer),
                    wanted: shape(wanted),
                    found: shape(layer.weights.dim()),
                });
            }
            finite(&of("weights", layer), &layer.weights)?;
            if !layer.biases.is_empty() {
                equally_many(&of("biases", layer), layer.names.len(), layer.biases.len())?;
                finite(&of("biases", layer), &layer.biases)?;
            }
        }
        Ok(())
    }
}

impl Layer {
    fn draw(&self, scene: &mut Scene, unit: usize, [x, y]: [f64; 2]) {
        scene.add(Primitive::Circle {
            cx: x,
            cy: y,
            r: RADIUS,
            fill: "#ffffff".into(),
            fill_opacity: None,
            stroke: Some("#000000".into()),
            stroke_width: Some(1.2),
        });
        scene.add(text([x, y + 4.0], &self.names[unit], 12, TextAnchor::Middle));
        if let Some(bias) = self.biases.get(unit) {
            let bias = format!("b = {bias:.2}").replace('-', "−");
            let width = 6.2 * bias.chars().count() as f64;
            scene.add(Primitive::Rect {
                x: x - width / 2.0,
                y: y + RADIUS + 2.0,
                width,
                height: 12.0,
                fill: "#ffffff".into(),
                stroke: None,
                stroke_width: None,
                opacity: Some(0.85),
            });
            scene.add(text([x, y + RADIUS + 12.0], &bias, 11, TextAnchor::Middle));
        }
    }
}

/// Which unit is in which row of the drawing, and where the dots are.
fn places(units: usize) -> Vec<Option<usize>> {
    if units <= DRAWN {
        return (0..units).map(Some).collect();
    }
    let (first, last) = ((0..FIRST).map(Some), (units - LAST..units).map(Some));
    first.chain([None]).chain(last).collect()
}

/// An arrow from the edge of one unit to that of another.
fn arrow(scene: &mut Scene, from: [f64; 2], to: [f64; 2], w: f64, share: f64) {
    let (dx, dy) = (to[0] - from[0], to[1] - from[1]);
    let length = dx.hypot(dy);
    let (ux, uy) = (dx / length, dy / length);
    let wide = 0.4 + (WIDEST - 0.4) * share;
    let head = 5.0 + 1.2 * wide;
    let tip = [to[0] - ux * RADIUS, to[1] - uy * RADIUS];
    let base = [tip[0] - ux * head, tip[1] - uy * head];
    let colour = if w > 0.0 { POSITIVE } else { NEGATIVE };
    scene.add(Primitive::Line {
        x1: from[0] + ux * RADIUS,
        y1: from[1] + uy * RADIUS,
        x2: base[0],
        y2: base[1],
        stroke: colour.into(),
        stroke_width: wide,
        stroke_dasharray: (w < 0.0).then(|| format!("{} {}", 5.0 + wide, 3.0 + 1.6 * wide)),
    });
    let half = 2.0 + 0.6 * wide;
    let corner =
        |side: f64| format!("{:.2},{:.2}", base[0] - side * uy * half, base[1] + side * ux * half);
    scene.add(Primitive::Path(Box::new(PathData {
        d: format!("M{:.2},{:.2} L{} L{} Z", tip[0], tip[1], corner(1.0), corner(-1.0)),
        fill: Some(colour.into()),
        stroke: "none".into(),
        stroke_width: 0.0,
        opacity: None,
        stroke_dasharray: None,
    })));
}

/// The dots that stand for the units that are not drawn.
fn dots(scene: &mut Scene, [x, y]: [f64; 2]) {
    for k in [-1.0, 0.0, 1.0] {
        scene.add(Primitive::Rect {
            x: x - 1.5,
            y: y + 8.0 * k - 1.5,
            width: 3.0,
            height: 3.0,
            fill: "#000000".into(),
            stroke: None,
            stroke_width: None,
            opacity: None,
        });
    }
}

fn legend(scene: &mut Scene, largest: f64) {
    let y = scene.height - 14.0;
    let middle = scene.width / 2.0;
    for (x, name, colour, dashes) in
        [(-180.0, "w > 0", POSITIVE, None), (-80.0, "w < 0", NEGATIVE, Some("7 7"))]
    {
        scene.add(Primitive::Line {
            x1: middle + x,
            y1: y - 4.0,
            x2: middle + x + 34.0,
            y2: y - 4.0,
            stroke: colour.into(),
            stroke_width: 2.5,
            stroke_dasharray: dashes.map(str::to_owned),
        });
        scene.add(text([middle + x + 40.0, y], name, 12, TextAnchor::Start));
    }
    let widest = format!("the widest: |w| = {largest:.2}");
    scene.add(text([middle + 20.0, y], &widest, 12, TextAnchor::Start));
}
