//! Takes the compression off a file, while it is read.

use std::fs::File;
use std::io::{self, BufRead, Read};

use bzip2::bufread::MultiBzDecoder;
use csv_common::Compression;
use flate2::bufread::MultiGzDecoder;
use lzma_rust2::XzReader;
use osiris_sdk::Error;
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};
use zip::ZipArchive;

use crate::fault::{Fault, What};
use crate::source::{Stop, buffered};

/// Memory for a dictionary or a window, at most: a file says how much it needs,
/// and may lie.
const MAX_WINDOW: u64 = 128 << 20;

/// Runs `work` on the content of a file. None of it is kept in memory, however
/// far it unfolds.
pub(crate) fn open<T>(
    file: File,
    compression: Compression,
    work: impl FnOnce(Box<dyn Read + '_>) -> Result<T, Stop>,
) -> Result<T, Stop> {
    match compression {
        Compression::Gzip => work(Box::new(MultiGzDecoder::new(buffered(file)))),
        Compression::Bz2 => work(Box::new(MultiBzDecoder::new(buffered(file)))),
        Compression::Xz => {
            let limit = (MAX_WINDOW >> 10) as u32;
            work(Box::new(XzReader::new_mem_limit(buffered(file), true, limit)))
        }
        Compression::Zstd => work(Box::new(ZstdReader::new(buffered(file)))),
        Compression::Zip => unzip(file, work),
        Compression::Infer | Compression::None => work(Box::new(file)),
    }
}

fn unzip<T>(
    file: File,
    work: impl FnOnce(Box<dyn Read + '_>) -> Result<T, Stop>,
) -> Result<T, Stop> {
    let damaged = |error: zip::result::ZipError| Stop::from(Fault::end(What::Io(error.into())));
    let mut archive = ZipArchive::new(buffered(file)).map_err(damaged)?;
    let names: Vec<String> =
        archive.file_names_raw().map(|name| String::from_utf8_lossy(name).into_owned()).collect();
    let files: Vec<usize> =
        (0..names.len()).filter(|index| !names[*index].ends_with('/')).collect();
    let [index] = files.as_slice() else {
        let names: Vec<_> = files.iter().take(5).map(|index| names[*index].as_str()).collect();
        return Err(Stop::Error(Error::data(format!(
            "the zip archive holds {} files, and one is wanted{}{}",
            files.len(),
            if names.is_empty() { "" } else { ": " },
            names.join(", ")
        ))));
    };
    work(Box::new(archive.by_index(*index).map_err(damaged)?))
}

/// Reads every frame of a zstd file; the decoder that it builds on knows one.
struct ZstdReader<R> {
    input: R,
    decoder: FrameDecoder,
    started: bool,
}

impl<R: BufRead> ZstdReader<R> {
    fn new(input: R) -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(MAX_WINDOW);
        Self { input, decoder, started: false }
    }

    /// Begins the next frame; false at the end of the file.
    fn next_frame(&mut self) -> io::Result<bool> {
        use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
        while !self.input.fill_buf()?.is_empty() {
            match self.decoder.reset(&mut self.input) {
                Ok(()) => return Ok(true),
                Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                    length,
                    ..
                })) => {
                    io::copy(&mut self.input.by_ref().take(u64::from(length)), &mut io::sink())?;
                }
                Err(error) => return Err(damaged(error)),
            }
        }
        Ok(false)
    }
}

impl<R: BufRead> Read for ZstdReader<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.started {
                while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
                    self.decoder
                        .decode_blocks(&mut self.input, BlockDecodingStrategy::UptoBlocks(1))
                        .map_err(damaged)?;
                }
                let read = self.decoder.read(into)?;
                if read > 0 {
                    return Ok(read);
                }
            }
            self.started = self.next_frame()?;
            if !self.started {
                return Ok(0);
            }
        }
    }
}

fn damaged(error: impl std::error::Error + Send + Sync + 'static) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
