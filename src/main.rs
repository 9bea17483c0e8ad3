//! The `snatsim` program; everything it does is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    snatsim::cli::main()
}
