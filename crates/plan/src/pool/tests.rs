use std::sync::Barrier;
use std::sync::atomic::AtomicU32;

use super::*;

/// A pool of the test's own, so that nobody else is at work in it.
fn pool(threads: usize) -> Pool {
    Pool::of(Box::leak(Box::new(Shared::new())), threads)
}

/// How often each part is run.
fn counts(pool: Pool, parts: usize) -> Vec<u32> {
    let counts: Vec<AtomicU32> = (0..parts).map(|_| AtomicU32::new(0)).collect();
    pool.run(parts, &|part| _ = counts[part].fetch_add(1, Relaxed));
    counts.into_iter().map(AtomicU32::into_inner).collect()
}

#[test]
fn every_part_is_run_once() {
    for threads in 1..5 {
        let pool = pool(threads);
        for parts in [0, 1, 2, 3, 7, 100, 2, 1, 5000] {
            assert_eq!(counts(pool, parts), vec![1; parts], "{threads} threads");
        }
    }
}

#[test]
fn parts_run_at_the_same_time() {
    let pool = pool(3);
    let all = Barrier::new(3);
    (0..100).for_each(|_| pool.run(3, &|_| _ = all.wait()));
}

/// No part is lost or done twice where jobs follow each other closely, nor where workers have fallen
/// asleep between them.
#[test]
fn many_small_jobs_are_done() {
    for threads in [2, 3, 4] {
        let pool = pool(threads);
        let sum = AtomicUsize::new(0);
        for job in 0..20_000 {
            pool.run(2 + job % 5, &|part| _ = sum.fetch_add(part + 1, Relaxed));
            if job % 2000 == 0 {
                thread::sleep(2 * PATIENCE);
            }
        }
        let want = (0..20_000).map(|job| (2 + job % 5) * (3 + job % 5) / 2).sum();
        assert_eq!(sum.into_inner(), want, "{threads} threads");
    }
}

#[test]
fn a_part_may_have_parts() {
    let pool = pool(2);
    let sum = AtomicUsize::new(0);
    pool.run(4, &|_| pool.run(3, &|part| _ = sum.fetch_add(part + 1, Relaxed)));
    assert_eq!(sum.into_inner(), 24);
}

#[test]
fn callers_on_two_threads_do_not_wait_for_each_other() {
    let pool = pool(3);
    let caller = || (0..2000).all(|k| counts(pool, 1 + k % 7).iter().all(|&count| count == 1));
    thread::scope(|scope| {
        let others = [scope.spawn(caller), scope.spawn(caller)];
        assert!(caller() && others.into_iter().all(|other| other.join().unwrap()));
    });
}

#[test]
fn a_panic_reaches_the_caller_and_the_pool_goes_on() {
    let pool = pool(2);
    for bad in [0, 3] {
        let done = AtomicUsize::new(0);
        let job = |part: usize| {
            assert_ne!(part, bad, "part {part} is bad");
            done.fetch_add(1, Relaxed);
        };
        let failure = catch_unwind(AssertUnwindSafe(|| pool.run(4, &job))).unwrap_err();
        let text = failure.downcast_ref::<String>().unwrap();
        assert!(text.contains(&format!("part {bad} is bad")), "{text}");
        assert_eq!(done.into_inner(), 3, "the others are done");
        assert_eq!(counts(pool, 4), [1; 4]);
    }
}

#[test]
fn workers_are_made_once() {
    let small = pool(2);
    let large = Pool::of(small.shared, 4);
    let made = || small.shared.workers.iter().filter(|worker| worker.get().is_some()).count();
    assert_eq!((made(), large.threads()), (3, 4));
    assert_eq!(Pool::of(small.shared, 3).threads(), 3);
    assert_eq!(made(), 3);
    assert_eq!(counts(large, 9), [1; 9]);
    assert_eq!(pool(0).threads(), 1);
}

#[test]
fn idle_workers_sleep() {
    let pool = pool(2);
    assert_eq!(counts(pool, 2), [1, 1]);
    let start = Instant::now();
    while !pool.shared.asleep[0].load(SeqCst) {
        assert!(start.elapsed() < Duration::from_secs(10), "a worker without work is awake");
        thread::sleep(PATIENCE);
    }
    assert_eq!(counts(pool, 2), [1, 1]);
}
