//! Readers of what users give: no panic and no more memory than the bytes can hold, whatever they
//! claim. The same laws are those of the fuzz targets in `fuzz`, whose seeds are here damaged in ways
//! that are drawn from a seed, without a fuzzer.
//!
//! `GRADUS_WRITE_SEEDS=1 cargo test --test readers` writes the seeds anew.

#[path = "readers/laws.rs"]
mod laws;
#[path = "readers/mutate.rs"]
mod mutate;
#[path = "readers/seeds.rs"]
mod seeds;

use std::panic::{AssertUnwindSafe, catch_unwind};

use mutate::mutate;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

/// What reads, and what memory it may take.
struct Reader {
    name: &'static str,
    law: fn(&[u8]) -> bool,
    /// How many damaged files it is given.
    cases: usize,
    /// The most bytes in memory at a time for each byte of the file, and beside those.
    memory: (u64, u64),
}

const READERS: [Reader; 6] = [
    // Deflate makes at most 1032 bytes of one, and a vector that grows has room for twice as many; a
    // bit of a palette's picture becomes four bytes.
    Reader { name: "idx", law: laws::idx, cases: 20_000, memory: (2 * 1032, 1 << 17) },
    Reader { name: "picture", law: laws::picture, cases: 20_000, memory: (32 * 1032, 1 << 18) },
    Reader { name: "network", law: laws::network, cases: 6_000, memory: (1_000, 1 << 19) },
    Reader { name: "checkpoint", law: laws::checkpoint, cases: 6_000, memory: (1_000, 1 << 19) },
    Reader { name: "weights", law: laws::weights, cases: 20_000, memory: (16, 1 << 12) },
    Reader { name: "schedule", law: laws::schedule, cases: 20_000, memory: (64, 1 << 10) },
];

#[test]
fn seeds_are_accepted() {
    if std::env::var_os("GRADUS_WRITE_SEEDS").is_some() {
        seeds::write();
    }
    for reader in READERS {
        let seeds = seeds::read(reader.name);
        assert!(seeds.len() >= 3, "{}", reader.name);
        for (name, bytes) in seeds {
            assert!(bytes.len() < 4096, "{name} is large");
            assert!(obeys(&reader, &bytes, &name).0, "{name} is refused");
        }
    }
}

#[test]
fn damage_is_refused_or_harmless_and_memory_is_bounded() {
    for reader in READERS {
        let seeds = seeds::read(reader.name);
        let (mut accepted, mut most) = (0, 0);
        for case in 0..reader.cases {
            let mut random = ChaCha8Rng::seed_from_u64(case as u64);
            let [seed, other] = [(); 2].map(|()| &seeds[random.random_range(0..seeds.len())].1);
            let bytes = mutate(reader.name, seed, other, &mut random);
            let (answered, memory) = obeys(&reader, &bytes, &format!("case {case}"));
            accepted += usize::from(answered);
            most = most.max(memory);
        }
        let Reader { name, cases, .. } = reader;
        println!("{name}: {cases} damaged files, {accepted} accepted, at most {most} bytes taken");
        // Some damage is harmless, most is not: else the cases would test little.
        assert!((cases / 200..cases * 4 / 5).contains(&accepted), "{name}: {accepted} of {cases}");
    }
}

/// Whether the bytes are accepted, and the most memory in use meanwhile. They are shown where the
/// law does not hold.
fn obeys(reader: &Reader, bytes: &[u8], what: &str) -> (bool, u64) {
    let mut answer = None;
    let taken = allocation_counter::measure(|| {
        answer = catch_unwind(AssertUnwindSafe(|| (reader.law)(bytes))).ok();
    });
    let shown = bytes.escape_ascii();
    let Some(accepted) = answer else { panic!("{}, {what}: panic at b\"{shown}\"", reader.name) };
    let (each, beside) = reader.memory;
    let most = each * bytes.len() as u64 + beside;
    assert!(
        taken.bytes_max <= most,
        "{}, {what}: {} bytes taken for {}, more than {most}, at b\"{shown}\"",
        reader.name,
        taken.bytes_max,
        bytes.len()
    );
    (accepted, taken.bytes_max)
}
