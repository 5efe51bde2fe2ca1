//! The screens of bam-station: what the `.slint` files in `ui/` describe, the texts in all languages, and the division of
//! long texts into pages. No rule of identity control lives here.

mod catalogue;
mod paging;

pub use catalogue::{LANGUAGES, attach, counted, keys, text};
pub use paging::{Sheet, paginate};

// Generated code has its own manners.
#[allow(missing_docs, unsafe_code, unreachable_pub, clippy::all, clippy::pedantic, rust_2018_idioms)]
mod generated {
    slint::include_modules!();
}
pub use generated::*;
