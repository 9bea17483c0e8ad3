//! The `snatsim` program; everything it does is in the library.

use mimalloc::MiMalloc;
use std::process::ExitCode;

/// Every group of cells takes megabytes and frees them. The platform's allocator hands them back to the system at once,
/// which stops the other threads: of 1,000 nodes two threads took a third more processor time than one, with this one a
/// tenth. Its pages are small (`no_thp`): huge ones took half as much memory again, and saved no time that could be measured.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    snatsim::cli::main()
}
