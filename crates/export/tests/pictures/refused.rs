//! What is refused, with which words; and that files are whole.

use std::path::Path;

use gradus_export::pictures::*;
use ndarray::{Array2, array};

use super::{bowl, chart};

fn error(result: Result<Picture, PictureError>) -> String {
    result.err().expect("a refusal").to_string()
}

#[test]
fn bad_numbers_are_refused_with_their_place() {
    let line = |x: &[f64], y: &[f64]| error(Chart::new("c", "x", "y").line("a", x, y).picture());
    assert_eq!(line(&[], &[]), "`a` of the chart `c`: wanted at least one, found none");
    assert_eq!(line(&[0.0, 1.0], &[0.0]), "`a` of the chart `c`: wanted 2, found 1");
    assert_eq!(
        line(&[0.0, 1.0], &[0.0, f64::NAN]),
        "`a` of the chart `c`: number 1 is NaN, wanted a finite number, of size 1e100 at most"
    );
    assert_eq!(
        error(Chart::new("c", "", "").history("a", &[1.0, 0.0]).log_y().picture()),
        "`a` of the chart `c`: number 1 is 0, wanted a finite number above 0, 1e100 at most, since the axis is logarithmic"
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
    for range in [1.0..=0.0, 0.0..=f64::INFINITY, f64::NAN..=1.0, -1e308..=1e308] {
        assert!(Field::of(range, 0.0..=1.0, 2, |p| vec![0.0; p.len()]).is_err());
    }
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
