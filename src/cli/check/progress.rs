//! How far a check has come, on standard error: a bar on a terminal, else a line now and then.

use std::cell::Cell;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// How long it says nothing where there is no terminal.
const SILENCE: Duration = Duration::from_secs(10);

/// What shows how far a check has come, when it is called with how many lines of how many it has
/// compared.
pub fn progress() -> impl Fn(usize, usize) {
    let style = ProgressStyle::with_template("Compared {bar:40} {pos}/{len} {eta}");
    let bar = ProgressBar::new(0).with_style(style.expect("a valid template"));
    let said = Cell::new(Instant::now());
    move |done, of| {
        bar.set_length(of as u64);
        bar.set_position(done as u64);
        if done == of {
            bar.finish_and_clear();
        } else if bar.is_hidden() && said.get().elapsed() > SILENCE {
            said.set(Instant::now());
            // Where standard error is closed nobody wants to know.
            let _ = writeln!(io::stderr(), "compared {done} of {of}");
        }
    }
}
