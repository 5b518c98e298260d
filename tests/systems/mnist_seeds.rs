//! The spread over seeds of what MNIST's network learns.

use std::path::Path;

use gradus::models::data::Mnist;

use crate::examples::mnist_seeds::{pictures, shares};

#[test]
fn seeds_differ_and_repeat_and_most_pictures_are_right_after_an_epoch() {
    let mnist = Mnist::read(Path::new("data/mnist")).unwrap();
    let [first, second, again] = [1, 2, 1].map(|seed| shares(&mnist, seed, 1).unwrap());
    println!("after an epoch: {first:?} and {second:?} % right");
    assert_eq!(first, again);
    assert_ne!(first, second);
    assert!(first.len() == 1 && first[0] > 94.0 && second[0] > 94.0);
    assert_eq!(pictures::all(&[first, second]).unwrap().len(), 1);
}
