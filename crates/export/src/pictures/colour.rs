//! The colours, which the colour-blind can tell apart and a printer can print.

/// Eight colours for what has names, by M. Okabe and K. Ito, *Color Universal Design* (2008), in an
/// order in which the first ones differ most on white paper; the yellow, too light for a line, last.
pub const OKABE_ITO: [&str; 8] =
    ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000", "#f0e442"];

/// Of a number above 0, and of one below, where the sign is what matters.
pub const POSITIVE: &str = OKABE_ITO[0];
/// See [`POSITIVE`].
pub const NEGATIVE: &str = OKABE_ITO[1];

/// What is beside the matter: grid lines, frames.
pub const FAINT: &str = "#dddddd";

/// A grey, 0 black and 1 white.
pub fn grey(light: f64) -> String {
    let byte = (255.0 * light.clamp(0.0, 1.0)).round() as u8;
    format!("#{byte:02x}{byte:02x}{byte:02x}")
}

/// A colour mixed with white, of which `share` is the colour's.
pub fn pale(colour: &str, share: f64) -> String {
    let byte = |k: usize| {
        let digits = colour.get(1 + 2 * k..3 + 2 * k).unwrap_or("00");
        let byte = f64::from(u8::from_str_radix(digits, 16).unwrap_or(0));
        (255.0 + share * (byte - 255.0)).round() as u8
    };
    format!("#{:02x}{:02x}{:02x}", byte(0), byte(1), byte(2))
}
