//! `wasi:filesystem` with the rights of a call: every path goes through
//! [`Files::place`], every byte and every new file through the quota. The engine's
//! own implementation does the rest.

use wasmtime::component::{HasData, Linker, Resource};
use wasmtime_wasi::filesystem::WasiFilesystemCtxView;
use wasmtime_wasi::p2::bindings::filesystem::preopens;
use wasmtime_wasi::p2::bindings::filesystem::types::{
    self, Advice, Descriptor, DescriptorFlags, DescriptorStat, DescriptorType, DirectoryEntry,
    DirectoryEntryStream, ErrorCode, Filesize, HostDescriptor, HostDirectoryEntryStream,
    MetadataHashValue, NewTimestamp, OpenFlags, PathFlags,
};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, FsError, FsResult};

use super::stream::Counted;
use super::{Files, May, Place, shown};
use crate::driver::state::State;

/// The files of one call, and the engine's own implementation.
struct View<'a> {
    wasi: WasiFilesystemCtxView<'a>,
    files: &'a mut Files,
}

struct Access;

impl HasData for Access {
    type Data<'a> = View<'a>;
}

/// Puts the checked files in the place of the engine's own.
pub(in crate::driver) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    types::add_to_linker::<_, Access>(linker, State::files)?;
    preopens::add_to_linker::<_, Access>(linker, State::files)?;
    linker.allow_shadowing(false);
    Ok(())
}

impl State {
    fn files(&mut self) -> View<'_> {
        let Self { wasi, table, files, .. } = self;
        View { wasi: WasiFilesystemCtxView { ctx: wasi.filesystem(), table }, files }
    }
}

type Fd = Resource<Descriptor>;

impl View<'_> {
    /// Where a path leads, with what the engine needs to act on it.
    fn place(&self, fd: &Fd, path: &str, follow: bool) -> FsResult<(Fd, Place, String)> {
        let place = self.files.place(fd, path, follow)?;
        if follow && place.kind.is_some_and(|kind| kind.is_symlink()) {
            // It leads to nothing.
            return Err(ErrorCode::NoEntry.into());
        }
        let root = self.files.root.ok_or(ErrorCode::BadDescriptor)?;
        let path = shown(&place.path).to_str().ok_or(ErrorCode::IllegalByteSequence)?.to_owned();
        Ok((Resource::new_borrow(root), place, path))
    }

    /// Like [`View::place`], of something that is there and that may be looked at.
    fn seen(&mut self, fd: &Fd, path: &str, follow: bool) -> FsResult<(Fd, String)> {
        let (root, place, path) = self.place(fd, path, follow)?;
        match place.kind {
            _ if !place.may.look => self.files.refuse(&place),
            None => Err(ErrorCode::NoEntry.into()),
            Some(kind) if place.is_folder && kind.is_file() => Err(ErrorCode::NotDirectory.into()),
            Some(_) => Ok((root, path)),
        }
    }

    /// Like [`View::place`], of something that may be changed.
    fn owned(&mut self, fd: &Fd, path: &str) -> FsResult<(Fd, Place, String)> {
        let (root, place, path) = self.place(fd, path, false)?;
        match place.may {
            May { write: true, .. } => Ok((root, place, path)),
            // Whoever removes what it may not have made yet is told what every system says.
            May { look: true, .. } if place.kind.is_none() => Err(ErrorCode::NoEntry.into()),
            _ => self.files.refuse(&place),
        }
    }

    /// Lets something be made where nothing is.
    fn make(&mut self, place: &Place) -> FsResult<()> {
        if !place.may.make {
            // Whoever makes all of a path's folders tries the last one first.
            return match self.files.waits_for_its_folder(place) {
                true => Err(ErrorCode::NoEntry.into()),
                false => self.files.refuse(place),
            };
        }
        if !self.files.quota.admits_file() {
            return Err(ErrorCode::InsufficientSpace.into());
        }
        Ok(())
    }

    /// Remembers what was made.
    fn made(&mut self, place: Place) {
        if !self.files.rights.is_own(&place.path) {
            self.files.rights.made.insert(place.path);
        }
    }

    /// The way to change what an open descriptor leads to.
    fn change(&mut self, fd: &Fd) -> FsResult<()> {
        let path = self.files.held.get(&fd.rep()).ok_or(ErrorCode::BadDescriptor)?;
        match self.files.rights.may(path).write {
            true => Ok(()),
            false => Err(ErrorCode::Access.into()),
        }
    }

    fn counted(
        &mut self,
        stream: Resource<DynOutputStream>,
        at: Option<u64>,
    ) -> FsResult<Resource<DynOutputStream>> {
        let inner = self.wasi.table.delete(stream)?;
        let counted = Counted { inner, quota: self.files.quota.clone(), at };
        let counted: DynOutputStream = Box::new(counted);
        Ok(self.wasi.table.push(counted)?)
    }
}

impl preopens::Host for View<'_> {
    fn get_directories(&mut self) -> wasmtime::Result<Vec<(Fd, String)>> {
        let folders = preopens::Host::get_directories(&mut self.wasi)?;
        for (fd, _) in &folders {
            self.files.held.insert(fd.rep(), "".into());
        }
        Ok(folders)
    }
}

impl types::Host for View<'_> {
    fn convert_error_code(&mut self, error: FsError) -> wasmtime::Result<ErrorCode> {
        types::Host::convert_error_code(&mut self.wasi, error)
    }

    fn filesystem_error_code(
        &mut self,
        error: Resource<wasmtime::Error>,
    ) -> wasmtime::Result<Option<ErrorCode>> {
        types::Host::filesystem_error_code(&mut self.wasi, error)
    }
}

impl HostDescriptor for View<'_> {
    async fn open_at(
        &mut self,
        fd: Fd,
        path_flags: PathFlags,
        path: String,
        mut open: OpenFlags,
        flags: DescriptorFlags,
    ) -> FsResult<Fd> {
        let follow = path_flags.contains(PathFlags::SYMLINK_FOLLOW);
        let (root, place, path) = self.place(&fd, &path, follow)?;
        let creates = open.contains(OpenFlags::CREATE);
        let writes =
            creates || open.contains(OpenFlags::TRUNCATE) || flags.contains(DescriptorFlags::WRITE);
        match place.kind {
            _ if !place.may.look => return self.files.refuse(&place),
            None if creates && !place.is_folder => {
                self.make(&place)?;
                // What somebody else puts there meanwhile is not the driver's.
                open |= OpenFlags::EXCLUSIVE;
            }
            None => return Err(ErrorCode::NoEntry.into()),
            Some(_) if creates && open.contains(OpenFlags::EXCLUSIVE) => {
                return Err(ErrorCode::Exist.into());
            }
            Some(kind) if kind.is_dir() => {}
            Some(kind) if kind.is_symlink() => return Err(ErrorCode::Loop.into()),
            // To open a named pipe would wait for whoever has its other end.
            Some(kind) if !kind.is_file() => return Err(ErrorCode::Unsupported.into()),
            Some(_) if place.is_folder => return Err(ErrorCode::NotDirectory.into()),
            Some(_) => {
                let may = if writes { place.may.write } else { place.may.read };
                if !may {
                    return self.files.refuse(&place);
                }
            }
        }
        let opened = self.wasi.open_at(root, PathFlags::empty(), path, open, flags).await?;
        self.files.held.insert(opened.rep(), place.path.clone());
        if place.kind.is_none() {
            self.made(place);
        }
        Ok(opened)
    }

    fn drop(&mut self, fd: Fd) -> wasmtime::Result<()> {
        self.files.held.remove(&fd.rep());
        HostDescriptor::drop(&mut self.wasi, fd)
    }

    async fn create_directory_at(&mut self, fd: Fd, path: String) -> FsResult<()> {
        let (root, place, path) = self.place(&fd, &path, false)?;
        if place.kind.is_some() && place.may.look {
            return Err(ErrorCode::Exist.into());
        }
        self.make(&place)?;
        if !self.files.folders.show(&place.path) {
            self.wasi.create_directory_at(root, path).await?;
        }
        self.made(place);
        Ok(())
    }

    async fn rename_at(&mut self, fd: Fd, old: String, to: Fd, new: String) -> FsResult<()> {
        let (root, from, old) = self.owned(&fd, &old)?;
        let (target, to, new) = self.place(&to, &new, false)?;
        if !(to.may.write || (to.may.make && to.kind.is_none())) {
            return self.files.refuse(&to);
        }
        self.wasi.rename_at(root, old, target, new).await?;
        self.files.rights.moved(&from.path, &to.path);
        Ok(())
    }

    async fn unlink_file_at(&mut self, fd: Fd, path: String) -> FsResult<()> {
        let (root, place, path) = self.owned(&fd, &path)?;
        if place.is_folder {
            return Err(ErrorCode::NotDirectory.into());
        }
        self.wasi.unlink_file_at(root, path).await?;
        self.files.rights.made.remove(&place.path);
        Ok(())
    }

    async fn remove_directory_at(&mut self, fd: Fd, path: String) -> FsResult<()> {
        let (root, place, path) = self.owned(&fd, &path)?;
        self.wasi.remove_directory_at(root, path).await?;
        self.files.rights.made.remove(&place.path);
        Ok(())
    }

    /// No driver makes links: where a path leads must not change under the host.
    async fn link_at(&mut self, _: Fd, _: PathFlags, _: String, _: Fd, _: String) -> FsResult<()> {
        Err(ErrorCode::NotPermitted.into())
    }

    /// See [`HostDescriptor::link_at`].
    async fn symlink_at(&mut self, _: Fd, _: String, _: String) -> FsResult<()> {
        Err(ErrorCode::NotPermitted.into())
    }

    async fn readlink_at(&mut self, fd: Fd, path: String) -> FsResult<String> {
        let (root, path) = self.seen(&fd, &path, false)?;
        self.wasi.readlink_at(root, path).await
    }

    async fn stat_at(
        &mut self,
        fd: Fd,
        flags: PathFlags,
        path: String,
    ) -> FsResult<DescriptorStat> {
        let follow = flags.contains(PathFlags::SYMLINK_FOLLOW);
        let (root, path) = self.seen(&fd, &path, follow)?;
        self.wasi.stat_at(root, PathFlags::empty(), path).await
    }

    async fn metadata_hash_at(
        &mut self,
        fd: Fd,
        flags: PathFlags,
        path: String,
    ) -> FsResult<MetadataHashValue> {
        let follow = flags.contains(PathFlags::SYMLINK_FOLLOW);
        let (root, path) = self.seen(&fd, &path, follow)?;
        self.wasi.metadata_hash_at(root, PathFlags::empty(), path).await
    }

    async fn set_times_at(
        &mut self,
        fd: Fd,
        _: PathFlags,
        path: String,
        accessed: NewTimestamp,
        modified: NewTimestamp,
    ) -> FsResult<()> {
        let (root, _, path) = self.owned(&fd, &path)?;
        self.wasi.set_times_at(root, PathFlags::empty(), path, accessed, modified).await
    }

    async fn set_times(
        &mut self,
        fd: Fd,
        accessed: NewTimestamp,
        modified: NewTimestamp,
    ) -> FsResult<()> {
        self.change(&fd)?;
        self.wasi.set_times(fd, accessed, modified).await
    }

    async fn set_size(&mut self, fd: Fd, size: Filesize) -> FsResult<()> {
        self.change(&fd)?;
        if !self.files.quota.admits(0, size) {
            return Err(ErrorCode::InsufficientSpace.into());
        }
        self.wasi.set_size(fd, size).await
    }

    async fn write(&mut self, fd: Fd, bytes: Vec<u8>, offset: Filesize) -> FsResult<Filesize> {
        let count = bytes.len() as u64;
        if !self.files.quota.admits(count, offset.saturating_add(count)) {
            return Err(ErrorCode::InsufficientSpace.into());
        }
        self.wasi.write(fd, bytes, offset).await
    }

    fn write_via_stream(
        &mut self,
        fd: Fd,
        offset: Filesize,
    ) -> FsResult<Resource<DynOutputStream>> {
        let stream = self.wasi.write_via_stream(fd, offset)?;
        self.counted(stream, Some(offset))
    }

    fn append_via_stream(&mut self, fd: Fd) -> FsResult<Resource<DynOutputStream>> {
        let stream = self.wasi.append_via_stream(fd)?;
        self.counted(stream, None)
    }

    async fn read_directory(&mut self, fd: Fd) -> FsResult<Resource<DirectoryEntryStream>> {
        let (_, place, _) = self.place(&fd, ".", true)?;
        if !place.may.read {
            return self.files.refuse(&place);
        }
        self.wasi.read_directory(fd).await
    }

    async fn read(
        &mut self,
        fd: Fd,
        length: Filesize,
        offset: Filesize,
    ) -> FsResult<(Vec<u8>, bool)> {
        self.wasi.read(fd, length, offset).await
    }

    fn read_via_stream(&mut self, fd: Fd, offset: Filesize) -> FsResult<Resource<DynInputStream>> {
        self.wasi.read_via_stream(fd, offset)
    }

    async fn advise(
        &mut self,
        fd: Fd,
        offset: Filesize,
        length: Filesize,
        advice: Advice,
    ) -> FsResult<()> {
        self.wasi.advise(fd, offset, length, advice).await
    }

    async fn sync_data(&mut self, fd: Fd) -> FsResult<()> {
        self.wasi.sync_data(fd).await
    }

    async fn sync(&mut self, fd: Fd) -> FsResult<()> {
        self.wasi.sync(fd).await
    }

    async fn get_flags(&mut self, fd: Fd) -> FsResult<DescriptorFlags> {
        self.wasi.get_flags(fd).await
    }

    async fn get_type(&mut self, fd: Fd) -> FsResult<DescriptorType> {
        self.wasi.get_type(fd).await
    }

    async fn stat(&mut self, fd: Fd) -> FsResult<DescriptorStat> {
        self.wasi.stat(fd).await
    }

    async fn is_same_object(&mut self, one: Fd, other: Fd) -> wasmtime::Result<bool> {
        self.wasi.is_same_object(one, other).await
    }

    async fn metadata_hash(&mut self, fd: Fd) -> FsResult<MetadataHashValue> {
        self.wasi.metadata_hash(fd).await
    }
}

impl HostDirectoryEntryStream for View<'_> {
    async fn read_directory_entry(
        &mut self,
        stream: Resource<DirectoryEntryStream>,
    ) -> FsResult<Option<DirectoryEntry>> {
        self.wasi.read_directory_entry(stream).await
    }

    fn drop(&mut self, stream: Resource<DirectoryEntryStream>) -> wasmtime::Result<()> {
        HostDirectoryEntryStream::drop(&mut self.wasi, stream)
    }
}
