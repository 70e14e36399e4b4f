//! The `foureyes` program: everything is in the library's `cli`.

fn main() -> std::process::ExitCode {
    foureyes::cli::main()
}
