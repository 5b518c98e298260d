//! The command line.

mod cli;

use std::process::ExitCode;

use clap::Parser;

/// Write a network once as a graph; read its derivation, trust its gradient.
#[derive(Parser)]
#[command(name = "gradus", version, propagate_version = true, max_term_width = 100)]
struct Gradus {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    Train(Box<cli::train::Train>),
    Predict(cli::predict::Predict),
    Eval(cli::eval::Eval),
    Check(cli::check::Check),
    #[cfg(feature = "serve")]
    Serve(cli::serve::Serve),
    Summary(cli::summary::Summary),
    Ops(cli::ops::Ops),
}

fn main() -> ExitCode {
    let done = match Gradus::parse().command {
        Command::Train(train) => train.run(),
        Command::Predict(predict) => predict.run(),
        Command::Eval(eval) => eval.run(),
        Command::Check(check) => check.run(),
        #[cfg(feature = "serve")]
        Command::Serve(serve) => serve.run(),
        Command::Summary(summary) => summary.run(),
        Command::Ops(ops) => ops.run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("gradus: {error}");
            ExitCode::FAILURE
        }
    }
}
