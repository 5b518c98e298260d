//! Plans that divide their steps among threads.

use super::*;

/// Plans with one, two and three threads give the same bits, on every instruction set, and with
/// more threads too allocate nothing after the first step.
pub(super) fn threads_agree<T: Real>(
    outputs: &[Expr<'_>], updates: &[(String, Expr<'_>)], state: &Arrays<T>, given: &Inputs<'_, T>,
    numerics: Numerics,
) {
    for isa in Isa::available() {
        let plan = compile::<T>(outputs, updates).unwrap().instructions(isa).numerics(numerics);
        let steps = |threads: usize| {
            let (mut plan, mut state) = (plan.clone().threads(threads), state.clone());
            plan.step(&mut state, given).unwrap();
            let allocated = allocation_counter::measure(|| _ = plan.step(&mut state, given));
            if numerics == Numerics::Fast {
                assert_eq!(allocated.count_total, 0, "{threads} threads, {isa:?}");
            }
            (plan.step(&mut state, given).unwrap().to_vec(), state)
        };
        let (want, want_state) = steps(1);
        for threads in [2, 3] {
            let (got, got_state) = steps(threads);
            for (got, want) in got.iter().zip(&want) {
                assert_same(got, want, &format!("{threads} threads, {isa:?}"));
            }
            for (name, want) in &want_state {
                assert_same(&got_state[name], want, &format!("{name}, {threads} threads, {isa:?}"));
            }
        }
    }
}

#[test]
fn workloads_do_not_depend_on_the_number_of_threads() {
    fn check<T: Real>(workload: &Workload<T>) {
        let g = Graph::new();
        let (outputs, updates) = (workload.build)(&g);
        let given = Inputs::new().with_all(&workload.inputs);
        threads_agree(&outputs, &updates, &workload.state, &given, Numerics::Fast);
    }
    check(&workloads::w1());
    check(&workloads::w2());
    check(&workloads::w3());
    check(&workloads::w4(64));
    check(&workloads::w4(1));
    check(&workloads::w5());
    check(&workloads::w6());
}

/// Chains over many numbers, with rows and columns that are repeated, and updates in place.
fn passes_do_not_depend_on_threads<T: Real>([rows, columns]: [usize; 2], numerics: Numerics) {
    let g = Graph::new();
    let (x, w) = (input(&g, "x", [rows, columns]), param(&g, "w", [rows, columns]));
    let (row, column) = (input(&g, "row", [columns]), input(&g, "column", [rows]));
    let y = tanh(x * w) + row;
    let z = select(greater(x, w), y, exp(w)) * broadcast(column, [1], x.shape());
    let updates = [("w".to_owned(), w - 0.1 * (z + y))];
    let arrays = [random::<T>(&[rows, columns], 1), random(&[columns], 2), random(&[rows], 3)];
    let given = Inputs::new().with("x", &arrays[0]).with("row", &arrays[1]);
    let state = Arrays::from([("w".to_owned(), random(&[rows, columns], 4))]);
    threads_agree(&[z], &updates, &state, &given.with("column", &arrays[2]), numerics);
}

#[test]
fn large_passes_do_not_depend_on_the_number_of_threads() {
    passes_do_not_depend_on_threads::<f32>([301, 500], Numerics::Fast);
    passes_do_not_depend_on_threads::<f64>([7, 10_001], Numerics::Fast);
    passes_do_not_depend_on_threads::<f64>([100, 77], Numerics::Exact);
}

#[test]
fn plans_on_two_threads_share_the_pool() {
    let g = Graph::new();
    let x = input(&g, "x", [200, 1000]);
    let plan = compile::<f64>(&[tanh(sin(x) * exp(x))], &[]).unwrap().threads(2);
    let at = random::<f64>(&[200, 1000], 1);
    let steps = || {
        let mut plan = plan.clone();
        let mut step =
            || plan.step(&mut Arrays::new(), &Inputs::new().with("x", &at)).unwrap()[0].clone();
        (0..20).map(|_| step()).collect::<Vec<_>>()
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(steps);
        let here = steps();
        let there = other.join().unwrap();
        here.iter().chain(&there).for_each(|y| assert_same(y, &here[0], "an output"));
    });
}

/// Reductions to few and to many numbers, softmax, copies and pooling that are large enough to be
/// divided.
#[test]
fn large_kernels_do_not_depend_on_the_number_of_threads() {
    let g = Graph::new();
    let (x, tall) = (input(&g, "x", [501, 701]), input(&g, "tall", [20_001, 20]));
    let pictures = reshape(slice(x, 0, 0..500), [5, 100, 701, 1]);
    let overlapping = Pooling { window: [3, 1], stride: [2, 1], padding: [[1, 1], [0, 0]] };
    let pooled = max_pool2d(pictures, overlapping);
    let outputs = [
        sum_all(x),
        sum(x, [0]),
        sum(x, [1]),
        sum(tall, [0]),
        max(tall, [0]),
        max(x, [1]),
        softmax(tall, 1),
        log_sum_exp(tall, [1]),
        transpose(x),
        concat(&[x, x], 1),
        pooled,
        try_grad(sum_all(pooled * pooled), &[x]).unwrap()[0],
    ];
    let arrays = [random::<f32>(&[501, 701], 1), random(&[20_001, 20], 2)];
    let given = Inputs::new().with("x", &arrays[0]).with("tall", &arrays[1]);
    threads_agree(&outputs, &[], &Arrays::new(), &given, Numerics::Fast);
    agree(&outputs, &given, 4e3);
}
