use std::fmt;
use std::io;

/// Why shared memory cannot be read.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// No name for shared memory: a slash and up to 30 bytes without another one.
    Name(String),
    /// The operating system refused; not found means that no driver runs.
    System {
        /// The shared memory.
        name: String,
        /// What the operating system says.
        source: io::Error,
    },
    /// The memory is being made, changed or left by its driver: try again in a moment.
    NotReady,
    /// Shorter than its header says, in bytes.
    Truncated {
        /// What there is.
        size: u64,
        /// What the header asks for.
        needed: u64,
    },
    /// Not the memory of Gecko Sink in layout v2; layout v1 is not supported.
    NotGecko,
    /// The header contradicts itself.
    Hostile(&'static str),
    /// Stopped by its [`crate::StopHandle`] before there was anything to read.
    Stopped,
}

impl Error {
    /// Whether a driver may yet come, or become ready, so that trying again makes sense.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        match self {
            Error::NotReady => true,
            Error::System { source, .. } => source.kind() == io::ErrorKind::NotFound,
            _ => false,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Name(name) => write!(
                f,
                "{name:?} is no name for shared memory: a slash and up to 30 bytes without another"
            ),
            Error::System { name, source } => write!(f, "shared memory {name:?}: {source}"),
            Error::NotReady => write!(f, "the shared memory is being made, changed or removed"),
            Error::Truncated { size, needed } => {
                write!(
                    f,
                    "the shared memory has {size} bytes, its header asks for {needed}"
                )
            }
            Error::NotGecko => write!(f, "not the shared memory of Gecko Sink in layout v2"),
            Error::Stopped => write!(f, "stopped while it waited for the driver"),
            Error::Hostile(what) => write!(f, "the header of the shared memory is wrong: {what}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::System { source, .. } => Some(source),
            _ => None,
        }
    }
}
