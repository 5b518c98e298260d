//! A classifier of sentences with gathered inputs, against rows of zeros and ones.

use std::collections::BTreeSet;

use gradus::ndarray::{Array2, array};
use gradus::prelude::*;

use crate::examples::sparse_text::{SUBJECTS, gathered, read, train};

#[test]
fn sentences_are_numbered_as_they_stand() {
    let text = std::fs::read_to_string("data/sentences/sentences.txt").unwrap();
    let (learned, held_out, count) = read().unwrap();
    let known: BTreeSet<&str> = (text.lines().enumerate())
        .filter(|(k, _)| k % 3 != 2)
        .flat_map(|(_, line)| line.split(' ').skip(1))
        .collect();
    assert_eq!(count, known.len() + 1);
    let (mut own, mut new) = (0, 0);
    let mut numbers = std::collections::BTreeMap::new();
    for (k, line) in text.lines().enumerate() {
        let (part, row) = if k % 3 == 2 { (&held_out, &mut new) } else { (&learned, &mut own) };
        let (subject, sentence) = line.split_once(": ").unwrap();
        assert_eq!(SUBJECTS[part.subjects[*row] as usize], subject);
        let words: Vec<&str> = sentence.split(' ').collect();
        for (i, &number) in part.words.row(*row).iter().enumerate() {
            match words.get(i) {
                Some(word) if known.contains(word) => {
                    assert!(number > 0.0 && number < count as f64);
                    assert_eq!(*numbers.entry(*word).or_insert(number), number, "{word}");
                }
                _ => assert_eq!(number, 0.0),
            }
        }
        *row += 1;
    }
    assert_eq!((own, new), (48, 24));
    let different: BTreeSet<u64> = numbers.values().map(|number| number.to_bits()).collect();
    assert_eq!(different.len(), known.len());
    let sentences: BTreeSet<&str> = text.lines().collect();
    assert_eq!(sentences.len(), 72, "all different");
}

#[test]
fn a_gathered_sum_is_a_product_with_counts_and_so_is_its_gradient() {
    let words = array![[1.0, 3.0, 0.0], [2.0, 2.0, 4.0], [0.0, 0.0, 0.0]];
    let counts = Array2::from_shape_fn((3, 5), |(k, word)| {
        words.row(k).iter().filter(|&&w| word > 0 && w == word as f64).count() as f64
    });
    let table = Array2::from_shape_fn((5, 2), |(i, j)| ((3 * i + j) as f64).sin());
    let g = Graph::new();
    let (t, w) = (param(&g, "table", [5, 2]), input(&g, "words", ("n", 3)));
    let product = matmul(input(&g, "counts", ("n", 5)), t);
    let both = [gathered(t, w), product];
    let slopes = both.map(|y| grad(sum_all(y * y), [t])[0]);
    let at = Inputs::new().with("table", &table).with("words", &words).with("counts", &counts);
    let values = evaluate(&[both[0], both[1], slopes[0], slopes[1]], &at).unwrap();
    for pair in values.chunks(2) {
        assert!(pair[0].iter().zip(&pair[1]).all(|(a, b)| (a - b).abs() < 1e-14), "{pair:?}");
    }
    assert_eq!([0, 1].map(|j| values[0][[2, j]]), [0.0; 2], "no words, no sum");
    assert_eq!([0, 1].map(|j| values[2][[0, j]]), [0.0; 2], "the row of no word is not learned");
}

#[test]
fn it_beats_the_majority_on_sentences_that_it_has_not_seen() {
    let (learned, held_out, _) = read().unwrap();
    let most = |subjects: &gradus::ndarray::Array1<f64>| {
        let count = |k: usize| subjects.iter().filter(|&&subject| subject == k as f64).count();
        (0..3).map(count).max().unwrap()
    };
    assert_eq!((most(&learned.subjects), most(&held_out.subjects)), (22, 11));
    let [own, new] = train(1, 300);
    assert_eq!(own, 48);
    assert!(new >= 20, "{new} of 24");
    let better = (1..=20).filter(|&seed| train(seed, 300)[1] >= 18).count();
    println!("{better} of 20 seeds have 18 of 24 right or more; the majority has 11");
    assert!(better >= 18, "{better}");
    assert!(train(1, 0)[1] < 12, "it is learned");
}
