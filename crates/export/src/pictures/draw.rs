//! A chart handed to the library that draws.

use std::sync::Arc;

use kuva::plot::legend::{LegendEntry, LegendPosition, LegendShape};
use kuva::plot::line::LineStyle;
use kuva::plot::scatter::{MarkerShape, ScatterPlot};
use kuva::plot::{BandPlot, ColorMap, ContourPlot, LinePlot};
use kuva::render::layout::{ComputedLayout, Layout};
use kuva::render::plots::Plot;
use kuva::render::render::{Primitive, TextAnchor, render_multiple};
use kuva::render::theme::Theme;

use super::Picture;
use super::axis::{Direction, numbers};
use super::chart::{Chart, Ground, Mark};
use super::colour::{FAINT, OKABE_ITO, pale};
use super::picture::text;

/// The dashes of one line after the other, and the dots of one set of points after the other.
const DASHES: [Option<&str>; 4] = [None, Some("8 4"), Some("2 3"), Some("8 3 2 3")];
const DOTS: [MarkerShape; 4] =
    [MarkerShape::Circle, MarkerShape::Square, MarkerShape::Triangle, MarkerShape::Diamond];

/// How many values a scalar field has lines for.
const LEVELS: usize = 12;

/// The library puts the columns of a legend a little too close; with this at its end each name is
/// measured wider.
const SPACE: &str = "\u{2003}";

/// The picture of a chart that has been checked.
pub fn chart(chart: &Chart) -> Picture {
    let mut plots = ground(&chart.ground);
    let mut entries = region_entries(&chart.ground);
    let mut notes = Vec::new();
    let mut next = Next::default();
    for (name, mark) in &chart.marks {
        match mark {
            Mark::Note { x, y } => {
                notes.push((name, [chart.axes[0].place(*x), chart.axes[1].place(*y)]));
            }
            mark => draw(chart, name, mark, &mut next, &mut plots, &mut entries),
        }
    }
    let layout = layout(chart, &plots, entries);
    let computed = ComputedLayout::from_layout(&layout);
    let mut scene = render_multiple(plots, layout);
    scene.elements.iter_mut().for_each(mend);
    // Below the legend the library leaves more than the margin of a page.
    scene.height -= if computed.legend_bottom_extra > 0.0 { 14.0 } else { 0.0 };
    if let Ground::Contours { values, .. } = &chart.ground {
        let (x, top) = (computed.width - computed.colorbar_x_inset, computed.margin_top);
        let at = [x, top + 0.1 * computed.plot_height() - 13.0];
        scene.add(text(at, values, 13, TextAnchor::Start));
    }
    let label = &chart.axes[1].label;
    if !label.is_empty() {
        // Upright above its axis it is easier to read than along it.
        scene.add(text([8.0, computed.margin_top - 9.0], label, 13, TextAnchor::Start));
    }
    for (words, [x, y]) in notes {
        let (x, y) = (computed.map_x(x), computed.map_y(y));
        note(words, [x, y]).into_iter().for_each(|element| scene.add(element));
    }
    Picture::new(scene, &chart.title)
}

/// Mends two things: between the cells of which the library makes an area, seams of paper would be
/// seen; and the names of a legend end in [`SPACE`].
fn mend(element: &mut Primitive) {
    match element {
        Primitive::Path(path) if path.stroke_width == 0.0 => {
            if let Some(fill) = &path.fill {
                (path.stroke, path.stroke_width) = (fill.clone(), 0.7);
            }
        }
        Primitive::Text { content, .. } => {
            content.truncate(content.trim_end_matches(SPACE).len());
        }
        _ => {}
    }
}

/// Adds what is drawn of a mark, and what the legend says of it.
fn draw(
    chart: &Chart, name: &str, mark: &Mark, next: &mut Next, plots: &mut Vec<Plot>,
    entries: &mut Vec<LegendEntry>,
) {
    let place = |direction: usize, numbers: &[f64]| -> Vec<f64> {
        numbers.iter().map(|&number| chart.axes[direction].place(number)).collect()
    };
    let points = |x: &[f64], y: &[f64]| -> Vec<(f64, f64)> {
        place(0, x).into_iter().zip(place(1, y)).collect()
    };
    let band = |colour: &str, x: &[f64], low: &[f64], high: &[f64]| {
        let band = BandPlot::new(place(0, x), place(1, low), place(1, high));
        Plot::Band(band.with_color(colour).with_opacity(1.0))
    };
    match mark {
        Mark::Line { x, y } => {
            let (colour, dashes) = next.line();
            plots.push(line(points(x, y), colour, dashes));
            entries.extend(entry(name, colour, LegendShape::Line, dashes));
        }
        Mark::Path { x, y } => {
            let (colour, dots) = next.dots();
            plots.push(line(points(x, y), colour, None));
            plots.push(scatter(points(x, y), colour, dots, 3.0));
            entries.extend(entry(name, colour, LegendShape::Marker(dots), None));
        }
        Mark::Points { x, y } => {
            let (colour, dots) = next.dots();
            plots.push(scatter(points(x, y), colour, dots, 4.5));
            entries.extend(entry(name, colour, LegendShape::Marker(dots), None));
        }
        Mark::Band { x, low, high } => {
            let colour = pale(next.colour(), 0.35);
            plots.push(band(&colour, x, low, high));
            entries.extend(entry(name, &colour, LegendShape::Rect, None));
        }
        Mark::Spread { x, quantiles: [least, lower, median, upper, most] } => {
            let (colour, _) = next.line();
            for (what, share, low, high) in
                [("all", 0.2, least, most), ("middle half", 0.45, lower, upper)]
            {
                let colour = pale(colour, share);
                plots.push(band(&colour, x, low, high));
                entries.extend(entry(&format!("{name}, {what}"), &colour, LegendShape::Rect, None));
            }
            plots.push(line(points(x, median), colour, None));
            entries.extend(entry(&format!("{name}, median"), colour, LegendShape::Line, None));
        }
        Mark::Note { .. } => {}
    }
}

/// Axes, labels, legend.
fn layout(chart: &Chart, plots: &[Plot], entries: Vec<LegendEntry>) -> Layout {
    let [x, y] = &chart.axes;
    let field = match &chart.ground {
        Ground::Paper => None,
        Ground::Contours { field, .. } | Ground::Regions { field, .. } => Some(field),
    };
    let drawn = |direction: Direction| -> Vec<f64> {
        match (field, direction) {
            // On a field the axes are those of the field.
            (Some(field), Direction::X) => field.x.clone(),
            (Some(field), Direction::Y) => field.y.clone(),
            (None, _) => {
                let numbers = chart.marks.iter().flat_map(|(_, mark)| mark.along(direction));
                numbers.flatten().copied().collect()
            }
        }
    };
    let dotted =
        |mark: &Mark| matches!(mark, Mark::Path { .. } | Mark::Points { .. } | Mark::Note { .. });
    let dotted = chart.marks.iter().any(|(_, mark)| dotted(mark));
    let ends = [
        x.ends(drawn(Direction::X).into_iter(), dotted && field.is_none()),
        y.ends(drawn(Direction::Y).into_iter(), field.is_none()),
    ];
    let theme = Theme { grid_color: FAINT.to_owned(), ..Theme::light() };
    let mut layout = Layout::auto_from_plots(plots)
        .with_theme(theme)
        .with_title_size(15)
        .with_label_size(13)
        .with_tick_size(12)
        .with_body_size(12)
        .with_x_axis_min(ends[0][0])
        .with_x_axis_max(ends[0][1])
        .with_y_axis_min(ends[1][0])
        .with_y_axis_max(ends[1][1]);
    layout.show_colorbar = matches!(chart.ground, Ground::Contours { .. });
    if !chart.title.is_empty() {
        layout = layout.with_title(chart.title.clone());
    }
    if !x.label.is_empty() {
        layout = layout.with_x_label(x.label.clone());
    }
    let ([x_step, y_step], [x_format, y_format]) = {
        let whole = drawn(Direction::X).iter().all(|x| x.fract() == 0.0);
        let ((x_step, x_format), (y_step, y_format)) =
            (x.ticks(ends[0], whole), y.ticks(ends[1], false));
        ([x_step, y_step], [x_format, y_format])
    };
    layout = layout
        .with_x_tick_format(x_format)
        .with_y_tick_format(y_format)
        .with_colorbar_tick_format(numbers());
    (layout.x_tick_step, layout.y_tick_step) = (x_step, y_step);
    layout.show_legend = !entries.is_empty();
    if !entries.is_empty() {
        layout = layout
            .with_legend_entries(entries)
            .with_legend_position(LegendPosition::OutsideBottomColumns)
            .with_legend_box(false);
    }
    let above = if chart.title.is_empty() { 12.0 } else { 36.0 };
    layout.force_margin_top = Some(above + if y.label.is_empty() { 0.0 } else { 20.0 });
    sized(layout, chart, ends)
}

/// The chart's size, and beside it what the legend takes. With equal axes the height is what the width
/// asks for, or the width is what the height does.
fn sized(mut layout: Layout, chart: &Chart, ends: [[f64; 2]; 2]) -> Layout {
    let [width, height] = chart.size;
    layout = layout.with_width(width).with_height(height);
    let mut computed = ComputedLayout::from_layout(&layout);
    // The library leaves room for a label along the y axis, and there is none.
    layout.force_margin_left = Some(computed.margin_left - 12.0);
    computed = ComputedLayout::from_layout(&layout);
    let legend = computed.legend_bottom_extra;
    let (across, down) = (computed.plot_width(), computed.plot_height() + legend);
    if !chart.equal {
        return layout.with_height(height + legend);
    }
    let [x, y] = ends.map(|[low, high]| high - low);
    let unit = (across / x).min(down / y);
    layout = layout.with_width(width - across + unit * x);
    // A narrower chart may have a legend of more rows.
    computed = ComputedLayout::from_layout(&layout);
    layout.with_height(height - computed.plot_height() + unit * y).with_equal_aspect()
}

fn ground(ground: &Ground) -> Vec<Plot> {
    let (field, plot) = match ground {
        Ground::Paper => return Vec::new(),
        Ground::Contours { field, .. } => {
            let (low, high) = field.range();
            let step = (high - low) / (LEVELS + 1) as f64;
            let levels: Vec<f64> = (1..=LEVELS).map(|k| low + k as f64 * step).collect();
            let cividis = |t: f64| {
                let (r, g, b) = ColorMap::Cividis.map_rgb(t).unwrap_or_default();
                pale(&format!("#{r:02x}{g:02x}{b:02x}"), 0.6)
            };
            let plot = ContourPlot::new().with_levels(&levels).with_line_color("#888888");
            (field, plot.with_line_width(0.7).with_colormap(ColorMap::Custom(Arc::new(cividis))))
        }
        Ground::Regions { field, level, .. } => {
            let [below, above] = region_colours();
            // The colour at 0 is that of the ground, on which the rest is drawn.
            let all_above = field.range().0 >= *level;
            let colour = move |t: f64| {
                if t > 0.0 || all_above { above.clone() } else { below.clone() }
            };
            let plot = ContourPlot::new().with_levels(&[*level]).with_line_color("black");
            (field, plot.with_line_width(1.5).with_colormap(ColorMap::Custom(Arc::new(colour))))
        }
    };
    let plot = plot.with_grid(field.rows(), field.x.clone(), field.y.clone()).with_filled();
    vec![Plot::Contour(plot)]
}

fn region_colours() -> [String; 2] {
    [pale(OKABE_ITO[4], 0.3), pale(OKABE_ITO[5], 0.5)]
}

fn region_entries(ground: &Ground) -> Vec<LegendEntry> {
    let Ground::Regions { names, .. } = ground else { return Vec::new() };
    let entries = names.iter().zip(region_colours());
    entries.filter_map(|(name, colour)| entry(name, &colour, LegendShape::Rect, None)).collect()
}

fn line(points: Vec<(f64, f64)>, colour: &str, dashes: Option<&str>) -> Plot {
    let line = LinePlot::new().with_data(points).with_color(colour).with_stroke_width(2.0);
    let dashed = |dashes: &str| LineStyle::Custom(dashes.to_owned());
    Plot::Line(line.with_line_style(dashes.map_or(LineStyle::Solid, dashed)))
}

fn scatter(points: Vec<(f64, f64)>, colour: &str, dots: MarkerShape, size: f64) -> Plot {
    let scatter = ScatterPlot::new().with_data(points).with_color(colour);
    Plot::Scatter(scatter.with_marker(dots).with_size(size))
}

/// A dot, and words at its right on a paler ground, to be read over lines.
fn note(words: &str, [x, y]: [f64; 2]) -> [Primitive; 3] {
    let dot = Primitive::Circle {
        cx: x,
        cy: y,
        r: 3.5,
        fill: OKABE_ITO[6].into(),
        fill_opacity: None,
        stroke: None,
        stroke_width: None,
    };
    let ground = Primitive::Rect {
        x: x + 5.0,
        y: y - 19.0,
        width: 7.1 * words.chars().count() as f64 + 4.0,
        height: 15.0,
        fill: "#ffffff".into(),
        stroke: None,
        stroke_width: None,
        opacity: Some(0.7),
    };
    [ground, dot, text([x + 7.0, y - 8.0], words, 12, TextAnchor::Start)]
}

fn entry(
    name: &str, colour: &str, shape: LegendShape, dashes: Option<&str>,
) -> Option<LegendEntry> {
    let (label, color) = (format!("{name}{SPACE}"), colour.to_owned());
    let entry = LegendEntry { label, color, shape, dasharray: dashes.map(str::to_owned) };
    (!name.is_empty()).then_some(entry)
}

/// Which colour, dashes and dots are next.
#[derive(Default)]
struct Next {
    colours: usize,
    lines: usize,
    dots: usize,
}

impl Next {
    fn colour(&mut self) -> &'static str {
        self.colours += 1;
        OKABE_ITO[(self.colours - 1) % OKABE_ITO.len()]
    }

    fn line(&mut self) -> (&'static str, Option<&'static str>) {
        self.lines += 1;
        (self.colour(), DASHES[(self.lines - 1) % DASHES.len()])
    }

    fn dots(&mut self) -> (&'static str, MarkerShape) {
        self.dots += 1;
        (self.colour(), DOTS[(self.dots - 1) % DOTS.len()])
    }
}
