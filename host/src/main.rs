//! The `osiris` command.

fn main() -> std::process::ExitCode {
    osiris::cli::main()
}
