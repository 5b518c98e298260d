//! Laws over the table of operations: conventions at kinks, and rules broken on purpose.

mod kinks;
mod mutants;
mod mutate;
mod table;
