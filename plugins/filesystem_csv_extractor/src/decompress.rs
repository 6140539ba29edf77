//! Takes the compression off a file, while it is read.

use std::fs::File;
use std::io::{self, BufRead, Read};

use bzip2::bufread::MultiBzDecoder;
use csv_common::Compression;
use flate2::bufread::GzDecoder;
use lzma_rust2::XzReader;
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
    member: Option<&str>,
    work: impl FnOnce(Box<dyn Read + '_>) -> Result<T, Stop>,
) -> Result<T, Stop> {
    match compression {
        Compression::Gzip => work(Box::new(Gunzip::new(buffered(file)))),
        Compression::Bz2 => work(Box::new(MultiBzDecoder::new(buffered(file)))),
        Compression::Xz => {
            let limit = (MAX_WINDOW >> 10) as u32;
            work(Box::new(XzReader::new_mem_limit(buffered(file), true, limit)))
        }
        Compression::Zstd => work(Box::new(ZstdReader::new(buffered(file)))),
        Compression::Zip => unzip(file, member, work),
        Compression::Infer | Compression::None => work(Box::new(file)),
    }
}

fn unzip<T>(
    file: File,
    member: Option<&str>,
    work: impl FnOnce(Box<dyn Read + '_>) -> Result<T, Stop>,
) -> Result<T, Stop> {
    let damaged = |error: zip::result::ZipError| Stop::from(Fault::end(What::Io(error.into())));
    let mut archive = ZipArchive::new(buffered(file)).map_err(damaged)?;
    let names: Vec<String> =
        archive.file_names_raw().map(|name| String::from_utf8_lossy(name).into_owned()).collect();
    let files: Vec<usize> = match member {
        Some(member) => (0..names.len()).filter(|index| names[*index] == member).collect(),
        None => (0..names.len()).filter(|index| is_file(&names[*index])).collect(),
    };
    let [index] = files.as_slice() else {
        let all: Vec<&str> =
            names.iter().map(String::as_str).filter(|name| is_file(name)).collect();
        return Err(Stop::Fault(Fault::end(What::Archive(files_of(&all, member)))));
    };
    work(Box::new(archive.by_index(*index).map_err(damaged)?))
}

/// Returns whether an entry is a file that somebody put there, and not a folder
/// or what macOS adds to each.
fn is_file(name: &str) -> bool {
    let last = name.rsplit('/').next().unwrap_or_default();
    !name.ends_with('/')
        && !name.starts_with("__MACOSX/")
        && !last.starts_with("._")
        && last != ".DS_Store"
}

/// Tells the number of files and the names of the first ones.
fn files_of(files: &[&str], member: Option<&str>) -> String {
    let first = files.iter().take(5).copied().collect::<Vec<_>>().join(", ");
    let more = if files.len() > 5 { ", ..." } else { "" };
    match (files.len(), member) {
        (0, _) => "the archive holds no files, and one is wanted".to_owned(),
        (_, Some(member)) => {
            format!("member: the archive holds no file {member:?}; it holds {first}{more}")
        }
        _ if files.contains(&"xl/workbook.xml") => {
            "it is an Excel workbook; save it as CSV in Excel".to_owned()
        }
        (count, None) => format!(
            "the archive holds {count} files, and one is wanted: {first}{more}; `member: {:?}` \
             reads that one",
            files[0]
        ),
    }
}

/// Reads every member of a gzip file, and the zeros with which tapes and disks
/// fill their last block.
struct Gunzip<R> {
    /// None at the end of the file.
    member: Option<GzDecoder<R>>,
}

impl<R: BufRead> Gunzip<R> {
    fn new(input: R) -> Self {
        Self { member: Some(GzDecoder::new(input)) }
    }

    /// Begins the next member; false at the end of the file.
    fn next_member(&mut self) -> io::Result<bool> {
        let Some(done) = self.member.take() else { return Ok(false) };
        let mut input = done.into_inner();
        let next = match input.fill_buf()?.first() {
            None => false,
            Some(0) => {
                only_zeros(&mut input)?;
                false
            }
            Some(0x1f) => true,
            Some(_) => return Err(garbage()),
        };
        if next {
            self.member = Some(GzDecoder::new(input));
        }
        Ok(next)
    }
}

impl<R: BufRead> Read for Gunzip<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            let Some(member) = &mut self.member else { return Ok(0) };
            let read = member.read(into)?;
            if read > 0 || into.is_empty() || !self.next_member()? {
                return Ok(read);
            }
        }
    }
}

fn only_zeros(input: &mut impl BufRead) -> io::Result<()> {
    loop {
        let bytes = input.fill_buf()?;
        if bytes.iter().any(|byte| *byte != 0) {
            return Err(garbage());
        }
        match bytes.len() {
            0 => return Ok(()),
            len => input.consume(len),
        }
    }
}

fn garbage() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "there are bytes behind the end of the compressed data that are neither more of it nor \
         zeros; `gzip -dc` leaves them out",
    )
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
