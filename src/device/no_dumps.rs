//! Keeps what is in this process's memory out of files.
//!
//! A typed PIN is in memory for as long as one operation takes. A crash in that moment must not write it to a core file, and no
//! other program of the same user may read it out of the running process.

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

/// Forbids core dumps of this process and its memory to other programs of the same user, who then cannot attach a debugger either.
///
/// Both ways, because each leaves a gap: the limit does not hold for a core pattern that is a pipe, and a child process that is
/// started gets a fresh dumpable flag.
pub fn forbid() -> std::io::Result<()> {
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    Ok(())
}
