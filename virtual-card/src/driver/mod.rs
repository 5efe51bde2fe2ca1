//! The reader's driver: what pcscd loads (IFD handler 3.0, `ifdhandler.h` of pcsc-lite).

mod ifd;
mod pin_pad;
mod reader;
