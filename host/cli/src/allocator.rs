//! Settings of the system's allocator.

/// Makes the allocator keep the memory of dropped batches for the next ones. Called before the
/// process has a second thread.
///
/// By default, glibc returns freed memory to the kernel as soon as a few hundred kilobytes are
/// free, which is less than a batch: a chain of steps then spends more time on page faults than on
/// its rows. A fixed threshold also keeps glibc from adjusting both thresholds to the first blocks
/// that happen to be freed, so that equal runs take equal time.
pub(crate) fn keep_freed_batches() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        /// Free bytes that the allocator keeps in each of its arenas.
        const KEPT: i32 = 16 << 20;
        /// Size of blocks, in bytes, from which a block is returned to the kernel on its own.
        const LARGE: i32 = 4 << 20;
        // SAFETY: both calls only store a number, and no other thread allocates yet.
        #[expect(unsafe_code, reason = "the settings have no safe interface")]
        unsafe {
            libc::mallopt(libc::M_TRIM_THRESHOLD, KEPT);
            libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE);
        }
    }
}
