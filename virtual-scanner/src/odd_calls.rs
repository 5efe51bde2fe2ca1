//! Calls that no frontend should make. They are refused; none of them may reach memory that is not there.

#![allow(clippy::indexing_slicing, reason = "a test that fails may panic")]

use std::{
    ffi::{c_int, c_void},
    ptr,
    sync::Mutex,
};

use super::*;

/// The flatbed is one for the whole process, so the tests take turns.
static TURN: Mutex<()> = Mutex::new(());

fn open() -> *mut c_void {
    let mut handle = ptr::null_mut();
    // SAFETY: a C string and a place for the handle.
    assert_eq!(unsafe { sane_bamvirtual_open(c"a6".as_ptr(), &raw mut handle) }, Status::GOOD);
    handle
}

fn control(handle: *mut c_void, option: c_int, action: c_int, word: &mut [c_int; 2]) -> c_int {
    // SAFETY: eight bytes, as the largest option asks for.
    unsafe { sane_bamvirtual_control_option(handle, option, action, word.as_mut_ptr().cast(), ptr::null_mut()) }
}

fn read(handle: *mut c_void) -> (c_int, c_int) {
    let (mut buffer, mut length) = ([0_u8; 4096], -1);
    // SAFETY: 4096 bytes may be written, and the length.
    let status = unsafe { sane_bamvirtual_read(handle, buffer.as_mut_ptr(), 4096, &raw mut length) };
    (status, length)
}

#[test]
fn null_pointers_are_refused() {
    let _turn = TURN.lock();
    // SAFETY: null is what each of these functions has to expect.
    unsafe {
        assert_eq!(sane_bamvirtual_init(ptr::null_mut(), ptr::null()), Status::GOOD);
        assert_eq!(sane_bamvirtual_get_devices(ptr::null_mut(), 0), Status::INVALID);
        assert_eq!(sane_bamvirtual_open(ptr::null(), ptr::null_mut()), Status::INVALID);
        assert_eq!(sane_bamvirtual_open(c"a6".as_ptr(), ptr::null_mut()), Status::INVALID);
        let handle = open();
        assert_eq!(sane_bamvirtual_control_option(handle, 2, 0, ptr::null_mut(), ptr::null_mut()), Status::INVALID);
        assert_eq!(sane_bamvirtual_get_parameters(handle, ptr::null_mut()), Status::INVALID);
        assert_eq!(sane_bamvirtual_start(handle), Status::GOOD);
        let mut length = 0;
        assert_eq!(sane_bamvirtual_read(handle, ptr::null_mut(), 10, &raw mut length), Status::INVALID);
        assert_eq!(sane_bamvirtual_read(handle, [0; 4].as_mut_ptr(), -1, &raw mut length), Status::INVALID);
        assert_eq!(sane_bamvirtual_read(handle, [0; 4].as_mut_ptr(), 4, ptr::null_mut()), Status::INVALID);
        sane_bamvirtual_close(handle);
    }
}

#[test]
fn handles_that_are_not_open_are_refused() {
    let _turn = TURN.lock();
    let stale = open();
    sane_bamvirtual_close(stale);
    let current = open();
    for odd in [stale, ptr::null_mut(), ptr::without_provenance_mut(usize::MAX)] {
        assert_eq!(sane_bamvirtual_start(odd), Status::INVALID);
        assert_eq!(read(odd), (Status::CANCELLED, 0));
        assert_eq!(control(odd, 2, Action::GET, &mut [0; 2]), Status::INVALID);
        sane_bamvirtual_cancel(odd);
        sane_bamvirtual_close(odd);
    }
    assert_eq!(sane_bamvirtual_start(current), Status::GOOD, "the one that is open is not disturbed");
    sane_bamvirtual_close(current);
}

#[test]
fn calls_out_of_turn_are_refused() {
    let _turn = TURN.lock();
    let handle = open();
    let mut second = ptr::null_mut();
    // SAFETY: a C string and a place for the handle.
    assert_eq!(unsafe { sane_bamvirtual_open(c"a6".as_ptr(), &raw mut second) }, Status::BUSY);
    assert_eq!(read(handle), (Status::CANCELLED, 0), "nothing is read before the start");
    assert_eq!(sane_bamvirtual_start(handle), Status::GOOD);
    assert_eq!(sane_bamvirtual_start(handle), Status::BUSY);
    assert_eq!(control(handle, 2, Action::SET, &mut [150, 0]), Status::INVALID, "nothing is set during a scan");
    assert_eq!(read(handle), (Status::GOOD, 4096));
    sane_bamvirtual_cancel(handle);
    assert_eq!(read(handle), (Status::CANCELLED, 0));
    sane_bamvirtual_cancel(handle);
    sane_bamvirtual_close(handle);
}

#[test]
fn odd_options_and_values_are_refused_or_rounded() {
    let _turn = TURN.lock();
    let handle = open();
    for option in [-1, 7, c_int::MAX, c_int::MIN] {
        assert!(sane_bamvirtual_get_option_descriptor(handle, option).is_null());
        assert_eq!(control(handle, option, Action::GET, &mut [0; 2]), Status::INVALID);
        assert_eq!(control(handle, option, Action::SET, &mut [0; 2]), Status::INVALID);
    }
    assert_eq!(control(handle, 0, Action::SET, &mut [9, 0]), Status::INVALID);
    assert_eq!(control(handle, 2, 2, &mut [0; 2]), Status::UNSUPPORTED);
    // A mode without its zero byte.
    assert_eq!(control(handle, 1, Action::SET, &mut [-1, -1]), Status::INVALID);
    for (option, asked, taken) in
        [(2, c_int::MAX, 600), (2, c_int::MIN, 75), (5, c_int::MAX, 105 << 16), (6, c_int::MIN, 0), (3, (10 << 16) + 1, 10 << 16)]
    {
        assert_eq!(control(handle, option, Action::SET, &mut [asked, 0]), Status::GOOD);
        let mut word = [0; 2];
        assert_eq!(control(handle, option, Action::GET, &mut word), Status::GOOD);
        assert_eq!(word[0], taken, "option {option} set to {asked}");
    }
    assert_eq!(sane_bamvirtual_start(handle), Status::INVALID, "an area without height");
    sane_bamvirtual_close(handle);
}
