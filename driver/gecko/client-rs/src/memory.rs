//! Reading from memory that somebody else is writing.
//!
//! Everything goes through atomics, audio too: an overlap with the writer is then a wrong value, which
//! the caller throws away, and no undefined behaviour. Loads are relaxed, for that is all that the
//! standard library promises of atomics in pages that may only be read (an acquire load may be made
//! of an instruction that also stores); a fence behind the load of a field makes it an acquire.

use crate::error::Error;
use crate::layout;
use crate::sys;
use std::ffi::CString;
use std::fs::File;
use std::sync::atomic::{fence, AtomicU32, AtomicU64, Ordering};

/// A fence between copying audio and looking at the writer's claim again.
pub fn fence_before_check() {
    fence(Ordering::Acquire);
}

#[derive(Debug)]
enum Backing {
    Shared {
        mapping: sys::Mapping,
        file: File,
    },
    /// Tests play the writer in the memory of this process.
    #[cfg(test)]
    Image(std::sync::Arc<Vec<AtomicU64>>),
}

/// The bytes of the audio object.
#[derive(Debug)]
pub struct Memory {
    backing: Backing,
}

impl Memory {
    /// Maps all of the shared memory of that name.
    pub fn open(name: &str) -> Result<Self, Error> {
        let system = |source| Error::System {
            name: name.to_owned(),
            source,
        };
        let good = name.len() >= 2
            && name.len() as u64 <= layout::NAME_MAX
            && name.starts_with('/')
            && !name[1..].contains('/');
        let c_name = match CString::new(name) {
            Ok(c_name) if good => c_name,
            _ => return Err(Error::Name(name.to_owned())),
        };
        let file = sys::open(&c_name).map_err(system)?;
        let size = file.metadata().map_err(system)?.len();
        if size == 0 {
            return Err(Error::NotReady);
        }
        if size < layout::V2_HEADER_BYTES {
            return Err(Error::NotGecko);
        }
        let length = usize::try_from(size).map_err(|_| Error::NotGecko)?;
        let mapping = sys::Mapping::new(&file, length).map_err(system)?;
        Ok(Self {
            backing: Backing::Shared { mapping, file },
        })
    }

    #[cfg(test)]
    pub fn image(words: std::sync::Arc<Vec<AtomicU64>>) -> Self {
        Self {
            backing: Backing::Image(words),
        }
    }

    fn address(&self) -> *const u8 {
        match &self.backing {
            Backing::Shared { mapping, .. } => mapping.address(),
            #[cfg(test)]
            Backing::Image(words) => words.as_ptr().cast(),
        }
    }

    /// Bytes that may be read.
    pub fn len(&self) -> u64 {
        match &self.backing {
            Backing::Shared { mapping, .. } => mapping.length() as u64,
            #[cfg(test)]
            Backing::Image(words) => words.len() as u64 * 8,
        }
    }

    /// Whether the object is still as long as it was mapped. Beyond its end a read would be fatal.
    pub fn check_size(&self) -> Result<(), Error> {
        match &self.backing {
            Backing::Shared { file, .. } => match file.metadata() {
                Ok(info) if info.len() < self.len() => Err(Error::Truncated {
                    size: info.len(),
                    needed: self.len(),
                }),
                _ => Ok(()),
            },
            #[cfg(test)]
            Backing::Image(_) => Ok(()),
        }
    }

    fn at(&self, offset: u64, bytes: u64) -> *const u8 {
        assert!(offset % bytes == 0 && bytes <= self.len() && offset <= self.len() - bytes);
        // SAFETY: inside the mapping, as just asserted; the base is aligned to a page (images: to 8).
        unsafe { self.address().add(offset as usize) }
    }

    /// Loads a field; what is loaded afterwards is not older.
    pub fn u32(&self, offset: u64) -> u32 {
        // SAFETY: at() gives an aligned address inside the mapping, which lives as long as self.
        let value = unsafe { &*self.at(offset, 4).cast::<AtomicU32>() }.load(Ordering::Relaxed);
        fence(Ordering::Acquire);
        value
    }

    /// Loads a field; what is loaded afterwards is not older.
    pub fn u64(&self, offset: u64) -> u64 {
        // SAFETY: at() gives an aligned address inside the mapping, which lives as long as self.
        let value = unsafe { &*self.at(offset, 8).cast::<AtomicU64>() }.load(Ordering::Relaxed);
        fence(Ordering::Acquire);
        value
    }

    /// Appends `samples` floats from `offset` on. The caller fences and checks afterwards.
    pub fn append_samples(&self, offset: u64, samples: u64, audio: &mut Vec<f32>) {
        let bytes = samples * 4;
        assert!(offset % 4 == 0 && bytes <= self.len() && offset <= self.len() - bytes);
        // SAFETY: inside the mapping, as just asserted.
        let first = unsafe { self.address().add(offset as usize) }.cast::<AtomicU32>();
        audio.extend((0..samples as usize).map(|i| {
            // SAFETY: i < samples, so still inside; aligned to 4 as `offset` is.
            let word = unsafe { &*first.add(i) };
            f32::from_bits(word.load(Ordering::Relaxed))
        }));
    }
}
