//! Names compared (`bam.md` §3.6).
