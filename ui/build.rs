//! Compiles the screens.

fn main() {
    let config = slint_build::CompilerConfiguration::new()
        .with_style("fluent-light".into())
        // The tests find elements by their ids; a release carries no such names.
        .with_debug_info(std::env::var("PROFILE").as_deref() == Ok("debug"));
    if let Err(error) = slint_build::compile_with_config("ui/app.slint", config) {
        eprintln!("{error}");
        std::process::exit(1);
    }
}
