//! Evidence: named after its digest, complete or not there, found out when it was changed.

use std::{fs, os::unix::fs::PermissionsExt};

use bam_station::{
    digest::Digest,
    register::{MAX_EVIDENCE_BYTES, Register, RegisterError},
};

#[test]
fn evidence_comes_back_by_its_digest() {
    let folder = tempfile::tempdir().unwrap();
    let register = Register::open(folder.path()).unwrap();
    for bytes in [b"".as_slice(), b"a scan", &[0xa5; 100_000]] {
        let digest = register.evidence().put(bytes).unwrap();
        assert_eq!(digest, Digest::of(bytes));
        assert_eq!(register.evidence().get(&digest, 100_000).unwrap(), bytes);
        assert_eq!(register.evidence().put(bytes).unwrap(), digest, "keeping it again changes nothing");
        let name = digest.to_string();
        let path = folder.path().join("evidence").join(&name[..2]).join(&name);
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o400);
    }
}

#[test]
fn evidence_that_was_changed_or_removed_is_found_out_and_can_be_kept_again() {
    let folder = tempfile::tempdir().unwrap();
    let register = Register::open(folder.path()).unwrap();
    let digest = register.evidence().put(b"a scan").unwrap();
    let path = register.evidence().file(&digest).unwrap();

    fs::remove_file(&path).unwrap();
    assert!(matches!(register.evidence().get(&digest, 100), Err(RegisterError::EvidenceMissing(missing)) if missing == digest));
    for changed in [b"a scam".as_slice(), b"a sca", b"", b"a scan and a bit more"] {
        let _ = fs::remove_file(&path);
        fs::write(&path, changed).unwrap();
        assert!(
            matches!(register.evidence().get(&digest, 100), Err(RegisterError::EvidenceDamaged(damaged)) if damaged == digest)
        );
    }
    register.evidence().put(b"a scan").unwrap();
    assert_eq!(register.evidence().get(&digest, 100).unwrap(), b"a scan");
}

#[test]
fn sizes_are_limited_on_the_way_in_and_out() {
    let folder = tempfile::tempdir().unwrap();
    let register = Register::open(folder.path()).unwrap();
    let digest = register.evidence().put(b"a scan").unwrap();
    assert!(matches!(register.evidence().get(&digest, 5), Err(RegisterError::TooLarge { limit: 5 })));
    assert_eq!(register.evidence().get(&digest, 6).unwrap(), b"a scan");
    let too_large = vec![0; usize::try_from(MAX_EVIDENCE_BYTES).unwrap() + 1];
    assert!(matches!(register.evidence().put(&too_large), Err(RegisterError::TooLarge { limit: MAX_EVIDENCE_BYTES })));
}

#[test]
fn what_an_interrupted_write_left_behind_is_removed_at_the_next_opening() {
    let folder = tempfile::tempdir().unwrap();
    let digest = Register::open(folder.path()).unwrap().evidence().put(b"a scan").unwrap();
    let incoming = folder.path().join("evidence/incoming");
    fs::write(incoming.join("half"), b"a sc").unwrap();
    Register::open_read_only(folder.path()).unwrap();
    assert_eq!(fs::read_dir(&incoming).unwrap().count(), 1, "a reader removes nothing");
    let register = Register::open(folder.path()).unwrap();
    assert_eq!(fs::read_dir(&incoming).unwrap().count(), 0);
    assert_eq!(register.evidence().get(&digest, 100).unwrap(), b"a scan");
}
