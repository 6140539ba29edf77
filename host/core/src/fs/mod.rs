//! The host's own files: opened so that no symlink or special file is followed, written so that no
//! reader sees half of one.

pub mod atomic;
pub mod cache_dir;
pub mod layout;
pub mod project_dir;
pub mod regular;
pub mod staged;
