//! Pictures for people who learn: curves, paths on contours, surfaces, decision boundaries, grey
//! pictures of filters and weights, confusion matrices, and networks as books draw them.
//!
//! All take plain numbers and give a [`Picture`], which is written as an SVG or a PNG file: the same
//! numbers give the same bytes, on any machine, for no font is looked for. The ground is white, to
//! be printed. Colours are those that the colour-blind can tell apart: [`OKABE_ITO`] for what has
//! names, cividis and viridis for values.
//!
//! ```no_run
//! use gradus_export::pictures::Chart;
//! let costs = [0.9, 0.5, 0.3, 0.25];
//! Chart::new("Learning", "epoch", "cost C").history("", &costs).picture()?.write("cost.svg")?;
//! # Ok::<(), gradus_export::pictures::PictureError>(())
//! ```
//!
//! Invariant: numbers are checked before anything is drawn; what has no place on paper is an error.

mod axis;
mod chart;
mod colour;
mod confusion;
mod dashes;
mod draw;
mod error;
mod field;
mod greys;
mod network;
mod picture;
mod surface;

pub use chart::Chart;
pub use colour::OKABE_ITO;
pub use confusion::confusion;
pub use error::PictureError;
pub use field::Field;
pub use greys::{Greys, grey_pictures};
pub use network::NetworkDiagram;
pub use picture::Picture;
pub use surface::surface;
