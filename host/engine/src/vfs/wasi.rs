//! `wasi:filesystem` with the permissions of a call: every path is resolved by [`Files::resolve`],
//! and every byte and new file counts against the quota. The engine's own implementation does the
//! rest, on one name in one open directory.

use std::path::Path;

use osiris_core::paths::{FileKind, PathAccess, Stat, remove_own, rename_new, set_aside};
use rustix::fs::{Mode, OFlags, openat, renameat};
use rustix::io::Errno;
use wasmtime::component::{HasData, Linker, Resource};
use wasmtime_wasi::filesystem::WasiFilesystemCtxView;
use wasmtime_wasi::p2::bindings::filesystem::preopens;
use wasmtime_wasi::p2::bindings::filesystem::types::{
    self, Advice, Descriptor, DescriptorFlags, DescriptorStat, DescriptorType, DirectoryEntry,
    DirectoryEntryStream, ErrorCode, Filesize, HostDescriptor, HostDirectoryEntryStream,
    MetadataHashValue, NewTimestamp, OpenFlags, PathFlags,
};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, FsError, FsResult};

use super::listing::{self, Listing};
use super::stream::MeteredStream;
use super::{Files, Handle, ResolvedPath};
use crate::state::HostState;

/// The files of one call, and the engine's own implementation.
struct View<'a> {
    wasi: WasiFilesystemCtxView<'a>,
    files: &'a mut Files,
}

struct Access;

impl HasData for Access {
    type Data<'a> = View<'a>;
}

/// Replaces the engine's file system with the checked one.
pub(crate) fn add_to_linker(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    types::add_to_linker::<_, Access>(linker, HostState::files)?;
    preopens::add_to_linker::<_, Access>(linker, HostState::files)?;
    linker.allow_shadowing(false);
    Ok(())
}

impl HostState {
    fn files(&mut self) -> View<'_> {
        let Self { wasi, table, files, .. } = self;
        View { wasi: WasiFilesystemCtxView { ctx: wasi.filesystem(), table }, files }
    }
}

type Fd = Resource<Descriptor>;

/// Maximum attempts to open a path while other processes create or remove its last component.
const ATTEMPTS: usize = 8;

impl View<'_> {
    /// Resolves a path.
    fn resolve(&self, fd: &Fd, path: &str, follow: bool) -> FsResult<ResolvedPath> {
        self.files.resolve(fd, path, follow)
    }

    /// Returns the host's own descriptor, pointed to the parent directory of a path, and the name
    /// in that directory.
    fn parent_slot(&mut self, target: &ResolvedPath) -> FsResult<(Fd, String)> {
        let slot = Resource::new_borrow(self.files.slot.ok_or(ErrorCode::BadDescriptor)?);
        let parent = target.location.parent.as_ref().ok_or(ErrorCode::NoEntry)?.try_clone()?;
        let name = target.location.name.to_str().ok_or(ErrorCode::IllegalByteSequence)?.to_owned();
        *self.wasi.table.get_mut(&slot)? = self.files.folder(parent.into());
        Ok((slot, name))
    }

    /// Like [`View::parent_slot`], for an existing entry that the driver may see.
    fn visible_slot(&mut self, fd: &Fd, path: &str, follow: bool) -> FsResult<(Fd, String)> {
        let target = self.resolve(fd, path, follow)?;
        match target.kind() {
            _ if !target.access.stat => self.files.refuse(&target.location.path),
            None => Err(ErrorCode::NoEntry.into()),
            Some(FileKind::File) if target.is_folder => Err(ErrorCode::NotDirectory.into()),
            Some(_) => self.parent_slot(&target),
        }
    }

    /// Like [`View::resolve`], for an entry that the driver may change.
    fn resolve_writable(&mut self, fd: &Fd, path: &str) -> FsResult<ResolvedPath> {
        let target = self.resolve(fd, path, false)?;
        match target.access {
            PathAccess { write: true, .. } => Ok(target),
            // Removing a missing file is reported as usual if the driver may see the path.
            PathAccess { stat: true, .. } if target.kind().is_none() => {
                Err(ErrorCode::NoEntry.into())
            }
            _ => self.files.refuse(&target.location.path),
        }
    }

    /// Checks that a file or directory may be created where there is none, and counts it.
    fn check_creation(&mut self, target: &ResolvedPath, is_allowed: bool) -> FsResult<()> {
        if !is_allowed {
            // Programs that create all directories of a path try the last one first.
            return match self.files.waits_for_its_folder(target) {
                true => Err(ErrorCode::NoEntry.into()),
                false => self.files.refuse(&target.location.path),
            };
        }
        if target.location.parent.is_none() {
            return Err(ErrorCode::NoEntry.into());
        }
        if !self.files.quota.admits_file() {
            return Err(ErrorCode::InsufficientSpace.into());
        }
        Ok(())
    }

    /// Records a created file or directory.
    fn record_creation(&mut self, target: ResolvedPath, found: Stat) {
        if !self.files.permissions.is_artifact(&target.location.path) {
            self.files.creations.add(target.location.path, found.identity, target.access.create);
        }
    }

    /// Checks that the driver may change the file of an open descriptor.
    fn change(&mut self, fd: &Fd) -> FsResult<()> {
        match self.files.handles.get(&fd.rep()).ok_or(ErrorCode::BadDescriptor)?.access.write {
            true => Ok(()),
            false => Err(ErrorCode::Access.into()),
        }
    }

    /// Returns the identity of the opened file, whatever its path refers to by now.
    fn opened(&self, fd: &Fd) -> FsResult<Stat> {
        Ok(match self.wasi.table.get(fd)? {
            Descriptor::File(file) => Stat::of(&*file.file),
            Descriptor::Dir(folder) => Stat::of(&*folder.dir),
        }
        .map_err(std::io::Error::from)?)
    }

    /// Opens or creates the file at a path. Permissions are checked again for the file that was
    /// actually opened.
    async fn open(
        &mut self,
        target: ResolvedPath,
        mut open: OpenFlags,
        mut flags: DescriptorFlags,
    ) -> FsResult<Fd> {
        let changes = open.intersects(OpenFlags::CREATE | OpenFlags::TRUNCATE)
            || flags.contains(DescriptorFlags::WRITE);
        let is_new = target.kind().is_none();
        let truncates = open.contains(OpenFlags::TRUNCATE) && !is_new;
        if is_new {
            // A file that another process creates meanwhile is not the driver's.
            open |= OpenFlags::EXCLUSIVE;
        } else {
            // Truncates only after the opened file is known.
            open &= OpenFlags::DIRECTORY;
            if changes {
                flags |= DescriptorFlags::WRITE;
            }
        }
        let (slot, name) = self.parent_slot(&target)?;
        let fd = self.wasi.open_at(slot, PathFlags::empty(), name, open, flags).await?;
        let found = self.opened(&fd)?;
        let access = match is_new {
            true => PathAccess::ALL,
            false => self.files.access(&target.location.path, Some(found)),
        };
        let permitted = match found.kind {
            FileKind::Folder => access.stat,
            FileKind::File if changes => access.write,
            FileKind::File => access.read,
            FileKind::Link | FileKind::Other => false,
        };
        if !permitted {
            self.wasi.table.delete(fd)?;
            return self.files.refuse(&target.location.path);
        }
        if truncates && found.kind == FileKind::File {
            let fd = Resource::new_borrow(fd.rep());
            self.wasi.set_size(fd, 0).await?;
        }
        self.files.handles.insert(fd.rep(), Handle { path: target.location.path.clone(), access });
        if is_new {
            self.record_creation(target, found);
        }
        Ok(fd)
    }

    /// Renames an entry. Does not move or replace files that other processes have put at either
    /// path since both were checked, unless the configuration names that path.
    fn rename(&mut self, from: &ResolvedPath, to: &ResolvedPath) -> FsResult<()> {
        let parent = |target: &'_ ResolvedPath| -> FsResult<std::os::fd::OwnedFd> {
            Ok(target.location.parent.as_ref().ok_or(ErrorCode::NoEntry)?.try_clone()?)
        };
        let (old, new) = (parent(from)?, parent(to)?);
        let (old, new) = ((&old, &*from.location.name), (&new, &*to.location.name));
        let is_granted = self.files.permissions.of(&to.location.path).write;
        if let Some(Stat { kind: FileKind::File, identity }) = self.files.own(to)
            && !remove_own(new.0, new.1, identity).map_err(std::io::Error::from)?
        {
            return self.files.refuse(&to.location.path);
        }
        // An entry that is the driver's only because it created it is first moved to a random name,
        // which no other process knows. Checking the entry after the rename instead would reveal
        // files of other processes.
        let temporary = match self.files.own(from) {
            None => None,
            Some(own) => match set_aside(old.0, old.1, own.identity) {
                Ok(Some(temporary)) => Some(temporary),
                Ok(None) => return self.files.refuse(&from.location.path),
                Err(error) => return Err(std::io::Error::from(error).into()),
            },
        };
        let source = (old.0, temporary.as_deref().unwrap_or(old.1));
        let renamed = match rename_new(source, new) {
            Err(Errno::EXIST) if is_granted || to.kind() == Some(FileKind::Folder) => {
                renameat(source.0, source.1, new.0, new.1)
            }
            other => other,
        };
        if renamed.is_err() && temporary.is_some() {
            // Moves the entry back to the path that the driver knows.
            rename_new(source, old).map_err(std::io::Error::from)?;
        }
        Ok(renamed.map_err(std::io::Error::from)?)
    }

    fn metered(
        &mut self,
        stream: Resource<DynOutputStream>,
        at: Option<u64>,
    ) -> FsResult<Resource<DynOutputStream>> {
        let inner = self.wasi.table.delete(stream)?;
        let metered = MeteredStream { inner, quota: self.files.quota.clone(), at };
        let metered: DynOutputStream = Box::new(metered);
        Ok(self.wasi.table.push(metered)?)
    }
}

impl preopens::Host for View<'_> {
    fn get_directories(&mut self) -> wasmtime::Result<Vec<(Fd, String)>> {
        if self.files.slot.is_none() {
            return Ok(Vec::new());
        }
        let base = self.files.resolver.resolve(Path::new(""), false)?;
        let (path, access) = (base.path, self.files.permissions.of(Path::new("")));
        let folder = base.parent.ok_or(ErrorCode::NoEntry)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        // A base path without read permission can still be traversed.
        let folder = openat(&folder, ".", flags, Mode::empty()).unwrap_or(folder);
        let fd = self.wasi.table.push(self.files.folder(folder.into()))?;
        self.files.handles.insert(fd.rep(), Handle { path, access });
        Ok(vec![(fd, "/".to_owned())])
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
        open: OpenFlags,
        flags: DescriptorFlags,
    ) -> FsResult<Fd> {
        let follow = path_flags.contains(PathFlags::SYMLINK_FOLLOW);
        let creates = open.contains(OpenFlags::CREATE);
        let changes =
            creates || open.contains(OpenFlags::TRUNCATE) || flags.contains(DescriptorFlags::WRITE);
        let mut is_counted = false;
        let mut attempt = 1;
        loop {
            let target = self.resolve(&fd, &path, follow)?;
            let is_new = target.kind().is_none();
            match target.kind() {
                _ if !target.access.stat => return self.files.refuse(&target.location.path),
                None if creates && !target.is_folder => {
                    if !is_counted {
                        self.check_creation(&target, target.access.create)?;
                        is_counted = true;
                    }
                }
                None => return Err(ErrorCode::NoEntry.into()),
                Some(_) if creates && open.contains(OpenFlags::EXCLUSIVE) => {
                    return Err(ErrorCode::Exist.into());
                }
                Some(FileKind::Folder) => {}
                Some(FileKind::Link) => return Err(ErrorCode::Loop.into()),
                // Opening a named pipe would wait for its other end.
                Some(FileKind::Other) => return Err(ErrorCode::Unsupported.into()),
                Some(FileKind::File) if target.is_folder => {
                    return Err(ErrorCode::NotDirectory.into());
                }
                Some(FileKind::File) => {
                    let allowed = if changes { target.access.write } else { target.access.read };
                    if !allowed {
                        return self.files.refuse(&target.location.path);
                    }
                }
            }
            let error = match self.open(target, open, flags).await {
                Ok(opened) => return Ok(opened),
                Err(error) => error,
            };
            // Another run has created or removed its output there since the check.
            let race_error = if is_new { ErrorCode::Exist } else { ErrorCode::NoEntry };
            let is_race = error.downcast_ref() == Some(&race_error);
            if !is_race || open.contains(OpenFlags::EXCLUSIVE) || attempt == ATTEMPTS {
                return Err(error);
            }
            attempt += 1;
        }
    }

    fn drop(&mut self, fd: Fd) -> wasmtime::Result<()> {
        self.files.handles.remove(&fd.rep());
        HostDescriptor::drop(&mut self.wasi, fd)
    }

    async fn create_directory_at(&mut self, fd: Fd, path: String) -> FsResult<()> {
        let target = self.resolve(&fd, &path, false)?;
        if target.kind().is_some() && target.access.stat {
            return Err(ErrorCode::Exist.into());
        }
        self.check_creation(&target, target.access.create_dir)?;
        if !self.files.folders.show(&target.location.path) {
            let (slot, name) = self.parent_slot(&target)?;
            self.wasi.create_directory_at(slot, name).await?;
        }
        let parent = target.location.parent.as_ref().ok_or(ErrorCode::NoEntry)?;
        if let Ok(found) = Stat::at(parent, &target.location.name) {
            self.record_creation(target, found);
        }
        Ok(())
    }

    async fn rename_at(&mut self, fd: Fd, old: String, to: Fd, new: String) -> FsResult<()> {
        let from = self.resolve_writable(&fd, &old)?;
        match from.kind() {
            None => return Err(ErrorCode::NoEntry.into()),
            // A driver must not change the target of a path that the host uses.
            Some(FileKind::Link) => return Err(ErrorCode::NotPermitted.into()),
            Some(_) if self.files.permissions.is_fixed(&from.location.path) => {
                return self.files.refuse(&from.location.path);
            }
            Some(_) => {}
        }
        let to = self.resolve(&to, &new, false)?;
        let is_new = to.kind().is_none();
        // A new name can be denied where files may be replaced.
        let is_allowed = if is_new { to.access.create } else { to.access.write };
        if !is_allowed || self.files.permissions.is_fixed(&to.location.path) {
            return self.files.refuse(&to.location.path);
        }
        self.rename(&from, &to)?;
        let finished = self.files.permissions.of(&to.location.path).write;
        self.files.creations.moved(&from.location.path, &to.location.path, finished);
        Ok(())
    }

    async fn unlink_file_at(&mut self, fd: Fd, path: String) -> FsResult<()> {
        let target = self.resolve_writable(&fd, &path)?;
        if target.is_folder {
            return Err(ErrorCode::NotDirectory.into());
        }
        match (self.files.own(&target), &target.location.parent) {
            (Some(Stat { kind: FileKind::File, identity }), Some(parent)) => {
                let removed = remove_own(parent, &target.location.name, identity);
                if !removed.map_err(std::io::Error::from)? {
                    return self.files.refuse(&target.location.path);
                }
            }
            _ => {
                let (slot, name) = self.parent_slot(&target)?;
                self.wasi.unlink_file_at(slot, name).await?;
            }
        }
        self.files.creations.forget(&target.location.path);
        Ok(())
    }

    async fn remove_directory_at(&mut self, fd: Fd, path: String) -> FsResult<()> {
        let target = self.resolve_writable(&fd, &path)?;
        if self.files.permissions.is_fixed(&target.location.path) {
            return self.files.refuse(&target.location.path);
        }
        let (slot, name) = self.parent_slot(&target)?;
        self.wasi.remove_directory_at(slot, name).await?;
        self.files.creations.forget(&target.location.path);
        Ok(())
    }

    /// Denies links: a driver must not change the target of a path that the host uses.
    async fn link_at(&mut self, _: Fd, _: PathFlags, _: String, _: Fd, _: String) -> FsResult<()> {
        Err(ErrorCode::NotPermitted.into())
    }

    /// See [`HostDescriptor::link_at`].
    async fn symlink_at(&mut self, _: Fd, _: String, _: String) -> FsResult<()> {
        Err(ErrorCode::NotPermitted.into())
    }

    async fn readlink_at(&mut self, fd: Fd, path: String) -> FsResult<String> {
        let (root, path) = self.visible_slot(&fd, &path, false)?;
        self.wasi.readlink_at(root, path).await
    }

    async fn stat_at(
        &mut self,
        fd: Fd,
        flags: PathFlags,
        path: String,
    ) -> FsResult<DescriptorStat> {
        let follow = flags.contains(PathFlags::SYMLINK_FOLLOW);
        let (root, path) = self.visible_slot(&fd, &path, follow)?;
        self.wasi.stat_at(root, PathFlags::empty(), path).await
    }

    async fn metadata_hash_at(
        &mut self,
        fd: Fd,
        flags: PathFlags,
        path: String,
    ) -> FsResult<MetadataHashValue> {
        let follow = flags.contains(PathFlags::SYMLINK_FOLLOW);
        let (root, path) = self.visible_slot(&fd, &path, follow)?;
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
        let target = self.resolve_writable(&fd, &path)?;
        let (slot, name) = self.parent_slot(&target)?;
        self.wasi.set_times_at(slot, PathFlags::empty(), name, accessed, modified).await
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
        self.metered(stream, Some(offset))
    }

    fn append_via_stream(&mut self, fd: Fd) -> FsResult<Resource<DynOutputStream>> {
        let stream = self.wasi.append_via_stream(fd)?;
        self.metered(stream, None)
    }

    async fn read_directory(&mut self, fd: Fd) -> FsResult<Resource<DirectoryEntryStream>> {
        let handle = self.files.handles.get(&fd.rep()).ok_or(ErrorCode::BadDescriptor)?;
        let (path, access) = (handle.path.clone(), handle.access);
        let Descriptor::Dir(folder) = self.wasi.table.get(&fd)? else {
            return Err(ErrorCode::NotDirectory.into());
        };
        if !access.read {
            return self.files.refuse(&path);
        }
        if self.files.lists >= listing::MAX_OPEN {
            self.files.quota.refuse(format!(
                "it tried to open more than {} directory listings at the same time",
                listing::MAX_OPEN
            ));
            return Err(ErrorCode::Quota.into());
        }
        let listing = Listing::new(&folder.dir, path)?;
        let stream = self.wasi.table.push(listing)?;
        self.files.lists += 1;
        // The engine's type of listing cannot be created here; only its handle matters.
        Ok(Resource::new_own(stream.rep()))
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
        let stream = Resource::<Listing>::new_borrow(stream.rep());
        loop {
            let listing = self.wasi.table.get_mut(&stream)?;
            let Some((path, entry)) = listing.next()? else { return Ok(None) };
            // Entries that the driver may not see are hidden.
            if self.files.creations.knows(&path) || self.files.permissions.of(&path).stat {
                return Ok(Some(entry));
            }
        }
    }

    fn drop(&mut self, stream: Resource<DirectoryEntryStream>) -> wasmtime::Result<()> {
        self.wasi.table.delete(Resource::<Listing>::new_own(stream.rep()))?;
        self.files.lists = self.files.lists.saturating_sub(1);
        Ok(())
    }
}
