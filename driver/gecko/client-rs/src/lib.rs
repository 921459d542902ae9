//! Reads what the "Gecko Sink" driver plays, from shared memory.
//!
//! [`AudioSource`] is an iterator of interleaved samples that waits on an underrun; [`Reader`] is the
//! layer below, one non-blocking read at a time. The layout comes from `gecko_shm.h`, the header that
//! the driver itself uses; what its fields mean is in `docs/reference/gecko-shm.md`.

mod error;
mod header;
mod layout;
mod memory;
mod reader;
mod source;
mod sys;
#[cfg(test)]
mod testing;

pub use error::Error;
pub use header::Format;
pub use reader::{Read, Reader, Start};
pub use source::{AudioSource, Options, Stats, StopHandle};

/// The name that the driver uses unless it is told otherwise.
pub const DEFAULT_NAME: &str = layout::SHM_NAME_DEFAULT;
