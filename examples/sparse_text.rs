//! Sparse inputs: a sentence has a handful of a few hundred words. A classifier gathers the rows of
//! its words from a table instead of multiplying the table by rows of zeros and ones.
//!
//! ```text
//! cargo run --release --example sparse_text
//! ```

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use gradus::ndarray::{Array1, Array2};
use gradus::prelude::*;

/// The subjects of the sentences, the most frequent first.
pub const SUBJECTS: [&str; 3] = ["weather", "kitchen", "train"];

/// How many numbers a word becomes.
const WIDTH: usize = 8;

/// Sentences as numbers of words, filled up with 0, which is no word; and their subjects' numbers.
pub struct Sentences {
    /// A row for each sentence.
    pub words: Array2<f64>,
    /// An element for each sentence.
    pub subjects: Array1<f64>,
}

/// The sentences to learn from, and every third, which is held out. Words are numbered from 1 as they
/// come in the former; what only the latter have is 0. With the number of words, 0 included.
///
/// # Errors
///
/// If the file cannot be read, or a line is not a subject, a colon and words; with its number.
pub fn read() -> Result<(Sentences, Sentences, usize), String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/sentences/sentences.txt");
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut parts = [Vec::new(), Vec::new()];
    for (k, line) in text.lines().enumerate() {
        let (subject, sentence) = line.split_once(": ").unwrap_or((line, ""));
        let subject = SUBJECTS.iter().position(|other| *other == subject);
        let subject = subject.ok_or_else(|| format!("line {}: wanted a subject: {line}", k + 1))?;
        parts[usize::from(k % 3 == 2)].push((subject, sentence));
    }
    let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
    for word in parts[0].iter().flat_map(|(_, sentence)| sentence.split(' ')) {
        let next = numbers.len() + 1;
        numbers.entry(word).or_insert(next);
    }
    let longest = text.lines().map(|line| line.split(' ').count() - 1).max().unwrap_or(0);
    let sentences = |part: &[(usize, &str)]| {
        let word = |(k, i): (usize, usize)| {
            let word = part[k].1.split(' ').nth(i);
            word.and_then(|word| numbers.get(word)).map_or(0.0, |&number| number as f64)
        };
        Sentences {
            words: Array2::from_shape_fn((part.len(), longest), word),
            subjects: part.iter().map(|(subject, _)| *subject as f64).collect(),
        }
    };
    Ok((sentences(&parts[0]), sentences(&parts[1]), numbers.len() + 1))
}

/// The sum of the table's rows for the words of each sentence [n, longest], without those of 0.
pub fn gathered<'g>(table: Expr<'g>, words: Expr<'g>) -> Expr<'g> {
    let rows = gather(table, words, 0);
    let is_word = step(words - 0.5);
    sum(rows * broadcast(is_word, [2], rows.shape()), [1])
}

/// So many steps of gradient descent on the sentences to learn from, for a seed; then how many are
/// right of these, and of those held out.
pub fn train(seed: u32, steps: usize) -> [usize; 2] {
    let (learned, held_out, count) = read().expect("sentences");
    let longest = learned.words.ncols();
    let g = Graph::new();
    let (words, subjects) = (input(&g, "words", ("n", longest)), input(&g, "subjects", ("n",)));
    let (table, w) = (param(&g, "table", [count, WIDTH]), param(&g, "w", [3, WIDTH]));
    let z = matmul(gathered(table, words), transpose(w));
    let cost = softmax_cross_entropy_with_labels(z, subjects);
    let [d_table, dw] = grad(cost, [table, w]);
    let updates = [("table".to_owned(), table - 0.5 * d_table), ("w".to_owned(), w - 0.5 * dw)];
    let mut plan = compile(&[cost], &updates).expect("updates of two parameters");

    let seed = constant(&g, f64::from(seed));
    let start =
        [random_normal(seed, 0, table.shape()) * 0.1, random_normal(seed, 1, w.shape()) * 0.1];
    let values = evaluate(&start, &Inputs::new()).expect("no inputs");
    let mut state: Arrays<f64> =
        ["table", "w"].map(str::to_owned).into_iter().zip(values).collect();
    let inputs = Inputs::new().with("words", &learned.words).with("subjects", &learned.subjects);
    for _ in 0..steps {
        plan.step(&mut state, &inputs).expect("an array for each input");
    }
    [learned, held_out].map(|Sentences { words, subjects }| {
        let at = Inputs::new().with_all(&state).with("words", &words);
        let z = evaluate(&[z], &at).expect("an array for each input").remove(0);
        let largest =
            |k: usize| (1..3).fold(0, |best, j| if z[[k, j]] > z[[k, best]] { j } else { best });
        (0..subjects.len()).filter(|&k| largest(k) as f64 == subjects[k]).count()
    })
}

fn main() {
    let (learned, held_out, count) = read().expect("sentences");
    let (n, most) = learned.words.dim();
    let words = learned.words.iter().filter(|&&word| word > 0.0).count();
    println!(
        "{n} sentences of {count} different words: as rows of zeros and ones {} numbers,",
        n * count
    );
    println!(
        "of which {words} are words, {:.1} %. As numbers of words: {}.\n",
        100.0 * words as f64 / (n * count) as f64,
        n * most
    );

    let majority = held_out.subjects.iter().filter(|&&subject| subject == 0.0).count();
    let all = held_out.subjects.len();
    println!("right of      {n} learned   {all} held out");
    println!(
        "always weather {:8} {majority:12}",
        learned.subjects.iter().filter(|&&s| s == 0.0).count()
    );
    for steps in [0, 10, 30, 100, 300] {
        let [own, new] = train(1, steps);
        println!("{steps:4} steps, seed 1 {own:5} {new:12}");
    }
    let better = (1..=20).filter(|&seed| train(seed, 300)[1] > majority).count();
    println!("\nOf the seeds 1 to 20, {better} are better than the majority after 300 steps.");
}
