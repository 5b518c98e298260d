//! Dashes as lines of their own: the library's pixels begin the pattern anew at every point of a line,
//! so that of a curve through many points nothing but the first dash would be seen.

use kuva::render::render::{Primitive, Scene};

/// The same picture, its dashed lines cut up.
pub fn cut(scene: &Scene) -> Scene {
    let mut cut = Scene::new(scene.width, scene.height);
    for element in &scene.elements {
        match element {
            Primitive::PolyLine {
                points,
                stroke,
                stroke_width,
                stroke_dasharray: Some(dashes),
            } => {
                let lengths = dashes.split(' ').filter_map(|length| length.parse().ok()).collect();
                for points in pieces(points, lengths) {
                    cut.add(Primitive::PolyLine {
                        points,
                        stroke: stroke.clone(),
                        stroke_width: *stroke_width,
                        stroke_dasharray: None,
                    });
                }
            }
            other => cut.add(other.clone()),
        }
    }
    cut
}

/// What of a line is drawn, if lengths are drawn and left out in turn.
fn pieces(points: &[(f64, f64)], lengths: Vec<f64>) -> Vec<Vec<(f64, f64)>> {
    let mut pieces = Vec::new();
    if points.is_empty() || lengths.iter().sum::<f64>() <= 0.0 {
        return vec![points.to_vec()];
    }
    let (mut turn, mut left) = (0, lengths[0]);
    let mut piece = vec![points[0]];
    for ends in points.windows(2) {
        let ((x, y), (to_x, to_y)) = (ends[0], ends[1]);
        let length = (to_x - x).hypot(to_y - y);
        let mut done = 0.0;
        while length - done > left {
            done += left;
            let at = (x + (to_x - x) * done / length, y + (to_y - y) * done / length);
            piece.push(at);
            if turn % 2 == 0 {
                pieces.push(std::mem::take(&mut piece));
            }
            turn += 1;
            left = lengths[turn % lengths.len()];
            piece = vec![at];
        }
        left -= length - done;
        piece.push((to_x, to_y));
    }
    if turn % 2 == 0 {
        pieces.push(piece);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_where_its_dashes_end_whatever_its_points() {
        let ends = |lines: Vec<Vec<(f64, f64)>>| -> Vec<[f64; 2]> {
            lines.iter().map(|line| [line[0].0, line[line.len() - 1].0]).collect()
        };
        let wanted = vec![[0.0, 4.0], [6.0, 10.0], [12.0, 13.0]];
        assert_eq!(ends(pieces(&[(0.0, 0.0), (13.0, 0.0)], vec![4.0, 2.0])), wanted);
        let many: Vec<_> = (0..=13).map(|x| (f64::from(x), 0.0)).collect();
        assert_eq!(ends(pieces(&many, vec![4.0, 2.0])), wanted);
    }

    #[test]
    fn no_dashes_are_one_line() {
        assert_eq!(pieces(&[(0.0, 0.0), (1.0, 0.0)], vec![]).len(), 1);
    }
}
