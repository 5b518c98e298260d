//! The mathematics that networks need, against numbers worked out by hand.

use gradus::ndarray::array;

use crate::examples::toolbox::{
    chain, chain_of_two, coupled, difference_quotient, hadamard, products,
};

#[test]
fn a_coupled_recurrence_uses_the_terms_before() {
    let terms = [[1.0, 1.0], [3.0, 2.0], [7.0, 5.0], [17.0, 12.0], [41.0, 29.0], [99.0, 70.0]];
    assert_eq!(coupled(6), terms);
    // a² − 2b² is 1 and −1 in turn, so a/b goes to √2.
    for (k, [a, b]) in coupled(20).into_iter().enumerate() {
        assert_eq!(a * a - 2.0 * b * b, if k % 2 == 0 { -1.0 } else { 1.0 });
    }
}

#[test]
fn products_are_the_books() {
    let a = array![[2.0, 7.0], [1.0, 8.0]].into_dyn();
    let b = array![[2.0, 8.0], [1.0, 3.0]].into_dyn();
    let values = products(&a, &b);
    assert_eq!(hadamard(&a, &b), array![[4.0, 56.0], [1.0, 24.0]].into_dyn());
    assert_eq!(values[0], array![[11.0, 37.0], [10.0, 32.0]].into_dyn());
    assert_eq!(values[1], array![[2.0, 1.0], [7.0, 8.0]].into_dyn());
    let (a, b) = (array![[1.0, 2.0]].into_dyn(), array![[3.0, 4.0]].into_dyn());
    assert_eq!(hadamard(&a, &b), array![[3.0, 8.0]].into_dyn());
}

#[test]
fn difference_quotients_have_the_derivative_as_their_limit() {
    for k in 0..20 {
        // ((2 + h)³ − 8) / h = 12 + 6h + h², all exact here.
        let h = 0.5f64.powi(k);
        let wanted = 12.0 + 6.0 * h + h * h;
        let [quotient, slope] = difference_quotient(h);
        assert_eq!(slope, 12.0);
        assert!((quotient - wanted).abs() <= 1e-14 / h, "h = {h}: {quotient}");
    }
}

#[test]
fn the_chain_rule_multiplies_along_a_path_and_adds_over_paths() {
    for x in [-1.0f64, 0.2, 0.7] {
        let v = 3.0 * x - 1.0;
        let [y_u, u_v, v_x, y_x] = chain(x);
        assert!((y_u - (v * v).cos()).abs() < 1e-15 && u_v == 2.0 * v && v_x == 3.0);
        assert!((y_x - (v * v).cos() * 6.0 * v).abs() < 1e-14);
    }
    // z = x³y + 2x²y², so ∂z/∂x = 3x²y + 4xy² and ∂z/∂y = x³ + 4x²y.
    let (x, y) = (1.5, -2.0);
    let [z_u, z_v, u_x, v_x, u_y, v_y, z_x, z_y] = chain_of_two(x, y);
    assert_eq!([z_u, z_v], [x * x * y, x + 2.0 * y]);
    assert_eq!([u_x, v_x, u_y, v_y], [1.0, 2.0 * x * y, 2.0, x * x]);
    assert_eq!([z_x, z_y], [3.0 * x * x * y + 4.0 * x * y * y, x.powi(3) + 4.0 * x * x * y]);
    assert_eq!([z_x, z_y], [z_u * u_x + z_v * v_x, z_u * u_y + z_v * v_y]);
}
