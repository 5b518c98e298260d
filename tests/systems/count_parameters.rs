//! Counts of parameters, against sums of products, and a model that its data do not determine.

use crate::examples::count_parameters::{fit, networks};

#[test]
fn networks_have_as_many_parameters_as_the_books_say() {
    let counts: Vec<usize> = networks().iter().map(|(_, network, _)| network.count()).collect();
    assert_eq!(counts, [36 + 3 + 6 + 2, 27 + 3 + 36 + 3, 784 * 30 + 30 + 300 + 10, 79_510]);
    let few = networks().iter().map(|(_, network, n)| *n < network.count()).collect::<Vec<_>>();
    assert_eq!(few, [false, false, false, true]);
}

/// The parabola's values at −1, 0 and 1.
fn values([a, b, c]: [f64; 3]) -> [f64; 3] {
    [a - b + c, a, a + b + c]
}

#[test]
fn three_points_determine_a_parabola_and_two_do_not() {
    let points = [(-1.0, 2.0), (0.0, 0.5), (1.0, 1.0)];
    let starts = [[0.0, 0.0, 0.0], [1.0, -1.0, 2.0], [-2.0, 2.0, 1.0]];
    for start in starts {
        let (p, cost) = fit(&points, start);
        assert!(cost < 1e-20);
        assert!(
            p.iter().zip([0.5, -0.5, 1.0]).all(|(p, wanted)| (p - wanted).abs() < 1e-10),
            "{p:?}"
        );
    }
    let mut ends = Vec::new();
    for start in starts {
        let (p, cost) = fit(&points[..2], start);
        assert!(cost < 1e-20);
        let at = values(p);
        assert!((at[0] - 2.0).abs() < 1e-10 && (at[1] - 0.5).abs() < 1e-10);
        // The gradient has no part along (0, 1, 1), on which both points look away.
        assert!((p[1] + p[2] - start[1] - start[2]).abs() < 1e-12);
        ends.push(at[2]);
    }
    assert!((ends[0] - ends[1]).abs() > 0.1 && (ends[1] - ends[2]).abs() > 0.1, "{ends:?}");
}
