//! The compression of a file.

use std::path::Path;

use serde::Deserialize;

/// The compression of a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// As its extension says: `.gz`, `.bz2`, `.xz`, `.zip`, `.zst`.
    #[default]
    Infer,
    /// Not at all.
    None,
    /// RFC 1952.
    #[serde(alias = "gz")]
    Gzip,
    /// bzip2.
    #[serde(alias = "bzip2")]
    Bz2,
    /// An archive of one file.
    Zip,
    /// LZMA2 in the xz container.
    Xz,
    /// RFC 8878.
    #[serde(alias = "zst")]
    Zstd,
}

impl Compression {
    /// Returns the compression of the file at `path`; never
    /// [`Infer`](Self::Infer).
    #[must_use]
    pub fn of(self, path: &Path) -> Self {
        if self != Self::Infer {
            return self;
        }
        let extension = path.extension().map(|extension| extension.to_ascii_lowercase());
        match extension.as_deref().and_then(|extension| extension.to_str()) {
            Some("gz" | "gzip") => Self::Gzip,
            Some("bz2") => Self::Bz2,
            Some("zip") => Self::Zip,
            Some("xz") => Self::Xz,
            Some("zst" | "zstd") => Self::Zstd,
            _ => Self::None,
        }
    }

    /// Returns the compression of a file that begins with these bytes, or
    /// `None` if it has none.
    #[must_use]
    pub fn sniff(head: &[u8]) -> Option<Self> {
        const MAGIC: [(&[u8], Compression); 5] = [
            (b"\x1f\x8b", Compression::Gzip),
            (b"BZh", Compression::Bz2),
            (b"PK\x03\x04", Compression::Zip),
            (b"\xfd7zX", Compression::Xz),
            (b"\x28\xb5\x2f\xfd", Compression::Zstd),
        ];
        MAGIC.iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, name)| *name)
    }

    /// Its name in a configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Infer => "infer",
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Bz2 => "bz2",
            Self::Zip => "zip",
            Self::Xz => "xz",
            Self::Zstd => "zstd",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extension_decides_compression_only_if_inferred() {
        let of = |kind: Compression, path: &str| kind.of(Path::new(path));
        assert_eq!(of(Compression::Infer, "a/b.csv.GZ"), Compression::Gzip);
        assert_eq!(of(Compression::Infer, "b.csv.zst"), Compression::Zstd);
        assert_eq!(of(Compression::Infer, "b.csv"), Compression::None);
        assert_eq!(of(Compression::None, "b.csv.gz"), Compression::None);
    }

    #[test]
    fn compression_names_match_the_configuration() {
        for name in ["infer", "none", "gzip", "bz2", "zip", "xz", "zstd"] {
            let kind: Compression = serde_json::from_value(name.into()).expect("a known name");
            assert_eq!(kind.name(), name);
        }
    }
}
