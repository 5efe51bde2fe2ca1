//! Gives the backend the file name (soname) under which libsane's dll meta backend looks for it.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libsane-bamvirtual.so.1");
}
