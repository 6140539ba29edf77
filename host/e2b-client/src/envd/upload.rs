//! Uploads files into the sandbox, completely or not at all.

use reqwest::Method;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE};
use semver::Version;
use uuid::Uuid;

use super::super::error::{Error, Kind, Result, Retryability};
use super::super::retry::{RetryPolicy, deadline, retry};
use super::Envd;
use super::source::{Source, allowance};

/// The first envd that accepts a file's raw bytes, and compressed ones.
const PLAIN: Version = Version::new(0, 5, 7);

/// Minimum size in bytes for compression to pay off.
const BIG: u64 = 1 << 20;

impl Envd {
    /// Writes a file and creates missing parent directories. Uploads to a temporary name and
    /// renames atomically, replacing an existing file. The file is not executable.
    ///
    /// # Errors
    /// Returns `DiskFull` if the disk is full, `Local` if the source cannot be read, `Timeout` or
    /// `Unreachable` if the network fails.
    pub async fn upload(&self, path: &str, source: &Source) -> Result<()> {
        let what = format!("write {path} in the sandbox");
        let size = source.size(&what).await?;
        // Compression shortens the transfer of a large file.
        let gzip = size >= BIG && self.version >= PLAIN && source.shrinks(&what).await?;
        let deadline = deadline(self.timeout + allowance(size));
        let mut parts = Vec::new();
        let result = retry(&what, deadline, RetryPolicy::Idempotent, async || {
            // A lost attempt might still be writing, so each attempt has a separate file.
            let part = format!("{path}.part-{}", Uuid::new_v4());
            parts.push(part.clone());
            self.send_whole(&part, source, gzip, &what).await?;
            self.rename(&part, path).await
        })
        .await;
        // A part that was renamed no longer exists.
        let leftover = parts.len() - usize::from(result.is_ok());
        for part in parts.iter().take(leftover) {
            let _ = self.with_timeout(super::health::PROBE).remove(part).await;
        }
        result
    }

    /// Overwrites the content of an existing file and keeps its permissions. Readers can see a
    /// partial file meanwhile.
    ///
    /// # Errors
    /// Returns the errors of [`Envd::upload`].
    pub async fn fill(&self, path: &str, source: &Source) -> Result<()> {
        let what = format!("write {path} in the sandbox");
        let deadline = deadline(self.timeout + allowance(source.size(&what).await?));
        retry(&what, deadline, RetryPolicy::Idempotent, async || {
            self.send_whole(path, source, false, &what).await
        })
        .await
    }

    /// Streams the source to a file, then checks that all bytes arrived.
    async fn send_whole(&self, path: &str, source: &Source, gzip: bool, what: &str) -> Result<()> {
        let expected = self.send(path, source, gzip, what).await?;
        let actual = self.stat(path).await?.map_or(0, |entry| entry.size);
        if actual == expected {
            return Ok(());
        }
        let text = format!("cannot {what}: {actual} of {expected} bytes arrived");
        Err(Error::new(Kind::Protocol, text).again(Retryability::Lost))
    }

    /// Streams the source to a file and returns its size in bytes.
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
