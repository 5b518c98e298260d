//! Damaged files: seeds changed in a few places, drawn from a seed.

use std::io::Write;
use std::ops::Range;

use flate2::write::GzEncoder;
use flate2::{Compression, Crc};
use rand::rngs::ChaCha8Rng;
use rand::{Rng, RngExt};

/// Numbers at which sizes overflow, or nearly do.
const EXTREMES: [u64; 10] =
    [0, 1, 0x7f, 0xff, 0xffff, 0x2000, 0x7fff_ffff, 0xffff_ffff, 1 << 28, u64::MAX];

/// The same in text, where there was a number; and some with which a network may still fit.
const NUMBERS: [&str; 14] = [
    "0",
    "1",
    "1",
    "2",
    "2",
    "3",
    "-1",
    "65536",
    "268435456",
    "4294967296",
    "18446744073709551615",
    "1e400",
    "0.5",
    "null",
];

/// A seed with up to eight changes; half of the time with checksums and lengths set right again, or
/// only numbers changed in what is text, so that the damage is seen by more than the first check.
pub fn mutate(reader: &str, seed: &[u8], other: &[u8], random: &mut ChaCha8Rng) -> Vec<u8> {
    let mend = random.random_bool(0.5);
    // Of a safetensors file the header alone, whose length comes first.
    let header = match (reader, seed.first_chunk()) {
        ("checkpoint" | "weights", Some(&length)) if mend => {
            8 + u64::from_le_bytes(length) as usize
        }
        _ => 0,
    };
    let mut bytes = seed[..if header > 0 { header } else { seed.len() }].to_vec();
    let numbers = mend && matches!(reader, "network" | "checkpoint" | "weights" | "schedule");
    if mend && reader == "picture" {
        match random.random_range(0..3) {
            0 => change_chunk(&mut bytes, random),
            1 => change_sizes(&mut bytes, random),
            _ => change(&mut bytes, other, random),
        }
        return with_checksums(&bytes);
    }
    for _ in 0..random.random_range(1..=if numbers { 3 } else { 8 }) {
        match numbers {
            true => change_number(&mut bytes, random),
            false => change(&mut bytes, other, random),
        }
    }
    match reader {
        "checkpoint" | "weights" if header > 0 => {
            let text = bytes.get(8..).unwrap_or_default();
            let length = (text.len() as u64).to_le_bytes();
            [&length, text, &seed[header..]].concat()
        }
        "idx" if mend => {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(&bytes).unwrap();
            encoder.finish().unwrap()
        }
        _ => bytes,
    }
}

fn change(bytes: &mut Vec<u8>, other: &[u8], random: &mut ChaCha8Rng) {
    if bytes.is_empty() {
        bytes.extend(other);
        return;
    }
    let at = random.random_range(0..bytes.len());
    let end = (at + random.random_range(1..=64)).min(bytes.len());
    let extreme = EXTREMES[random.random_range(0..EXTREMES.len())];
    match random.random_range(0..10) {
        0 => bytes[at] ^= 1 << random.random_range(0..8),
        1 => bytes[at] = random.next_u32() as u8,
        2 => bytes.truncate(at),
        3 => drop(bytes.drain(at..end)),
        4 => bytes.extend_from_within(at..end),
        5 => {
            let copy = bytes[at..end].to_vec();
            bytes.splice(at..at, copy);
        }
        6 => {
            bytes.truncate(at);
            bytes.extend(&other[random.random_range(0..=other.len())..]);
        }
        7 => overwrite(bytes, at, &extreme.to_le_bytes()),
        8 => overwrite(bytes, at, &(extreme as u32).to_be_bytes()),
        _ => change_number(bytes, random),
    }
}

/// Puts another number in place of the first one behind some place, if there is one.
fn change_number(bytes: &mut Vec<u8>, random: &mut ChaCha8Rng) {
    let from = random.random_range(0..=bytes.len());
    let number = NUMBERS[random.random_range(0..NUMBERS.len())];
    let Some(start) = bytes[from..].iter().position(u8::is_ascii_digit) else { return };
    let digits = bytes[from + start..].iter().take_while(|byte| byte.is_ascii_digit());
    let place = from + start..from + start + digits.count();
    bytes.splice(place, number.bytes());
}

/// Makes the data of a chunk of a PNG file shorter or longer by a few bytes, and its length that.
fn change_chunk(bytes: &mut Vec<u8>, random: &mut ChaCha8Rng) {
    let chunks: Vec<_> = chunks(bytes).collect();
    let Some(data) = chunks.get(random.random_range(0..=chunks.len())).cloned() else { return };
    let kept = random.random_range(0..=data.len());
    let more = random.random_range(0..8) * random.random_range(0..200);
    let length = (kept + more) as u32;
    bytes.splice(data.start + kept..data.end, std::iter::repeat_n(0, more));
    overwrite(bytes, data.start - 8, &length.to_be_bytes());
}

/// Puts other numbers in place of the width or the height of a PNG file, or of both.
fn change_sizes(bytes: &mut [u8], random: &mut ChaCha8Rng) {
    for place in [16, 20] {
        if random.random_bool(0.7) {
            let size = EXTREMES[random.random_range(0..EXTREMES.len())] as u32;
            overwrite(bytes, place, &size.to_be_bytes());
        }
    }
}

fn overwrite(bytes: &mut [u8], at: usize, with: &[u8]) {
    let count = with.len().min(bytes.len().saturating_sub(at));
    let at = at.min(bytes.len());
    bytes[at..at + count].copy_from_slice(&with[..count]);
}

/// A PNG file with the checksum of each whole chunk set right.
fn with_checksums(bytes: &[u8]) -> Vec<u8> {
    let mut mended = bytes.to_vec();
    for data in chunks(bytes) {
        let mut crc = Crc::new();
        crc.update(&bytes[data.start - 4..data.end]);
        overwrite(&mut mended, data.end, &crc.sum().to_be_bytes());
    }
    mended
}

/// Where the data of the chunks of a PNG file are, as far as they are whole.
fn chunks(bytes: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let next = |start: usize| {
        let length = bytes.get(start..)?.first_chunk()?;
        let data = start + 8..start + 8 + u32::from_be_bytes(*length) as usize;
        (data.end <= bytes.len()).then_some(data)
    };
    std::iter::successors(next(8), move |data| next(data.end + 4))
}
