//! Pictures: what is on them, that they repeat, what is refused, and that files are whole.
#![allow(missing_docs)]

use gradus_export::pictures::*;
use ndarray::{Array2, array};
use roxmltree::Document;

mod refused;

fn bowl(points: usize) -> Field {
    let f = |at: &[[f64; 2]]| at.iter().map(|[x, y]| x * x + y * y).collect();
    Field::of(-2.0..=2.0, -1.0..=1.0, points, f).unwrap()
}

fn chart() -> Chart {
    let x: Vec<f64> = (0..=50).map(|k| f64::from(k) / 10.0).collect();
    let rise: Vec<f64> = x.iter().map(|x| x * x).collect();
    Chart::new("A < B & \"C\"", "x", "y")
        .line("rise", &x, &rise)
        .points("data", &[[1.0, 2.0], [3.0, 8.0]])
}

fn nand() -> NetworkDiagram {
    NetworkDiagram::new("NAND", "inputs", &["x₁", "x₂"]).layer(
        "unit",
        &["y"],
        array![[-2.0, 0.0]].view(),
        &[3.0],
    )
}

/// One of each kind, with its title.
fn every_kind() -> Vec<(&'static str, Picture)> {
    let seeds: Vec<Vec<f64>> = (1..5).map(|k| vec![f64::from(k); 3]).collect();
    let path = Chart::new("path", "x", "y").contours(&bowl(30), "z").equal_axes();
    let regions = Chart::new("regions", "", "").regions(&bowl(30), 0.5, ["in", "out"]);
    let logarithmic =
        Chart::new("log", "t", "e").path("", &[[1e-12, 1e-15], [1.0, 1e3]]).log_x().log_y();
    let map = array![[0.0, 0.5], [1.0, -1.0]];
    vec![
        ("A < B & \"C\"", chart().picture().unwrap()),
        ("spread", Chart::new("spread", "", "").spread("4 seeds", &seeds).picture().unwrap()),
        (
            "path",
            path.path("way", &[[1.0, 1.0], [0.0, 0.0]]).note("end", 0.0, 0.0).picture().unwrap(),
        ),
        ("regions", regions.picture().unwrap()),
        ("log", logarithmic.picture().unwrap()),
        ("surface", surface("surface", ["x", "y", "z"], &bowl(20)).unwrap()),
        ("greys", grey_pictures("greys", &[map.view()], &["map"], 2, Greys::Signed).unwrap()),
        ("counts", confusion("counts", array![[7, 3], [0, 9]].view(), &["a", "b"]).unwrap()),
        ("NAND", nand().picture().unwrap()),
        (
            "two",
            Picture::grid("two", vec![chart().picture().unwrap(), chart().picture().unwrap()], 2)
                .unwrap(),
        ),
    ]
}

fn texts(svg: &str) -> Vec<String> {
    let document = Document::parse(svg).unwrap();
    let texts = document.descendants().filter(|node| node.has_tag_name("text"));
    texts.filter_map(|node| node.text()).map(str::to_owned).collect()
}

fn count(svg: &str, tag: &str) -> usize {
    Document::parse(svg).unwrap().descendants().filter(|node| node.has_tag_name(tag)).count()
}

fn decode(png: &[u8]) -> ([u32; 2], Vec<u8>) {
    let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
    let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut bytes).unwrap();
    (([frame.width, frame.height]), bytes)
}

#[test]
fn every_kind_is_well_formed_with_its_title_and_its_size() {
    for (title, picture) in every_kind() {
        let svg = picture.svg();
        let document = Document::parse(&svg).unwrap_or_else(|error| panic!("{title}: {error}"));
        let root = document.root_element();
        assert_eq!(root.attribute("aria-label"), Some(title));
        assert!(texts(&svg).iter().any(|text| text == title), "{title}: {:?}", texts(&svg));
        let size = |name| root.attribute(name).unwrap().parse::<f64>().unwrap();
        let corners = root.attribute("viewBox").unwrap();
        assert_eq!(corners, format!("0 0 {:.2} {:.2}", size("width"), size("height")));
        // Each clip is defined once, and by the name that is asked for.
        let defined = || document.descendants().filter(|node| node.has_tag_name("clipPath"));
        for clipped in document.descendants().filter_map(|node| node.attribute("clip-path")) {
            let same = |node: &roxmltree::Node<'_, '_>| {
                format!("url(#{})", node.attribute("id").unwrap()) == clipped
            };
            assert_eq!(defined().filter(same).count(), 1, "{title}: {clipped}");
        }
    }
}

#[test]
fn the_same_numbers_give_the_same_bytes() {
    for ((title, first), (_, second)) in every_kind().into_iter().zip(every_kind()) {
        assert_eq!(first.svg(), second.svg(), "{title}");
        assert_eq!(first.png().unwrap(), second.png().unwrap(), "{title}");
    }
    let other = chart().note("more", 1.0, 1.0).picture().unwrap();
    assert_ne!(other.svg(), chart().picture().unwrap().svg());
}

#[test]
fn pixels_are_twice_as_many_as_units_and_not_all_of_one_colour() {
    for (title, picture) in every_kind() {
        let svg = picture.svg();
        let document = Document::parse(&svg).unwrap();
        let side = |name| document.root_element().attribute(name).unwrap().parse::<f64>().unwrap();
        let (size, bytes) = decode(&picture.png().unwrap());
        for (pixels, units) in size.into_iter().zip([side("width"), side("height")]) {
            assert!((f64::from(pixels) - 2.0 * units).abs() <= 1.0, "{title}: {size:?}");
        }
        let channels = bytes.len() / (size[0] * size[1]) as usize;
        let dark =
            bytes.chunks(channels).filter(|pixel| pixel[..3].iter().all(|&c| c < 100)).count();
        assert!(dark > 100, "{title}: {dark} dark pixels, though there is text");
        assert_eq!(&bytes[..3], [255; 3], "{title}: on white");
    }
}

#[test]
fn a_chart_has_its_lines_points_and_names() {
    let svg = chart().picture().unwrap().svg();
    for text in ["x", "y", "rise", "data", "0", "5"] {
        assert!(texts(&svg).iter().any(|found| found == text), "{text} in {:?}", texts(&svg));
    }
    // Two points and the one of the legend.
    assert_eq!(count(&svg, "circle"), 3);
    let silent =
        Chart::new("", "", "").line("", &[0.0, 1.0], &[-1.0, 1.0]).picture().unwrap().svg();
    assert!(texts(&silent).iter().all(|text| text.replace('−', "-").parse::<f64>().is_ok()));
}

#[test]
fn lines_differ_in_colour_and_in_dashes() {
    let x = [0.0, 1.0];
    let three = Chart::new("", "", "").line("a", &x, &x).line("b", &x, &x).line("c", &x, &x);
    let svg = three.picture().unwrap().svg();
    let document = Document::parse(&svg).unwrap();
    let lines = document.descendants().filter(|node| {
        node.has_tag_name("path") && OKABE_ITO.contains(&node.attribute("stroke").unwrap_or(""))
    });
    let looks: std::collections::BTreeSet<_> =
        lines.map(|node| (node.attribute("stroke"), node.attribute("stroke-dasharray"))).collect();
    assert_eq!(looks.len(), 3, "{looks:?}");
    let dashes: std::collections::BTreeSet<_> = looks.iter().map(|(_, dashes)| dashes).collect();
    let colours: std::collections::BTreeSet<_> = looks.iter().map(|(stroke, _)| stroke).collect();
    assert_eq!((dashes.len(), colours.len()), (3, 3), "{looks:?}");
}

#[test]
fn a_logarithmic_axis_names_powers_of_ten_also_below_1e_10() {
    let small = Chart::new("", "", "").path("", &[[1e-12, 1.0], [1e-6, 2.0], [1.0, 3.0]]).log_x();
    let svg = small.picture().unwrap().svg();
    for power in ["10⁻¹²", "10⁻⁶", "1"] {
        assert!(texts(&svg).iter().any(|text| text == power), "{power} in {:?}", texts(&svg));
    }
    // Powers are evenly spaced: the dot in the middle is half way.
    let document = Document::parse(&svg).unwrap();
    let dots = document.descendants().filter(|node| node.has_tag_name("circle"));
    let x: Vec<f64> = dots.map(|node| node.attribute("cx").unwrap().parse().unwrap()).collect();
    assert!((x[0] + x[2] - 2.0 * x[1]).abs() < 0.1, "{x:?}");
}

#[test]
fn equal_axes_make_a_circle_round() {
    let corners = [[-1.0, 0.0], [1.0, 0.0], [0.0, -1.0], [0.0, 1.0], [5.0, 0.0]];
    let svg = Chart::new("", "", "").points("", &corners).equal_axes().picture().unwrap().svg();
    let document = Document::parse(&svg).unwrap();
    let dots = document.descendants().filter(|node| node.has_tag_name("circle"));
    let at = |name| {
        move |node: roxmltree::Node<'_, '_>| node.attribute(name).unwrap().parse::<f64>().unwrap()
    };
    let (x, y): (Vec<f64>, Vec<f64>) = dots.map(|node| (at("cx")(node), at("cy")(node))).unzip();
    assert!((x[1] - x[0] - (y[2] - y[3])).abs() < 0.5, "{x:?} {y:?}");
    assert!(x[1] - x[0] > 20.0);
}

#[test]
fn a_spread_shows_quartiles_and_the_median() {
    // Runs of 1, 2, 3, 4, 100: half of them between 2 and 4, whatever the largest is.
    let runs: Vec<Vec<f64>> = [3.0, 1.0, 100.0, 4.0, 2.0].map(|y| vec![y; 2]).to_vec();
    let svg =
        Chart::new("", "", "").spread("5", &runs).y_range(0.0, 100.0).picture().unwrap().svg();
    let text = |name: &str| texts(&svg).iter().any(|text| text == name);
    assert!(text("5, all") && text("5, middle half") && text("5, median"), "{:?}", texts(&svg));
    // The heights of the lines that are level: in the bands, and the median.
    let document = Document::parse(&svg).unwrap();
    let line = document
        .descendants()
        .find(|node| node.has_tag_name("path") && node.attribute("stroke") == Some(OKABE_ITO[0]));
    let d = line.expect("the median").attribute("d").expect("a path").to_owned();
    let grid: Vec<f64> = document
        .descendants()
        .filter(|node| {
            node.has_tag_name("text")
                && ["0", "100"].contains(&node.text().unwrap_or(""))
                && node.attribute("text-anchor") == Some("end")
        })
        .map(|node| node.attribute("y").unwrap().parse().unwrap())
        .collect();
    let height: f64 = d
        .split(['M', 'L', ' ', ','])
        .filter(|part| !part.is_empty())
        .nth(1)
        .unwrap()
        .parse()
        .unwrap();
    // Numbers of ticks stand a little below their ticks.
    let share = (grid[0] - 4.0 - height) / (grid[0] - grid[1]);
    assert!((share - 0.03).abs() < 0.01, "the median 3 of 100 at {share}: {d} {grid:?}");
}

#[test]
fn a_network_has_a_circle_for_each_unit_and_an_arrow_for_each_weight_that_is_not_zero() {
    let svg = nand().picture().unwrap().svg();
    assert_eq!(count(&svg, "circle"), 3);
    // One weight is 0, so there is one arrow: a line, and its head. Two lines are the legend's.
    assert_eq!((count(&svg, "line"), count(&svg, "path")), (3, 1));
    for text in ["x₁", "x₂", "y", "inputs", "unit", "b = 3.00", "the widest: |w| = 2.00"] {
        assert!(texts(&svg).iter().any(|found| found == text), "{text} in {:?}", texts(&svg));
    }
}

#[test]
fn of_a_large_layer_the_ends_are_drawn_and_dots_between() {
    let names: Vec<String> = (1..=784).map(|k| k.to_string()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let weights = Array2::from_elem((1, 784), 0.5);
    let large =
        NetworkDiagram::new("large", "pixels", &names).layer("unit", &["y"], weights.view(), &[]);
    let svg = large.picture().unwrap().svg();
    assert_eq!(count(&svg, "circle"), 8 + 3 + 1);
    let shown = texts(&svg);
    assert!(["1", "8", "782", "784"].iter().all(|name| shown.iter().any(|text| text == name)));
    assert!(!shown.iter().any(|text| text == "9" || text == "781"));
}

#[test]
fn greys_are_as_the_legend_says() {
    let map = array![[0.0, 1.0], [0.5, -1.0]];
    for (greys, wanted) in [
        (Greys::Ink, ["#ffffff", "#000000", "#808080", "#ffffff"]),
        (Greys::Each, ["#808080", "#ffffff", "#bfbfbf", "#000000"]),
        (Greys::Signed, ["#808080", "#ffffff", "#bfbfbf", "#000000"]),
    ] {
        let svg = grey_pictures("", &[map.view()], &["m"], 1, greys).unwrap().svg();
        let document = Document::parse(&svg).unwrap();
        let cells = document.descendants().filter(|node| node.has_tag_name("rect"));
        let fills: Vec<_> = cells.filter_map(|node| node.attribute("fill")).collect();
        // The paper is before them, the frame behind.
        assert_eq!(fills[1..5], wanted, "{greys:?}");
    }
    // Only with signs are two pictures compared with each other.
    let two = [array![[0.0, 1.0]], array![[0.0, 2.0]]];
    let views = [two[0].view(), two[1].view()];
    let svg = grey_pictures("", &views, &["a", "b"], 2, Greys::Signed).unwrap().svg();
    assert!(svg.contains("#bfbfbf") && svg.contains("black −2.00, grey 0, white 2.00"));
}

#[test]
fn a_confusion_matrix_has_its_counts_where_they_belong() {
    let svg = confusion("m", array![[7, 3], [0, 9]].view(), &["a", "b"]).unwrap().svg();
    let document = Document::parse(&svg).unwrap();
    let at = |text: &str| {
        let node = document
            .descendants()
            .find(|node| node.has_tag_name("text") && node.text() == Some(text));
        let number = |name| node.unwrap().attribute(name).unwrap().parse::<f64>().unwrap();
        [number("x"), number("y")]
    };
    let ([x7, y7], [x3, y3], [x9, y9]) = (at("7"), at("3"), at("9"));
    assert!(y7 == y3 && x3 > x7 && x9 == x3 && y9 > y3);
    assert!(!texts(&svg).contains(&"0".to_owned()), "zeros are left out");
}

#[test]
fn extremes_are_drawn_too() {
    let flat = |z: f64| Field::of(0.0..=1.0, 0.0..=1.0, 5, |p| vec![z; p.len()]).unwrap();
    let charts = [
        Chart::new("", "", "").history("", &[-1e100, 1e100]),
        Chart::new("", "", "").history("", &[1.0, 1.0 + f64::EPSILON]),
        Chart::new("", "", "").points("", &[[0.0, 0.0], [1e-300, 1e-300]]).equal_axes(),
        Chart::new("", "", "").path("", &[[1e-300, 1e-300], [1e100, 1e100]]).log_x().log_y(),
        Chart::new("", "", "").contours(&flat(3.0), "z"),
        Chart::new("", "", "").regions(&flat(0.0), 0.0, ["a", "b"]),
        Chart::new("a\u{0}b", "\u{1b}", "").history("\u{8}", &[0.0; 2]),
    ];
    let mut pictures: Vec<Picture> = charts.iter().map(|c| c.picture().unwrap()).collect();
    pictures.push(surface("", ["", "", ""], &flat(0.0)).unwrap());
    let most = array![[usize::MAX, usize::MAX], [0, 0]];
    pictures.push(confusion("", most.view(), &["a", "b"]).unwrap());
    let zero = array![[0.0]];
    pictures.push(grey_pictures("", &[zero.view()], &[""], 9, Greys::Signed).unwrap());
    let silent = NetworkDiagram::new("", "", &["a"]).layer("", &["b"], zero.view(), &[]);
    pictures.push(silent.picture().unwrap());
    for (k, picture) in pictures.iter().enumerate() {
        let svg = picture.svg();
        Document::parse(&svg).unwrap_or_else(|error| panic!("{k}: {error}"));
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{k}");
        picture.png().unwrap();
    }
}

#[test]
fn regions_of_one_kind_have_its_colour() {
    let colours = |z: f64| {
        let field = Field::of(0.0..=1.0, 0.0..=1.0, 5, |p| vec![z; p.len()]).unwrap();
        let svg = Chart::new("", "", "").regions(&field, 0.5, ["a", "b"]).picture().unwrap().svg();
        // The paper, the clip, and the ground; the legend is behind them.
        let document = Document::parse(&svg).unwrap();
        let rects = document.descendants().filter(|node| node.has_tag_name("rect"));
        rects.filter_map(|node| node.attribute("fill")).map(str::to_owned).collect::<Vec<_>>()
    };
    let (below, above) = (colours(0.0), colours(1.0));
    // Paper and ground; then the legend's two.
    assert_eq!((below[1].as_str(), above[1].as_str()), (below[2].as_str(), above[3].as_str()));
    assert_ne!(below[1], above[1]);
}
