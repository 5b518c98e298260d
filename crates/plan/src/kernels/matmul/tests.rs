//! Products in parts.

use super::*;

/// A matrix, or one whose columns' elements lie side by side.
fn view(rows: usize, columns: usize, turned: bool) -> View {
    View {
        root: 0,
        offset: 0,
        sizes: [rows, columns].as_slice().into(),
        strides: if turned { [1, rows] } else { [columns, 1] }.as_slice().into(),
    }
}

/// All engines, with as many parts as they choose, one or three, one after the other or all at the
/// same time, write the same bits.
fn parts_agree<T: Real>(sizes: [usize; 3], turned: [bool; 2], minus: bool, isa: Isa) {
    let [m, n, k] = sizes;
    let (x, w) = (view(m, k, turned[0]), view(k, n, turned[1]));
    let number = |k: usize| T::from_double((k * 7919 % 1013) as f64 / 1013.0 - 0.5);
    let mut arrays: [Vec<T>; 5] =
        [m * k, k * n, m * n, n, 1].map(|len| (0..len).map(number).collect());
    let start = arrays[2].clone();
    let place = |base: usize| Place { base, offset: 0 };
    let base = match minus {
        true => Base::Add { factor: place(6), minus },
        false => Base::Bias(place(5)),
    };
    let matmul = Matmul::<T>::new(&x, &w, [2, 3, 4].map(place), base, isa);
    let name = matmul.name();
    let mut run = |matmul: Matmul<T>, at_once: bool| {
        arrays[2].copy_from_slice(&start);
        let mut registers = vec![T::nan(); matmul.registers()];
        let mut bases = vec![std::ptr::null_mut(), registers.as_mut_ptr()];
        bases.extend(arrays.iter_mut().map(Vec::as_mut_ptr));
        let memory = Memory { bases, row: 0 };
        // SAFETY: the arrays have the sizes that the product was made for, which has enough registers.
        unsafe {
            match at_once {
                false => matmul.run(&memory),
                true => std::thread::scope(|scope| {
                    let (matmul, memory) = (&matmul, &memory);
                    for part in (0..matmul.parts()).rev() {
                        scope.spawn(move || matmul.run_part(memory, part, None));
                    }
                }),
            }
        }
        arrays[2].clone()
    };
    let alone =
        Matmul { parts: 1, room: matmul.room.max(matmul.room * matmul.parts), ..matmul.clone() };
    let want = run(alone, false);
    let three =
        Matmul { parts: 3, room: matmul.room.max(matmul.room * matmul.parts), ..matmul.clone() };
    for (matmul, at_once) in [(matmul.clone(), false), (matmul, true), (three, true)] {
        assert!(run(matmul, at_once) == want, "{name}, {isa:?}");
    }
}

#[test]
fn parts_together_are_the_whole() {
    // Sizes for every engine: some of them by their sizes, some by their strides.
    for isa in Isa::available() {
        for turned in [[false, false], [false, true], [true, false], [true, true]] {
            for sizes in [[60, 300, 512], [300, 150, 130], [130, 400, 33], [70, 70, 1024]] {
                parts_agree::<f64>(sizes, turned, false, isa);
                parts_agree::<f32>(sizes, turned, true, isa);
            }
        }
    }
}

#[test]
fn large_products_are_divided_and_small_ones_are_not() {
    let parts = |m: usize, n: usize, k: usize| {
        let view = |rows: usize, columns: usize| View::whole(0, &[rows, columns]);
        let places = [2, 3, 4].map(|base| Place { base, offset: 0 });
        Matmul::<f32>::new(&view(m, k), &view(k, n), places, Base::Zero, Isa::Portable).parts()
    };
    assert_eq!([parts(10, 30, 784), parts(150, 150, 200)], [1, 1]);
    assert_eq!([parts(160, 160, 200), parts(128, 512, 784), parts(512, 784, 128)], [2, 16, 16]);
    assert_eq!([parts(2048, 2048, 2048), parts(128, 300, 4000)], [8, 2]);
}

/// Small products of small whole numbers, whose sums are exact, added to what they may be added to:
/// their elements, and no others, are written; in a register all of it.
fn small_ones_agree<T: Real>([m, n, k]: [usize; 3], turned: [bool; 2], isa: Isa) {
    let number = |k: usize| T::from_double((k * 7919 % 13) as f64 - 6.0);
    let numbers = |len: usize| (0..len).map(number).collect::<Vec<T>>();
    let (x, w) = (view(m, k, turned[0]), view(k, n, turned[1]));
    let at = |view: &View, i: usize, j: usize| number(i * view.strides[0] + j * view.strides[1]);
    let place = |base: usize| Place { base, offset: 0 };
    let factor = T::from_double(-2.0);
    let bases = [
        Base::Zero,
        Base::Bias(place(5)),
        Base::Column(place(5)),
        Base::Add { factor: place(6), minus: false },
        Base::Add { factor: place(6), minus: true },
    ];
    for base in bases {
        let mut matmul = Matmul::<T>::new(&x, &w, [2, 3, 4].map(place), base, isa);
        let row = matmul.fills_a_register().is_some();
        for result in [4, REGISTERS] {
            if result == REGISTERS && !row {
                continue;
            }
            matmul.write_to(place(result));
            let room = m * n + MAX_LANES;
            let mut arrays = [m * k, k * n, room, m.max(n)].map(numbers);
            let mut registers = numbers(room.max(matmul.registers()));
            let mut one = [factor];
            let before = arrays[2].clone();
            let mut bases = vec![std::ptr::null_mut(), registers.as_mut_ptr()];
            bases.extend(arrays.iter_mut().map(Vec::as_mut_ptr));
            bases.push(one.as_mut_ptr());
            // SAFETY: the arrays have the sizes that the product was made for, and room behind them.
            unsafe { matmul.run(&Memory { bases, row: 0 }) };
            let got = if result == 4 { &arrays[2] } else { &registers };
            for (e, &got) in got.iter().enumerate() {
                let (i, j) = (e / n, e % n);
                let mut want = before[e];
                if e < m * n {
                    let sum = (0..k).fold(T::zero(), |sum, l| sum + at(&x, i, l) * at(&w, l, j));
                    want = match base {
                        Base::Zero => sum,
                        Base::Bias(_) => number(j) + sum,
                        Base::Column(_) => number(i) + sum,
                        Base::Add { minus: false, .. } => before[e] + factor * sum,
                        Base::Add { minus: true, .. } => before[e] - factor * sum,
                    };
                } else if result == REGISTERS {
                    break;
                }
                assert!(got == want, "{}, {isa:?}, element {e}: {got}, not {want}", matmul.name());
            }
        }
    }
}

#[test]
fn small_products_write_their_elements_and_no_others() {
    for isa in Isa::available() {
        for m in [1, 2, 3, 16] {
            for n in (1..7).chain([8, 15, 16]) {
                for k in [1, 2, 5, 8, 19] {
                    for turned in [[false, false], [false, true], [true, false], [true, true]] {
                        small_ones_agree::<f32>([m, n, k], turned, isa);
                        small_ones_agree::<f64>([m, n, k], turned, isa);
                    }
                }
            }
        }
    }
}
