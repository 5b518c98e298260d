//! What the machine can do: multiply-adds and bandwidth, on one thread and on two.

use std::hint::black_box;

use crate::rounds::best;

/// Ceilings, each for one thread and for two.
pub struct Ceilings {
    /// Multiply-adds in `f32` and `f64`, two operations each, in GFLOP/s.
    pub fma: Option<[[f64; 2]; 2]>,
}

impl Ceilings {
    /// Measures and prints them.
    pub fn probe() -> Self {
        let fma = fma();
        match fma {
            Some(fma) => {
                println!("multiply-adds, GFLOP/s (1 thread, 2 threads)");
                for (kind, [one, two]) in ["f32", "f64"].iter().zip(fma) {
                    println!("  {kind}   {one:8.1} {two:8.1}");
                }
            }
            None => println!("multiply-adds are not probed on this kind of machine"),
        }
        println!("triad x + s y → z in f32, GB/s (1 thread, 2 threads)");
        for (place, kib) in [("L1", 24), ("L2", 480), ("L3", 6 << 10), ("DRAM", 384 << 10)] {
            let [one, two] = [1, 2].map(|threads| triad(kib * 1024 / 12, threads));
            println!("  {place:<5} {one:8.1} {two:8.1}");
        }
        Self { fma }
    }

    /// The FMA peak of one thread, by the bytes of the number type.
    pub fn peak(&self, bytes: usize) -> f64 {
        self.fma.map_or(f64::NAN, |fma| fma[usize::from(bytes == 8)][0])
    }
}

/// Runs `work` on so many threads at once, and returns the seconds of the slowest at its best.
fn on_threads(threads: usize, work: impl Fn() + Sync) -> f64 {
    let times = std::thread::scope(|scope| {
        let spawn = |_| scope.spawn(|| best(&mut [&mut || work()])[0]);
        let handles: Vec<_> = (0..threads).map(spawn).collect();
        handles.into_iter().map(|handle| handle.join().expect("no panic")).collect::<Vec<_>>()
    });
    times.into_iter().fold(0.0, f64::max)
}

/// The bandwidth with so many numbers in each of three arrays, for each thread its own.
fn triad(numbers: usize, threads: usize) -> f64 {
    let times = std::thread::scope(|scope| {
        let spawn = |_| {
            scope.spawn(|| {
                let (x, y) = (vec![1.0f32; numbers], vec![2.0f32; numbers]);
                let mut z = vec![0.0f32; numbers];
                let mut run = || {
                    let [x, y] = [&x, &y].map(|x| black_box(x.as_slice()));
                    add_scaled(x, y, &mut z);
                    black_box(&mut z);
                };
                best(&mut [&mut run])[0]
            })
        };
        let handles: Vec<_> = (0..threads).map(spawn).collect();
        handles.into_iter().map(|handle| handle.join().expect("no panic")).collect::<Vec<_>>()
    });
    let bytes = 12.0 * numbers as f64;
    times.into_iter().map(|time| bytes / time / 1e9).sum()
}

fn add_scaled(x: &[f32], y: &[f32], z: &mut [f32]) {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx512f") {
        // SAFETY: the processor has the instructions.
        return unsafe { x86::add_scaled(x, y, z) };
    }
    for ((z, x), y) in z.iter_mut().zip(x).zip(y) {
        *z = x + 3.0 * y;
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn fma() -> Option<[[f64; 2]; 2]> {
    None
}

/// Multiply-adds with the widest registers, in GFLOP/s: `f32` and `f64`, one and two threads.
#[cfg(target_arch = "x86_64")]
fn fma() -> Option<[[f64; 2]; 2]> {
    let (work, lanes): (fn(), _) = if is_x86_feature_detected!("avx512f") {
        // SAFETY: the processor has the instructions.
        (|| unsafe { x86::fma_512() }, 16)
    } else if is_x86_feature_detected!("fma") {
        // SAFETY: the processor has the instructions.
        (|| unsafe { x86::fma_256() }, 8)
    } else {
        return None;
    };
    let rate = |lanes: usize, threads: usize| {
        let operations = 2 * lanes * x86::REGISTERS * x86::REPEATS * threads;
        operations as f64 / on_threads(threads, work) / 1e9
    };
    // A register of f64 has half the lanes and takes the same time.
    Some([lanes, lanes / 2].map(|lanes| [1, 2].map(|threads| rate(lanes, threads))))
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;
    use std::hint::black_box;

    /// Enough independent sums to hide an instruction's latency.
    pub const REGISTERS: usize = 12;
    pub const REPEATS: usize = 4096;

    #[target_feature(enable = "avx512f")]
    pub fn fma_512() {
        let (x, y) = (_mm512_set1_ps(black_box(0.5)), _mm512_set1_ps(black_box(1.0)));
        let mut sums = [y; REGISTERS];
        for _ in 0..REPEATS {
            for sum in &mut sums {
                *sum = _mm512_fmadd_ps(*sum, x, y);
            }
        }
        black_box(sums);
    }

    #[target_feature(enable = "avx2,fma")]
    pub fn fma_256() {
        let (x, y) = (_mm256_set1_ps(black_box(0.5)), _mm256_set1_ps(black_box(1.0)));
        let mut sums = [y; REGISTERS];
        for _ in 0..REPEATS {
            for sum in &mut sums {
                *sum = _mm256_fmadd_ps(*sum, x, y);
            }
        }
        black_box(sums);
    }

    #[target_feature(enable = "avx512f")]
    pub fn add_scaled(x: &[f32], y: &[f32], z: &mut [f32]) {
        let s = _mm512_set1_ps(3.0);
        let rows = x.chunks_exact(16).zip(y.chunks_exact(16)).zip(z.chunks_exact_mut(16));
        for ((x, y), z) in rows {
            // SAFETY: each has sixteen numbers.
            unsafe {
                let sum =
                    _mm512_fmadd_ps(_mm512_loadu_ps(y.as_ptr()), s, _mm512_loadu_ps(x.as_ptr()));
                _mm512_storeu_ps(z.as_mut_ptr(), sum);
            }
        }
    }
}
