//! Pictures: what is on them, that they repeat, what is refused, and that files are whole.
#![allow(missing_docs)]

use std::path::Path;

use gradus_export::pictures::*;
use ndarray::{Array2, array};
use roxmltree::Document;

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

fn error(result: Result<Picture, PictureError>) -> String {
    result.err().expect("a refusal").to_string()
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
    assert_eq!(dashes.len(), 3, "{looks:?}");
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
fn bad_numbers_are_refused_with_their_place() {
    let line = |x: &[f64], y: &[f64]| error(Chart::new("c", "x", "y").line("a", x, y).picture());
    assert_eq!(line(&[], &[]), "`a` of the chart `c`: wanted at least one, found none");
    assert_eq!(line(&[0.0, 1.0], &[0.0]), "`a` of the chart `c`: wanted 2, found 1");
    assert_eq!(
        line(&[0.0, 1.0], &[0.0, f64::NAN]),
        "`a` of the chart `c`: number 1 is NaN, wanted a finite number"
    );
    assert_eq!(
        error(Chart::new("c", "", "").history("a", &[1.0, 0.0]).log_y().picture()),
        "`a` of the chart `c`: number 1 is 0, wanted a finite number above 0, since the axis is logarithmic"
    );
    assert_eq!(
        error(Chart::new("c", "", "").picture()),
        "lines or points of the chart `c`: wanted at least one, found none"
    );
    let ragged = [vec![1.0, 2.0], vec![1.0]];
    assert_eq!(
        error(Chart::new("c", "", "").spread("s", &ragged).picture()),
        "`s` of the chart `c`: wanted 2, found 1"
    );
    assert!(error(Chart::new("c", "", "").spread("s", &[]).picture()).contains("found none"));
    let one = || Chart::new("c", "", "").history("a", &[1.0]);
    one().picture().expect("one point is a line that is drawn");
    assert_eq!(
        error(one().x_range(1.0, 1.0).picture()),
        "the x axis of the chart `c`: number 1 is 1, wanted more than the lower end of the range"
    );
    assert!(error(one().x_range(0.0, f64::INFINITY).picture()).contains("finite"));
    assert!(error(one().size(99.0, 300.0).picture()).contains("a size from 100 to 4000"));
    assert!(Field::of(1.0..=0.0, 0.0..=1.0, 2, |p| vec![0.0; p.len()]).is_err());
    assert_eq!(
        Field::of(0.0..=1.0, 0.0..=1.0, 2, |_| vec![0.0]).unwrap_err().to_string(),
        "the field's z: wanted 4, found 1"
    );
}

#[test]
fn too_much_is_refused() {
    let long = vec![0.0; 100_001];
    assert_eq!(
        error(Chart::new("c", "", "").history("a", &long).picture()),
        "`a` of the chart `c`: 100001, wanted at most 100000"
    );
    let nine = (0..9).fold(Chart::new("c", "", ""), |c, k| c.history(&k.to_string(), &[1.0, 2.0]));
    assert_eq!(error(nine.picture()), "things with names on a chart: 9, wanted at most 8");
    assert!(Field::of(0.0..=1.0, 0.0..=1.0, 501, |p| vec![0.0; p.len()]).is_err());
    assert!(error(surface("s", [""; 3], &bowl(81))).contains("81, wanted at most 80"));
    let many = Array2::from_elem((31, 31), 1);
    assert!(error(confusion("m", many.view(), &["a"; 31])).contains("31, wanted at most 30"));
    let large = Array2::zeros((400, 400));
    assert!(error(grey_pictures("g", &[large.view()], &["a"], 1, Greys::Ink)).contains("160000"));
    let deep = (0..10).fold(NetworkDiagram::new("n", "", &["a"]), |n, _| {
        n.layer("", &["a"], array![[1.0]].view(), &[])
    });
    assert_eq!(error(deep.picture()), "layers of `n`: 11, wanted at most 10");
    let wide =
        Picture::grid("", (0..20).map(|_| chart().picture().unwrap()).collect(), 20).unwrap();
    assert_eq!(
        wide.png().unwrap_err().to_string(),
        "pixels along a side: 22400, wanted at most 10000"
    );
}

#[test]
fn what_does_not_fit_is_refused() {
    let nand = |w: Array2<f64>, b: &[f64]| {
        error(
            NetworkDiagram::new("n", "in", &["1", "2"]).layer("out", &["y"], w.view(), b).picture(),
        )
    };
    assert_eq!(
        nand(array![[1.0]], &[]),
        "weights of the layer `out` of `n`: wanted [1, 2], found [1, 1]"
    );
    assert_eq!(
        nand(array![[1.0, 2.0]], &[1.0, 2.0]),
        "biases of the layer `out` of `n`: wanted 1, found 2"
    );
    assert!(nand(array![[1.0, f64::INFINITY]], &[]).contains("number 1 is inf"));
    assert!(error(NetworkDiagram::new("n", "in", &[]).picture()).contains("found none"));
    let counts = array![[1, 2, 3], [4, 5, 6]];
    assert_eq!(
        error(confusion("m", counts.view(), &["a", "b"])),
        "columns of the confusion matrix `m`: wanted 2, found 3"
    );
    let map = array![[1.0, f64::NAN]];
    let greys = |maps: &[Array2<f64>], names: &[&str], columns| {
        let views: Vec<_> = maps.iter().map(|map| map.view()).collect();
        error(grey_pictures("g", &views, names, columns, Greys::Each))
    };
    assert!(greys(std::slice::from_ref(&map), &["a"], 1).contains("`a` of `g`: number 1 is NaN"));
    assert!(greys(std::slice::from_ref(&map), &[], 1).contains("wanted 1, found 0"));
    assert!(greys(&[map], &["a"], 0).contains("columns"));
    assert!(greys(&[], &[], 1).contains("found none"));
    assert!(greys(&[Array2::zeros((0, 3))], &["a"], 1).contains("pixels of `a`"));
    assert!(error(Picture::grid("", vec![], 1)).contains("found none"));
}

fn names(folder: &Path) -> Vec<String> {
    let entries = folder.read_dir().unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = entries.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn the_extension_says_which_kind_of_file() {
    let folder = tempfile::tempdir().unwrap();
    let picture = chart().picture().unwrap();
    for name in ["a.svg", "b.PNG"] {
        picture.write(folder.path().join(name)).unwrap();
    }
    assert_eq!(names(folder.path()), ["a.svg", "b.PNG"]);
    assert_eq!(std::fs::read_to_string(folder.path().join("a.svg")).unwrap(), picture.svg());
    assert_eq!(std::fs::read(folder.path().join("b.PNG")).unwrap(), picture.png().unwrap());
    for name in ["a.jpg", "a", "svg", ".svg"] {
        let refusal = picture.write(folder.path().join(name)).unwrap_err().to_string();
        assert!(refusal.ends_with(&format!("{name}: wanted a name that ends in .svg or .png")));
    }
    assert_eq!(names(folder.path()), ["a.svg", "b.PNG"]);
}

#[test]
fn a_file_is_replaced_as_a_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let picture = chart().picture().unwrap();
    let file = folder.path().join("a.svg");
    std::fs::write(&file, "old").unwrap();
    picture.write(&file).unwrap();
    assert_eq!(std::fs::read_to_string(&file).unwrap(), picture.svg());
    // A folder of that name is in the way, and stays; nothing else is left.
    std::fs::create_dir(folder.path().join("b.svg")).unwrap();
    let refusal = picture.write(folder.path().join("b.svg")).unwrap_err().to_string();
    assert!(refusal.contains("b.svg: cannot be written: "), "{refusal}");
    assert_eq!(names(folder.path()), ["a.svg", "b.svg"]);
    assert!(picture.write(folder.path().join("none/a.svg")).is_err());
}
