//! The seed corpus, of which readers accept every file.

use std::io::Write;
use std::path::PathBuf;

use flate2::Compression;
use flate2::write::GzEncoder;
use gradus::models::data::Pictures;
use gradus::models::layer::Layer;
use gradus::models::{
    Activation, Adam, AvgPool, BatchNorm, Conv, Dense, Dropout, Flatten, MaxPool, Network,
    Schedule, Settings, Training, classic,
};
use png::{BitDepth, ColorType};

/// The folder of a reader's seeds.
pub fn folder(reader: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(reader)
}

/// The seeds of a reader, in the order of their names.
pub fn read(reader: &str) -> Vec<(String, Vec<u8>)> {
    let entries = folder(reader).read_dir().unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> = entries.collect();
    paths.sort();
    let seed = |path: PathBuf| (path.display().to_string(), std::fs::read(path).unwrap());
    paths.into_iter().map(seed).collect()
}

/// Writes the seeds anew.
pub fn write() {
    for (reader, name, bytes) in all() {
        std::fs::create_dir_all(folder(reader)).unwrap();
        std::fs::write(folder(reader).join(name), bytes).unwrap();
    }
}

fn all() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let pictures = [&[0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 2][..], &[7; 12]].concat();
    let json = |network: &Network| serde_json::to_vec(network).unwrap();
    let palette = |writer: &mut png::Encoder<'_, &mut Vec<u8>>| {
        writer.set_palette(vec![255, 255, 255, 0, 0, 0]);
        writer.set_trns(vec![255, 128]);
    };
    vec![
        ("idx", "pictures", pictures.clone()),
        ("idx", "pictures.gz", gzip(&pictures)),
        ("idx", "labels", vec![0, 0, 8, 1, 0, 0, 0, 3, 1, 2, 3]),
        ("idx", "labels-in-two.gz", [gzip(&[0, 0, 8, 1, 0, 0, 0, 1]), gzip(&[9])].concat()),
        ("idx", "none", vec![0, 0, 8, 2, 0, 0, 0, 0, 255, 255, 255, 255]),
        ("idx", "one", vec![0, 0, 8, 0, 5]),
        ("picture", "grey", png(ColorType::Grayscale, BitDepth::Eight, |_| ())),
        ("picture", "line", png(ColorType::Grayscale, BitDepth::One, |_| ())),
        ("picture", "palette", png(ColorType::Indexed, BitDepth::Two, palette)),
        ("picture", "rgb", png(ColorType::Rgb, BitDepth::Sixteen, |_| ())),
        ("picture", "rgba", png(ColorType::Rgba, BitDepth::Eight, |_| ())),
        ("network", "mnist", json(&classic::mnist())),
        ("network", "lenet", json(&classic::lenet().named("le"))),
        ("network", "every-layer", json(&every_layer())),
        ("network", "deep", json(&Network::dense(&[2; 20], Activation::Tanh).unwrap())),
        ("checkpoint", "start", trained(&dense(), Settings::default(), 0)),
        ("checkpoint", "adam", trained(&dense(), adam(), 2)),
        ("checkpoint", "every-layer", trained(&every_layer(), adam(), 1)),
        ("weights", "halves", halves()),
        ("weights", "checkpoint", trained(&dense(), Settings::default(), 0)),
        ("weights", "none", safetensors("{}", &[])),
        ("schedule", "constant", b"constant".into()),
        ("schedule", "steps", b"steps:10:0.5".into()),
        ("schedule", "cosine", b"cosine:30".into()),
        ("schedule", "plateau", b"plateau:3:1e-1".into()),
    ]
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A safetensors file of this header and these numbers.
fn safetensors(header: &str, numbers: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), numbers].concat()
}

/// Numbers of each type that is read, and of one that is not; a scalar, and an array of none.
fn halves() -> Vec<u8> {
    let header = r#"{"__metadata__":{"format":"pt"},
        "fc1.weight":{"dtype":"F16","shape":[2,3],"data_offsets":[0,12]},
        "fc1.bias":{"dtype":"BF16","shape":[2],"data_offsets":[12,16]},
        "scale":{"dtype":"F64","shape":[],"data_offsets":[16,24]},
        "none":{"dtype":"F32","shape":[0,4],"data_offsets":[24,24]},
        "steps":{"dtype":"I64","shape":[1],"data_offsets":[24,32]}}"#;
    safetensors(header, &[0x3c; 32])
}

/// A picture of 9×8 pixels with a bar.
fn png(
    colour: ColorType, depth: BitDepth, more: impl Fn(&mut png::Encoder<'_, &mut Vec<u8>>),
) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 9, 8);
    encoder.set_color(colour);
    encoder.set_depth(depth);
    more(&mut encoder);
    let row = (9 * colour.samples() * depth as usize).div_ceil(8);
    // Ink in two rows: the palette's 1, or full channels.
    let ink = if colour == ColorType::Indexed { 0b0101_0101 } else { 255 };
    let data: Vec<u8> =
        (0..8 * row).map(|k| if matches!(k / row, 3 | 4) { ink } else { 0 }).collect();
    let data =
        if colour == ColorType::Rgba { data.iter().map(|x| 255 - x).collect() } else { data };
    encoder.write_header().unwrap().write_image_data(&data).unwrap();
    bytes
}

fn dense() -> Network {
    Network::dense(&[4, 3, 2], Activation::Sigmoid).unwrap()
}

fn every_layer() -> Network {
    let layers: [Layer; 8] = [
        Conv::new(2, 2, 2, Activation::Relu).padding(1, 1).groups(2).into(),
        BatchNorm::new(Activation::Tanh).into(),
        MaxPool::new(2, 2).stride(1, 1).into(),
        AvgPool::new(2, 1).into(),
        Flatten.into(),
        Dropout::new(0.25).into(),
        Dense::new(3, Activation::Identity).into(),
        Dense::new(2, Activation::Sigmoid).into(),
    ];
    Network::new(&[2, 2, 2], &layers).unwrap()
}

fn adam() -> Settings {
    let schedule = Schedule::Steps { every: 1, factor: 0.5 };
    Settings { optimiser: Adam::default().into(), eta: 0.001, schedule, ..Settings::default() }
}

fn trained(network: &Network, settings: Settings, epochs: usize) -> Vec<u8> {
    let mut training = Training::start(network.clone(), settings).unwrap();
    let size: usize = network.input().iter().product();
    let pixels = (0..6 * size).map(|k| (k * 37 % 256) as u8).collect();
    let pictures = Pictures::new(1, size, pixels, vec![0, 1, 1, 0, 1, 0], 2).unwrap();
    for _ in 0..epochs {
        training.epoch(&pictures, |_, _| ()).unwrap();
        training.test(&pictures, 1).unwrap();
    }
    training.to_bytes()
}
