//! The parts that the CSV extractor and the CSV writer share, so that one reads
//! back what the other writes.

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
