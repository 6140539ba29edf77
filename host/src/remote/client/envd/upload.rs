//! Bringing a file into the sandbox, whole or not at all.

use reqwest::Method;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE};
use semver::Version;
use uuid::Uuid;

use super::super::error::{Again, Error, Kind, Result};
use super::super::retry::{Repeat, deadline, retry};
use super::Envd;
use super::source::{Source, allowance};

/// The first envd that takes a file's bytes as they are, and compressed.
const PLAIN: Version = Version::new(0, 5, 7);

/// Smaller ones are not worth the compressing. In bytes.
const BIG: u64 = 1 << 20;

impl Envd {
    /// Writes a file, with the folders above it. It appears at once, under a
    /// temporary name before that, and replaces what is there. Not executable.
    ///
    /// # Errors
    /// `DiskFull` when there is no room, `Local` when the source cannot be
    /// read, `Timeout` or `Unreachable` when the network does not last.
    pub async fn upload(&self, path: &str, source: &Source) -> Result<()> {
        let what = format!("write {path} in the sandbox");
        let size = source.size(&what).await?;
        // A big one that shrinks is on its way for less time.
        let gzip = size >= BIG && self.version >= PLAIN && source.shrinks(&what).await?;
        let deadline = deadline(self.patience + allowance(size));
        let mut parts = Vec::new();
        let uploaded = retry(&what, deadline, Repeat::Safe, async || {
            // A lost attempt may still be writing, so each has a file of its own.
            let part = format!("{path}.part-{}", Uuid::new_v4());
            parts.push(part.clone());
            self.send_whole(&part, source, gzip, &what).await?;
            self.rename(&part, path).await
        })
        .await;
        // What was renamed is not there any more.
        let leftover = parts.len() - usize::from(uploaded.is_ok());
        for part in parts.iter().take(leftover) {
            let _ = self.within(super::health::PROBE).remove(part).await;
        }
        uploaded
    }

    /// Writes into a file that is there, whose permissions stay as they are. A
    /// reader may see a part of it meanwhile.
    ///
    /// # Errors
    /// What [`Envd::upload`] says.
    pub async fn fill(&self, path: &str, source: &Source) -> Result<()> {
        let what = format!("write {path} in the sandbox");
        let deadline = deadline(self.patience + allowance(source.size(&what).await?));
        retry(&what, deadline, Repeat::Safe, async || {
            self.send_whole(path, source, false, &what).await
        })
        .await
    }

    /// Writes the source to a file as it comes, and looks whether all of it is there.
    async fn send_whole(&self, path: &str, source: &Source, gzip: bool, what: &str) -> Result<()> {
        let sent = self.send(path, source, gzip, what).await?;
        let there = self.stat(path).await?.map_or(0, |entry| entry.size);
        if there == sent {
            return Ok(());
        }
        let text = format!("cannot {what}: {there} of {sent} bytes are there");
        Err(Error::new(Kind::Protocol, text).again(Again::Lost))
    }

    /// Writes the source to a file as it comes; its size in bytes.
    async fn send(&self, path: &str, source: &Source, gzip: bool, what: &str) -> Result<u64> {
        let body = source.open(what).await?;
        let size = body.size;
        let request = self.as_user(self.http.request(Method::POST, &self.file(path)), None);
        let plain = "application/octet-stream";
        let (request, body) = if gzip {
            let request = request.header(CONTENT_TYPE, plain).header(CONTENT_ENCODING, "gzip");
            (request, body.gzipped())
        } else if self.version >= PLAIN {
            (request.header(CONTENT_TYPE, plain), body)
        } else {
            let boundary = Uuid::new_v4().simple().to_string();
            let before = format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; \
                 filename=\"file\"\r\nContent-Type: {plain}\r\n\r\n"
            );
            let after = format!("\r\n--{boundary}--\r\n");
            let kind = format!("multipart/form-data; boundary={boundary}");
            (request.header(CONTENT_TYPE, kind), body.framed(before.into(), after.into()))
        };
        body.send(request, async |request| self.http.send(request, what).await, what).await?;
        Ok(size)
    }
}
