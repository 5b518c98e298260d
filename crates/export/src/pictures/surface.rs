//! A surface over two variables, seen from the side.

use kuva::plot::ColorMap;
use kuva::plot::surface3d::Surface3DPlot;
use kuva::render::layout::Layout;
use kuva::render::plots::Plot;
use kuva::render::render::render_multiple;

use super::error::at_most;
use super::{Field, Picture, PictureError};

/// The most points along an axis: each four of them are a face of their own.
const MOST: usize = 80;

/// The surface z = f(x, y) of a field, in the colours of viridis (N. Smith and S. van der Walt, 2015),
/// which are darker where z is less, to the colour-blind and in grey too; `axes` are the labels of
/// x, y and z.
///
/// # Errors
///
/// If the field has more than 80 points along an axis.
///
/// ```
/// use gradus_export::pictures::{Field, surface};
/// let saddle = |p: &[[f64; 2]]| p.iter().map(|[x, y]| x * x - y * y).collect();
/// let field = Field::of(-1.0..=1.0, -1.0..=1.0, 20, saddle)?;
/// assert!(surface("A saddle", ["x", "y", "z"], &field)?.svg().contains(">A saddle</text>"));
/// # Ok::<(), gradus_export::pictures::PictureError>(())
/// ```
pub fn surface(title: &str, axes: [&str; 3], field: &Field) -> Result<Picture, PictureError> {
    at_most("points along an axis of a surface", field.x.len().max(field.y.len()), MOST)?;
    let [x, y, z] = axes;
    let surface = Surface3DPlot::new(field.rows())
        .with_x_coords(field.x.clone())
        .with_y_coords(field.y.clone())
        .with_z_colormap(ColorMap::Viridis)
        .with_wireframe_color("#ffffff")
        .with_wireframe_width(0.3)
        .with_grid_lines(3)
        .with_x_label(x)
        .with_y_label(y)
        .with_z_label(z);
    let plots = vec![Plot::Surface3D(surface)];
    let mut layout = Layout::auto_from_plots(&plots)
        .with_title(title)
        .with_title_size(15)
        .with_label_size(13)
        .with_tick_size(12)
        .with_width(430.0)
        .with_height(440.0);
    layout.show_colorbar = false;
    layout.show_legend = false;
    let mut scene = render_multiple(plots, layout);
    // The library leaves more room below than above.
    scene.height -= 44.0;
    Ok(Picture::new(scene, title))
}
