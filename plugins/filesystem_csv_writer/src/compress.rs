//! Compresses a file while it is written. Bytes depend on nothing but the
//! text: there are no times in the headers.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use bzip2::write::BzEncoder;
use csv_common::Compression;
use flate2::write::GzEncoder;
use lzma_rust2::{XzOptions, XzWriter};
use osiris_sdk::Result;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;
use zrip::FrameEncoder;

use crate::plain::Plain;

/// Of xz; 4 MiB of dictionary. Higher ones take far more memory for little.
const XZ_PRESET: u32 = 3;
/// Of zstd. Higher ones are slower and make tables no smaller.
const ZSTD_LEVEL: i32 = 1;

/// A file that may be compressed on the way.
pub(crate) enum Compressor {
    None(Plain),
    Gzip(GzEncoder<File>),
    Bz2(BzEncoder<File>),
    Xz(Box<XzWriter<File>>),
    Zip(Box<ZipWriter<File>>),
    Zstd(Box<FrameEncoder<File>>),
}

impl Compressor {
    /// `path` is the file's name in the end, which decides how it is
    /// compressed, and how it is called in an archive.
    pub(crate) fn new(file: File, compression: Compression, path: &Path) -> Result<Self> {
        Ok(match compression.of(path) {
            Compression::Gzip => Self::Gzip(GzEncoder::new(file, flate2::Compression::default())),
            Compression::Bz2 => Self::Bz2(BzEncoder::new(file, bzip2::Compression::default())),
            Compression::Xz => {
                let options = XzOptions::with_preset(XZ_PRESET);
                Self::Xz(Box::new(XzWriter::new(file, options)?))
            }
            Compression::Zip => {
                let name = path.file_stem().unwrap_or_default().to_string_lossy();
                let mut archive = ZipWriter::new(file);
                let options = SimpleFileOptions::DEFAULT.large_file(true);
                archive.start_file(name, options).map_err(io::Error::from)?;
                Self::Zip(Box::new(archive))
            }
            Compression::Zstd => {
                let encoder = FrameEncoder::new(file, ZSTD_LEVEL).map_err(io::Error::other)?;
                Self::Zstd(Box::new(encoder))
            }
            Compression::None | Compression::Infer => Self::None(Plain::new(file)),
        })
    }

    /// Writes what is left and gives the file back.
    pub(crate) fn finish(self) -> io::Result<File> {
        match self {
            Self::None(file) => Ok(file.into_file()),
            Self::Gzip(encoder) => encoder.finish(),
            Self::Bz2(encoder) => encoder.finish(),
            Self::Xz(encoder) => encoder.finish(),
            Self::Zip(archive) => Ok(archive.finish()?),
            Self::Zstd(encoder) => encoder.finish(),
        }
    }
}

impl Write for Compressor {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::None(file) => file.write(bytes),
            Self::Gzip(encoder) => encoder.write(bytes),
            Self::Bz2(encoder) => encoder.write(bytes),
            Self::Xz(encoder) => encoder.write(bytes),
            Self::Zip(archive) => archive.write(bytes),
            Self::Zstd(encoder) => encoder.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
