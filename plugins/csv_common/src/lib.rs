//! What the CSV extractor and the CSV writer agree on, so that what one writes
//! the other reads back as it was.

mod atomic_file;
mod calendar;
mod compression;
mod encoding;
mod float;

pub use atomic_file::{AtomicFile, unwritable};
pub use calendar::{Civil, civil, days};
pub use compression::Compression;
pub use encoding::Encoding;
pub use float::{BARE, FloatText, INTEGRAL, Integral};
