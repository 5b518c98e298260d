//! Convolutions and their adjoints: plans beside a copy of all windows (im2col) and a product.

use gradus::ndarray::ArrayD;
use gradus::ops::{Convolution, conv2d, grad, input, sum_all};

use crate::planned::{Planned, assert_near, random};
use crate::probe::Ceilings;
use crate::rounds::{Bars, best};

/// A convolution of square pictures with square filters.
#[derive(Clone, Copy)]
struct Layer {
    examples: usize,
    channels: usize,
    filters: usize,
    picture: usize,
    side: usize,
    padding: usize,
}

impl Layer {
    const fn new(
        examples: usize, [channels, filters]: [usize; 2], picture: usize, side: usize,
        padding: usize,
    ) -> Self {
        Self { examples, channels, filters, picture, side, padding }
    }

    /// The side of a map.
    fn map(&self) -> usize {
        self.picture + 2 * self.padding + 1 - self.side
    }

    fn taps(&self) -> usize {
        self.channels * self.side * self.side
    }
}

/// The layers, whether they are LeNet's, and their names.
const LAYERS: [(Layer, bool, &str); 3] = [
    (Layer::new(64, [1, 6], 28, 5, 2), true, "1→6, 5×5, padded, on 28×28, 64"),
    (Layer::new(64, [6, 16], 14, 5, 0), true, "6→16, 5×5, on 14×14, 64"),
    (Layer::new(16, [32, 64], 32, 3, 1), false, "32→64, 3×3, padded, on 32×32, 16"),
];

pub fn bench(ceilings: &Ceilings, bars: &mut Bars) {
    println!("\nconvolutions in f32, µs: plan, im2col + gemm, ratio; % of the peak");
    for (layer, lenet, name) in LAYERS {
        println!("  {name}");
        let places = layer.map() * layer.map();
        let flops = 2.0 * (layer.examples * layer.filters * layer.taps() * places) as f64;
        for (part, [plan, copies]) in ["forward", "dW", "dX"].iter().zip(times(layer)) {
            let percent = 100.0 * flops / plan / 1e9 / ceilings.peak(4);
            let (ratio, plan, copies) = (copies / plan, plan * 1e6, copies * 1e6);
            println!("    {part:<8}{plan:>9.0}{copies:>9.0}{ratio:>7.2}{percent:>7.0}");
            if lenet {
                let bar = if *part == "forward" { 2.0 } else { 1.4 };
                bars.at_least(&format!("{name}, {part}, times im2col"), ratio, bar);
            }
        }
    }
}

/// Seconds by a plan and by copies: forward, with respect to the filters, to the pictures.
fn times(layer: Layer) -> [[f64; 2]; 3] {
    let Layer { examples, channels, filters, picture, side, padding } = layer;
    let x_shape = [examples, channels, picture, picture];
    let w_shape = [filters, channels, side, side];
    let y_shape = [examples, filters, layer.map(), layer.map()];
    let (x, w, y_bar) = (random::<f32>(&x_shape), random(&w_shape), random(&y_shape));
    let how = Convolution::default().padding(padding, padding);
    let mut forward = Planned::new(&[("x", x.clone()), ("w", w.clone())], |g| {
        [conv2d(input(g, "x", x_shape), input(g, "w", w_shape), how)]
    });
    // The adjoint with respect to one is no function of that one's values.
    let adjoint = |wanted: &'static str, other: (&'static str, ArrayD<f32>)| {
        Planned::new(&[other, ("y_bar", y_bar.clone())], move |g| {
            let (x, w) = (input(g, "x", x_shape), input(g, "w", w_shape));
            let y = conv2d(x, w, how);
            let pairing = sum_all(y * input(g, "y_bar", y_shape));
            grad(pairing, [if wanted == "w" { w } else { x }])
        })
    };
    let mut to_filters = adjoint("w", ("x", x.clone()));
    let mut to_pictures = adjoint("x", ("w", w.clone()));

    let slice = |array: &ArrayD<f32>| array.as_slice().expect("standard").to_vec();
    let [x, w, y_bar] = [&x, &w, &y_bar].map(slice);
    let mut copies = Copies::new(layer);
    let (mut y, mut dw, mut dx) = (vec![0.0; y_bar.len()], vec![0.0; w.len()], vec![0.0; x.len()]);
    let times = [
        best(&mut [&mut || _ = forward.run(), &mut || copies.forward(&x, &w, &mut y)]),
        best(&mut [&mut || _ = to_filters.run(), &mut || copies.to_filters(&x, &y_bar, &mut dw)]),
        best(&mut [&mut || _ = to_pictures.run(), &mut || copies.to_pictures(&w, &y_bar, &mut dx)]),
    ];
    let plans = [("forward", &mut forward), ("dW", &mut to_filters), ("dX", &mut to_pictures)];
    for ((part, plan), want) in plans.into_iter().zip([&y, &dw, &dx]) {
        assert_near(plan.run()[0].as_slice().expect("standard"), want, part);
    }
    times.map(|times| [times[0], times[1]])
}

/// Convolutions by a matrix of all windows of a picture: taps × places.
struct Copies {
    layer: Layer,
    windows: Vec<f32>,
}

impl Copies {
    fn new(layer: Layer) -> Self {
        Self { layer, windows: vec![0.0; layer.taps() * layer.map() * layer.map()] }
    }

    /// Y = W windows(X), for each picture.
    fn forward(&mut self, x: &[f32], w: &[f32], y: &mut [f32]) {
        let (layer, places) = (self.layer, self.layer.map() * self.layer.map());
        let pictures = x.chunks_exact(layer.channels * layer.picture * layer.picture);
        for (x, y) in pictures.zip(y.chunks_exact_mut(layer.filters * places)) {
            self.copy(x);
            let (taps, filters) = (layer.taps(), layer.filters);
            product([filters, taps, places], w, [taps, 1], &self.windows, [places, 1], y, false);
        }
    }

    /// dW = Σ dY windows(X)ᵀ over the pictures.
    fn to_filters(&mut self, x: &[f32], y_bar: &[f32], dw: &mut [f32]) {
        let (layer, places) = (self.layer, self.layer.map() * self.layer.map());
        let pictures = x.chunks_exact(layer.channels * layer.picture * layer.picture);
        for (k, (x, y_bar)) in pictures.zip(y_bar.chunks_exact(layer.filters * places)).enumerate()
        {
            self.copy(x);
            let shape = [layer.filters, places, layer.taps()];
            product(shape, y_bar, [places, 1], &self.windows, [1, places], dw, k > 0);
        }
    }

    /// windows(dX) = Wᵀ dY for each picture, and what windows share added up.
    fn to_pictures(&mut self, w: &[f32], y_bar: &[f32], dx: &mut [f32]) {
        let (layer, places) = (self.layer, self.layer.map() * self.layer.map());
        let pictures = dx.chunks_exact_mut(layer.channels * layer.picture * layer.picture);
        for (dx, y_bar) in pictures.zip(y_bar.chunks_exact(layer.filters * places)) {
            let (taps, filters) = (layer.taps(), layer.filters);
            let shape = [taps, filters, places];
            product(shape, w, [1, taps], y_bar, [places, 1], &mut self.windows, false);
            dx.fill(0.0);
            self.for_rows(|window, cell, count, windows| {
                let cells = dx[cell..cell + count].iter_mut();
                cells.zip(&windows[window..]).for_each(|(cell, window)| *cell += window);
            });
        }
    }

    fn copy(&mut self, x: &[f32]) {
        if self.layer.padding > 0 {
            self.windows.fill(0.0);
        }
        self.for_rows(|window, cell, count, windows| {
            windows[window..window + count].copy_from_slice(&x[cell..cell + count]);
        });
    }

    /// For each tap and row of places: where their part inside the picture begins among the windows
    /// and in the picture, and how long it is.
    fn for_rows(&mut self, mut f: impl FnMut(usize, usize, usize, &mut [f32])) {
        let Layer { channels, picture, side, padding, .. } = self.layer;
        let map = self.layer.map();
        for (tap, window) in (0..channels * side * side).zip((0..).step_by(map * map)) {
            let (channel, dy, dx) = (tap / (side * side), tap / side % side, tap % side);
            let (first, end) = (padding.saturating_sub(dx), map.min(picture + padding - dx));
            for row in padding.saturating_sub(dy)..map.min(picture + padding - dy) {
                let cell =
                    (channel * picture + row + dy - padding) * picture + first + dx - padding;
                f(window + row * map + first, cell, end - first, &mut self.windows);
            }
        }
    }
}

/// C = A B, or C + A B, with the strides of rows and columns of A and B.
fn product(
    [m, k, n]: [usize; 3], a: &[f32], a_strides: [usize; 2], b: &[f32], b_strides: [usize; 2],
    c: &mut [f32], add: bool,
) {
    let [ar, ac] = a_strides.map(|stride| stride as isize);
    let [br, bc] = b_strides.map(|stride| stride as isize);
    assert!(a.len() == m * k && b.len() == k * n && c.len() == m * n);
    let (a, b, c) = (a.as_ptr(), b.as_ptr(), c.as_mut_ptr());
    let none = gemm::Parallelism::None;
    // SAFETY: the lengths are those of the shapes, and the strides those of whole matrices.
    unsafe {
        gemm::gemm(
            m, n, k, c, 1, n as isize, add, a, ac, ar, b, bc, br, 1.0, 1.0, false, false, false,
            none,
        );
    }
}
