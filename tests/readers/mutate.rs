//! Damaged files: seeds changed in a few places, drawn from a seed.

use std::io::Write;

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
    // Of a checkpoint the header alone, whose length comes first.
    let header = match (reader, seed.first_chunk()) {
        ("checkpoint", Some(&length)) if mend => 8 + u64::from_le_bytes(length) as usize,
        _ => 0,
    };
    let mut bytes = seed[..if header > 0 { header } else { seed.len() }].to_vec();
    let numbers = mend && matches!(reader, "network" | "checkpoint" | "schedule");
    for _ in 0..random.random_range(1..=if numbers { 3 } else { 8 }) {
        match numbers {
            true => change_number(&mut bytes, random),
            false => change(&mut bytes, other, random),
        }
    }
    match reader {
        "checkpoint" if header > 0 => {
            let text = bytes.get(8..).unwrap_or_default();
            let length = (text.len() as u64).to_le_bytes();
            [&length, text, &seed[header..]].concat()
        }
        "picture" if mend => with_checksums(&bytes),
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

fn overwrite(bytes: &mut [u8], at: usize, with: &[u8]) {
    let count = with.len().min(bytes.len() - at);
    bytes[at..at + count].copy_from_slice(&with[..count]);
}

/// A PNG file with the checksum of each whole chunk set right.
fn with_checksums(bytes: &[u8]) -> Vec<u8> {
    let (mut bytes, mut at) = (bytes.to_vec(), 8);
    while let Some(length) = bytes.get(at..at + 4) {
        let length = u32::from_be_bytes(length.try_into().expect("four bytes")) as usize;
        let (body, end) = (at + 4, at + 8 + length);
        let Some(data) = bytes.get(body..end) else { break };
        let mut crc = Crc::new();
        crc.update(data);
        overwrite(&mut bytes, end, &crc.sum().to_be_bytes());
        at = end + 4;
    }
    bytes
}
