//! The pegbox binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    pegbox::cli::run(std::env::args_os())
}
