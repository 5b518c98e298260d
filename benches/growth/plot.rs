//! The picture of the tables: four panels with logarithmic axes, in multiples of the first build.

use std::fmt::Write;

use crate::Table;
use crate::subject::Row;

/// The parts that are drawn, their names and the classes of their lines.
const PARTS: [(usize, &str, &str); 4] = [
    (0, "build", ""),
    (2, "gradient", "backward"),
    (3, "compile", "dotted"),
    (4, "step", "strong"),
];

/// A panel's size, and the room around it.
const WIDTH: f64 = 270.0;
const HEIGHT: f64 = 210.0;
const LEFT: f64 = 56.0;
const RIGHT: f64 = 84.0;
const ABOVE: f64 = 34.0;
const BELOW: f64 = 56.0;

/// The picture: time above and memory below, by nodes at the left and by width at the right.
pub fn picture(nodes: &Table, widths: &Table) -> String {
    let (width, height) = (2.0 * (LEFT + WIDTH + RIGHT), 2.0 * (ABOVE + HEIGHT + BELOW));
    let mut svg = format!(
        "<svg class=\"plot\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         role=\"img\" aria-label=\"Time and memory as graphs and networks grow\">\n"
    );
    let seconds: fn(&Row) -> &[f64; 5] = |row| &row.seconds;
    let bytes: fn(&Row) -> &[f64; 5] = |row| &row.bytes;
    for (i, (what, figures)) in [("time", seconds), ("memory", bytes)].into_iter().enumerate() {
        for (j, (axis, table)) in [("nodes", nodes), ("width", widths)].into_iter().enumerate() {
            let corner = [j as f64 * width / 2.0 + LEFT, i as f64 * height / 2.0 + ABOVE];
            panel(&mut svg, corner, &format!("{what}, by {axis}"), table, figures);
        }
    }
    svg + "</svg>\n"
}

fn panel(
    svg: &mut String, [left, top]: [f64; 2], title: &str, table: &Table,
    figures: fn(&Row) -> &[f64; 5],
) {
    let rows = &table.0;
    let unit = figures(&rows[0].1)[0];
    // A part that takes nothing, as a step that allocates nothing, has no line.
    let value = |row: &Row, part: usize| (figures(row)[part] / unit).max(0.0);
    let drawn = PARTS.iter().filter(|&&(part, ..)| value(&rows[rows.len() - 1].1, part) > 0.0);
    let all =
        drawn.clone().flat_map(|&(part, ..)| rows.iter().map(move |(_, row)| value(row, part)));
    let positive = all.filter(|&y| y > 0.0).map(f64::log10);
    let (low, high) = positive.fold((0.0f64, 0.0f64), |(low, high), y| (low.min(y), high.max(y)));
    let (low, high) = (low.floor(), high.ceil());
    let first = (rows[0].0 as f64).log10();
    let last = (rows[rows.len() - 1].0 as f64).log10();
    let x_of = |size: usize| left + WIDTH * ((size as f64).log10() - first) / (last - first);
    let y_of = |y: f64| top + HEIGHT * (high - y.log10()) / (high - low);
    let mut put = |line: String| writeln!(svg, "  {line}").expect("a string can be written to");

    put(format!("<text x=\"{:.0}\" y=\"{:.0}\">{title}</text>", left + WIDTH / 2.0, top - 14.0));
    let every = if high - low > 6.0 { 2 } else { 1 };
    for power in (low as i32..=high as i32).step_by(every) {
        let y = y_of(10f64.powi(power));
        put(format!("<path class=\"grid\" d=\"M{left:.1} {y:.1} h{WIDTH}\"/>"));
        put(label("number", left - 8.0, y + 4.0, power));
    }
    for &(size, _) in rows {
        let x = x_of(size);
        put(format!("<path class=\"grid\" d=\"M{x:.1} {top:.1} v{HEIGHT}\"/>"));
        let below = top + HEIGHT + 20.0;
        put(if rows[0].0 == 100 {
            label("size", x, below, size.ilog10() as i32)
        } else {
            format!("<text class=\"size\" x=\"{x:.1}\" y=\"{below:.1}\">{size}</text>")
        });
    }
    // Names stand at the ends of lines, one above the other.
    let mut names: Vec<(f64, &str)> = Vec::new();
    for &(part, name, class) in drawn {
        let points = rows.iter().filter(|(_, row)| value(row, part) > 0.0);
        let points =
            points.map(|(size, row)| format!("{:.1},{:.1}", x_of(*size), y_of(value(row, part))));
        let points = points.collect::<Vec<_>>().join(" ");
        put(format!("<polyline class=\"{class}\" points=\"{points}\"/>"));
        names.push((y_of(value(&rows[rows.len() - 1].1, part)), name));
    }
    names.sort_by(|(y, _), (other, _)| other.total_cmp(y));
    let mut below = top + HEIGHT + 16.0;
    for (y, name) in names {
        below = (y + 4.0).min(below - 16.0);
        let x = left + WIDTH + 8.0;
        put(format!("<text class=\"name\" x=\"{x:.1}\" y=\"{below:.1}\">{name}</text>"));
    }
}

/// A power of ten.
fn label(class: &str, x: f64, y: f64, power: i32) -> String {
    let power = power.to_string().replace('-', "−");
    format!(
        "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">10<tspan class=\"power\" dy=\"-5\">{power}\
         </tspan></text>"
    )
}
