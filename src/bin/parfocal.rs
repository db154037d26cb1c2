//! The command `parfocal`; see `src/cli/`.

fn main() -> std::process::ExitCode {
    parfocal::cli::main()
}
