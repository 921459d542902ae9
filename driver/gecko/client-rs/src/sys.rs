//! The three calls that the standard library lacks.

use std::ffi::{c_char, c_int, c_void, CString};
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd};
use std::ptr;

const O_RDONLY: c_int = 0;
const PROT_READ: c_int = 1;
const MAP_SHARED: c_int = 1;

extern "C" {
    // Variadic on macOS, where that is another calling convention. The mode is for O_CREAT only.
    #[cfg(target_vendor = "apple")]
    fn shm_open(name: *const c_char, flags: c_int, ...) -> c_int;
    #[cfg(not(target_vendor = "apple"))]
    fn shm_open(name: *const c_char, flags: c_int, mode: u32) -> c_int;
    // off_t is 64 bits on all targets below.
    fn mmap(
        address: *mut c_void,
        length: usize,
        protection: c_int,
        flags: c_int,
        fd: c_int,
        offset: i64,
    ) -> *mut c_void;
    fn munmap(address: *mut c_void, length: usize) -> c_int;
}

#[cfg(not(all(
    any(target_os = "linux", target_os = "macos"),
    target_pointer_width = "64",
    target_endian = "little"
)))]
compile_error!("gecko-client is for 64-bit little-endian Linux and macOS");

/// Opens shared memory for reading.
pub fn open(name: &CString) -> io::Result<File> {
    #[cfg(target_vendor = "apple")]
    // SAFETY: the name is a C string; the result is checked.
    let fd = unsafe { shm_open(name.as_ptr(), O_RDONLY) };
    #[cfg(not(target_vendor = "apple"))]
    // SAFETY: as above.
    let fd = unsafe { shm_open(name.as_ptr(), O_RDONLY, 0) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor is new and nobody else's.
    Ok(unsafe { File::from_raw_fd(fd) })
}

/// A read-only shared mapping.
#[derive(Debug)]
pub struct Mapping {
    address: *const u8,
    length: usize,
}

// SAFETY: the mapping stays until it is dropped, and is only read, through atomics.
unsafe impl Send for Mapping {}

impl Mapping {
    /// Maps the first `length` bytes, which must not be 0.
    pub fn new(file: &File, length: usize) -> io::Result<Self> {
        // SAFETY: a new mapping at an address that the system chooses; the result is checked.
        let address = unsafe {
            mmap(
                ptr::null_mut(),
                length,
                PROT_READ,
                MAP_SHARED,
                file.as_raw_fd(),
                0,
            )
        };
        if address as isize == -1 {
            return Err(io::Error::last_os_error());
        }
        Ok(Self {
            address: address.cast_const().cast(),
            length,
        })
    }

    pub fn address(&self) -> *const u8 {
        self.address
    }

    pub fn length(&self) -> usize {
        self.length
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: this mapping, once. There is nothing to do about a failure.
        unsafe { munmap(self.address.cast_mut().cast(), self.length) };
    }
}
