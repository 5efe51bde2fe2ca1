//! The screens of bam-station. Everything here is generated from the `.slint` files in `ui/`; no rule lives here.

// Generated code has its own manners.
#[allow(missing_docs, unsafe_code, unreachable_pub, clippy::all, clippy::pedantic, rust_2018_idioms)]
mod generated {
    slint::include_modules!();
}
pub use generated::*;
