//! What all pictures can do: become an SVG or a PNG file, and stand beside others.

use std::path::Path;

use kuva::RasterBackend;
use kuva::backend::svg::SvgBackend;
use kuva::render::render::{Primitive, Scene, TextAnchor};

use super::dashes;
use super::error::{PictureError, at_most, some};

/// The most pixels a PNG file may have along a side.
const MOST_PIXELS: usize = 10_000;
/// Pixels of a PNG file for each unit of length of an SVG file.
const PIXELS: f64 = 2.0;
/// The fonts that an SVG file asks for. The first is the one whose widths the pictures are laid out
/// with, and which PNG files are drawn with; the others are about as wide.
pub(super) const FONTS: &str = "DejaVu Sans, Verdana, sans-serif";
/// The height of the line above pictures side by side.
const HEADING: f64 = 30.0;

/// A picture, ready to be written to a file. The same numbers give the same bytes.
pub struct Picture {
    scene: Scene,
    title: String,
}

impl Picture {
    pub(super) fn new(mut scene: Scene, title: &str) -> Self {
        scene.font_family = Some(FONTS.to_owned());
        let mut picture = Self { scene, title: title.to_owned() };
        picture.name_clips();
        picture
    }

    /// Pictures side by side, so many in a row, under one title (none if empty).
    ///
    /// # Errors
    ///
    /// If there are no pictures, or no columns.
    ///
    /// ```
    /// use gradus_export::pictures::{Chart, Picture};
    /// let chart = |name| Chart::new(name, "t", "x").line("", &[0.0, 1.0], &[1.0, 0.5]).picture();
    /// let both = Picture::grid("Both", vec![chart("a")?, chart("b")?], 2)?;
    /// assert!(both.svg().contains(">Both</text>"));
    /// # Ok::<(), gradus_export::pictures::PictureError>(())
    /// ```
    pub fn grid(title: &str, pictures: Vec<Self>, columns: usize) -> Result<Self, PictureError> {
        some("pictures side by side", &pictures)?;
        if columns == 0 {
            return Err(PictureError::Empty("columns of pictures".to_owned()));
        }
        let largest = |side: fn(&Scene) -> f64| {
            pictures.iter().map(|picture| side(&picture.scene)).fold(0.0, f64::max)
        };
        let (width, height) = (largest(|scene| scene.width), largest(|scene| scene.height));
        let top = if title.is_empty() { 0.0 } else { HEADING };
        let rows = pictures.len().div_ceil(columns);
        let across = width * columns.min(pictures.len()) as f64;
        let mut scene = Scene::new(across, top + height * rows as f64);
        if !title.is_empty() {
            scene.add(heading(across, title));
        }
        for (k, picture) in pictures.into_iter().enumerate() {
            let (x, y) = ((k % columns) as f64 * width, top + (k / columns) as f64 * height);
            // Each has clips of its own, whose names must differ from the others'.
            let clips = |text: &str| text.replace("clip-", &format!("clip-{k}-"));
            scene.defs.extend(picture.scene.defs.iter().map(|definition| clips(definition)));
            scene.add(Primitive::GroupStart {
                transform: Some(format!("translate({x},{y})")),
                title: None,
                extra_attrs: None,
            });
            for mut element in picture.scene.elements {
                if let Primitive::ClipStart { id, .. } = &mut element {
                    *id = clips(id);
                }
                scene.add(element);
            }
            scene.add(Primitive::GroupEnd);
        }
        Ok(Self::new(scene, title))
    }

    /// The picture as the text of an SVG file, on white, with its title for who cannot see it.
    pub fn svg(&self) -> String {
        let Scene { width, height, .. } = self.scene;
        let text = SvgBackend::new().with_pretty(true).render_scene(&self.scene);
        let label = self.title.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
        // Names may have what XML may not.
        let [text, label] =
            [text, label].map(|text| text.replace(|c: char| c.is_control() && c != '\n', " "));
        let head = format!(
            "<svg viewBox=\"0 0 {width:.2} {height:.2}\" role=\"img\" aria-label=\"{label}\" "
        );
        text.replacen("<svg ", &head, 1)
    }

    /// The picture as the bytes of a PNG file, two pixels for each unit of length of the SVG file.
    ///
    /// # Errors
    ///
    /// If it is larger than 10,000 pixels along a side.
    pub fn png(&self) -> Result<Vec<u8>, PictureError> {
        for side in [self.scene.width, self.scene.height] {
            at_most("pixels along a side", (PIXELS * side).ceil() as usize, MOST_PIXELS)?;
        }
        let backend = RasterBackend::new().with_scale(PIXELS as f32);
        backend.render_scene(&dashes::cut(&self.scene)).map_err(PictureError::Pixels)
    }

    /// Writes an SVG or a PNG file, as the name's extension says (in small or capital letters): as a
    /// whole or not at all.
    ///
    /// # Errors
    ///
    /// If the extension is another one or there is none, the picture is too large for pixels, or
    /// the file cannot be written.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<(), PictureError> {
        let path = path.as_ref();
        let extension = path.extension().and_then(|extension| extension.to_str());
        let bytes = match extension.map(str::to_ascii_lowercase).as_deref() {
            Some("svg") => self.svg().into_bytes(),
            Some("png") => self.png()?,
            _ => return Err(PictureError::Extension(path.to_owned())),
        };
        let refused = |error| PictureError::File { path: path.to_owned(), error };
        crate::write(path, &bytes).map_err(refused)
    }

    /// Gives clips the names of their order: the library counts all that a process has made.
    fn name_clips(&mut self) {
        let mut names = Vec::new();
        for element in &mut self.scene.elements {
            if let Primitive::ClipStart { id, .. } = element {
                let new = format!("clip-{}", names.len());
                names.push((std::mem::replace(id, new.clone()), new));
            }
        }
        for definition in &mut self.scene.defs {
            let named = |(old, _): &&(String, String)| definition.contains(&format!("\"{old}\""));
            if let Some((old, new)) = names.iter().find(named) {
                *definition = definition.replace(&format!("\"{old}\""), &format!("\"{new}\""));
            }
        }
    }
}

/// A title in the middle of so wide a picture.
pub(super) fn heading(width: f64, title: &str) -> Primitive {
    text([width / 2.0, 21.0], title, 15, TextAnchor::Middle)
}

/// Text in black, its baseline at a point.
pub(super) fn text([x, y]: [f64; 2], content: &str, size: u32, anchor: TextAnchor) -> Primitive {
    Primitive::Text {
        x,
        y,
        content: content.to_owned(),
        size,
        anchor,
        rotate: None,
        bold: false,
        color: None,
    }
}
