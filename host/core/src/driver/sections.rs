//! Reads the specs, imports and exports of a component. Its code and data, which are nearly all of
//! it, are skipped, because every command reads all available drivers at start.
//!
//! The format is that of [components][1] and of the [core modules][2] in them: a preamble of 8
//! bytes, then sections of an ID, a size and a content. Skipped sections are checked when the
//! driver is compiled.
//!
//! [1]: https://github.com/WebAssembly/component-model/blob/main/design/mvp/Binary.md
//! [2]: https://webassembly.github.io/spec/core/binary/modules.html

use std::io::{self, BufRead, BufReader, Cursor, ErrorKind, Read, Seek, SeekFrom};

use wasmparser::{BinaryReader, ComponentExportSectionReader, ComponentImportSectionReader};

use super::spec::{MAX_SPEC, SECTION};
use crate::code::Code;
use crate::diagnostic::Diagnostic;

const COMPONENT: [u8; 8] = *b"\0asm\x0d\0\x01\0";
const MODULE: [u8; 8] = *b"\0asm\x01\0\0\0";
/// Maximum nesting depth of components and modules.
const MAX_DEPTH: usize = 100;
/// Maximum sections of a component, including those nested in it.
const MAX_SECTIONS: usize = 1 << 17;
/// Maximum bytes of specs and names that are kept.
const MAX_CONTENT: u64 = 1 << 20;

/// Specs, imports and exports of a component.
#[derive(Debug, Default, PartialEq)]
pub(super) struct ComponentInfo {
    /// The specs, including those in nested modules, which is where compilers put them.
    pub(super) specs: Vec<Vec<u8>>,
    /// The imported interfaces, sorted.
    pub(super) imports: Vec<String>,
    /// The exported interfaces, sorted.
    pub(super) exports: Vec<String>,
}

/// Returns every spec in a component. Returns `None` if the component is damaged.
pub fn specs(component: &[u8]) -> Option<Vec<Vec<u8>>> {
    ComponentInfo::parse(component).ok().map(|info| info.specs)
}

impl ComponentInfo {
    /// Reads a component from memory.
    ///
    /// # Errors
    /// Returns an error if the bytes are not a complete component.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Diagnostic> {
        Self::read(Cursor::new(bytes)).unwrap_or_else(|error| Err(damaged(&error)))
    }

    /// Reads a component.
    ///
    /// # Errors
    /// Returns an error if the source cannot be read. The inner result is an error if the source is
    /// not a complete component.
    pub(super) fn read(source: impl Read + Seek) -> io::Result<Result<Self, Diagnostic>> {
        let mut source = BufReader::new(source);
        let start = source.fill_buf()?;
        if !start.starts_with(b"\0asm") {
            return Ok(Err(Diagnostic::new(Code::ComponentInvalid, "not a WebAssembly file")
                .help("build the driver with `osiris drivers build`")));
        }
        if start.starts_with(&MODULE) {
            return Ok(Err(Diagnostic::new(
                Code::ComponentInvalid,
                "expected a component, found a core module",
            )
            .help(
                "build for the target `wasm32-wasip2`, or convert the module with `wasm-tools component new`",
            )));
        }
        let end = source.seek(SeekFrom::End(0))?;
        source.rewind()?;
        let mut walk = Walk { source, at: 0, sections: 0, content_bytes: 0, info: Self::default() };
        match walk.level(end, 0) {
            Ok(()) => {
                walk.info.imports.sort_unstable();
                walk.info.exports.sort_unstable();
                Ok(Ok(walk.info))
            }
            Err(error) => match error.kind() {
                ErrorKind::UnexpectedEof | ErrorKind::InvalidData => Ok(Err(damaged(&error))),
                _ => Err(error),
            },
        }
    }
}

/// The problem of a damaged component.
pub(super) fn damaged(reason: &impl ToString) -> Diagnostic {
    let message = format!("the component is damaged or truncated: {}", reason.to_string());
    Diagnostic::new(Code::ComponentInvalid, message).help("build or download the component again")
}

/// A component that is being read.
struct Walk<S> {
    source: BufReader<S>,
    /// Offset of the next byte.
    at: u64,
    /// Number of sections read.
    sections: usize,
    /// Bytes of specs and names read.
    content_bytes: u64,
    info: ComponentInfo,
}

impl<S: Read + Seek> Walk<S> {
    /// Reads a component, or a module in it, up to its end.
    fn level(&mut self, end: u64, depth: usize) -> io::Result<()> {
        let is_component = match self.bytes()? {
            COMPONENT => true,
            MODULE => false,
            [0, b'a', b's', b'm', ..] => return Err(invalid("unknown version")),
            _ => return Err(invalid("expected a component or a module")),
        };
        while self.at < end {
            self.sections += 1;
            if self.sections > MAX_SECTIONS {
                return Err(invalid("too many sections"));
            }
            let [id] = self.bytes()?;
            let size = u64::from(self.number()?);
            let next = self.at + size;
            if next > end {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            match (is_component, id) {
                (_, 0) => self.custom(size)?,
                (true, 1 | 4) if depth == MAX_DEPTH => return Err(invalid("nested too deeply")),
                (true, 1 | 4) => self.level(next, depth + 1)?,
                (true, 10 | 11) if depth == 0 => self.names(id, size)?,
                _ => {}
            }
            if self.at > next {
                return Err(invalid("a section ends before its content"));
            }
            self.source.seek_relative((next - self.at) as i64)?;
            self.at = next;
        }
        Ok(())
    }

    /// Keeps a custom section if it is a spec.
    fn custom(&mut self, size: u64) -> io::Result<()> {
        let start = self.at;
        if self.number()? as usize != SECTION.len() {
            return Ok(());
        }
        let name: [u8; SECTION.len()] = self.bytes()?;
        if name == SECTION.as_bytes() {
            let rest = (start + size).checked_sub(self.at).ok_or(ErrorKind::UnexpectedEof)?;
            // A spec above the limit is cut to one byte above the limit, so that parsing rejects
            // it.
            let spec = self.content(rest.min(MAX_SPEC + 1))?;
            // Two specs are an error, so for further specs only their number matters.
            self.content_bytes += spec.len() as u64;
            self.info.specs.push(if self.content_bytes <= MAX_CONTENT { spec } else { Vec::new() });
        }
        Ok(())
    }

    /// Reads the names of the imports or exports.
    fn names(&mut self, id: u8, size: u64) -> io::Result<()> {
        self.content_bytes += size;
        if self.content_bytes > MAX_CONTENT {
            return Err(invalid("too many imports or exports"));
        }
        let content = self.content(size)?;
        let reader = BinaryReader::new(&content, 0);
        let mut read = || -> wasmparser::Result<()> {
            if id == 10 {
                for import in ComponentImportSectionReader::new(reader.clone())? {
                    self.info.imports.push(import?.name.name.to_owned());
                }
            } else {
                for export in ComponentExportSectionReader::new(reader.clone())? {
                    self.info.exports.push(export?.name.name.to_owned());
                }
            }
            Ok(())
        };
        read().map_err(|error| invalid(error.message()))?;
        Ok(())
    }

    fn content(&mut self, size: u64) -> io::Result<Vec<u8>> {
        let mut content = Vec::new();
        self.at += self.source.by_ref().take(size).read_to_end(&mut content)? as u64;
        match content.len() as u64 == size {
            true => Ok(content),
            false => Err(ErrorKind::UnexpectedEof.into()),
        }
    }

    fn bytes<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.source.read_exact(&mut bytes)?;
        self.at += N as u64;
        Ok(bytes)
    }

    /// Reads a number in LEB128: seven bits in each byte, the lowest first.
    fn number(&mut self) -> io::Result<u32> {
        let mut number = 0;
        for shift in (0..35).step_by(7) {
            let [byte] = self.bytes()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return u32::try_from(number).map_err(|_| invalid("a size is too large"));
            }
        }
        Err(invalid("a size has too many bytes"))
    }
}

fn invalid(reason: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, reason)
}

#[cfg(test)]
mod tests {
    use wasm_encoder::{
        Component, ComponentImportSection, ComponentTypeRef, CustomSection, Module, ModuleSection,
        NestedComponentSection, RawSection,
    };

    use super::*;

    /// A component with an import, and with a spec in a nested module.
    fn component() -> Vec<u8> {
        let mut module = Module::new();
        module.section(&CustomSection { name: "note".into(), data: [7; 300].as_slice().into() });
        module.section(&CustomSection { name: SECTION.into(), data: b"name: x".as_slice().into() });
        let mut inner = Component::new();
        inner.section(&ModuleSection(&module));
        let mut outer = Component::new();
        let mut imports = ComponentImportSection::new();
        imports.import("a:b/c@1.0.0", ComponentTypeRef::Instance(0));
        outer.section(&imports);
        outer.section(&NestedComponentSection(&inner));
        outer.finish()
    }

    #[test]
    fn spec_and_imports_are_found_in_nested_sections() {
        let info = ComponentInfo::parse(&component()).unwrap();
        assert_eq!(info.specs, [b"name: x"]);
        assert_eq!(info.imports, ["a:b/c@1.0.0"]);
        assert!(info.exports.is_empty());
    }

    #[test]
    fn truncated_component_is_rejected() {
        let whole = component();
        // A component cut after its preamble or after a section is still a valid component.
        let ends = [8, 8 + 2 + 16];
        for length in (0..whole.len()).filter(|length| !ends.contains(length)) {
            assert!(ComponentInfo::parse(&whole[..length]).is_err(), "{length}");
        }
    }

    #[test]
    fn too_deep_nesting_is_rejected() {
        let mut component = Component::new().finish();
        for _ in 0..=MAX_DEPTH {
            let mut outer = Component::new();
            outer.section(&RawSection { id: 4, data: &component });
            component = outer.finish();
        }
        let problem = ComponentInfo::parse(&component).unwrap_err();
        assert!(problem.message.contains("nested too deeply"), "{}", problem.message);
    }
}
