//! Certificates of a CA made afresh by openssl, judged by chain, validity, use and kind.

use bam_station::{
    rules::{CardState, CertificateKind},
    trust::{
        Anchors, Desk, KeyAlgorithm, Note, Objection, ProofSource, ProxySettings, Purpose, Revocation, TrainingCa, Trust,
        TrustSettings, Usage, Verdict,
    },
};

use crate::support_pki::{Authority, LOCAL, Pki, QUALIFIED, Wanted, days, now};

/// The code of the objection; empty when there is none.
pub fn code(verdict: &Verdict) -> &'static str {
    verdict.objection.as_ref().map_or("", Objection::code)
}

#[test]
fn a_good_certificate_counts_and_the_answers_are_there_for_the_evidence() {
    let pki = Pki::new();
    for rsa in [false, true] {
        let person = pki.sub.issue(&Wanted { rsa, more: pki.both_places(), ..Wanted::person("Åse Ødegård") });
        let verdict = pki.trust().judge(&person.certificate, Usage::Identify, now());
        assert_eq!(verdict.objection, None);
        assert!(verdict.counts());
        assert_eq!(verdict.kind, Some(CertificateKind::Qualified));
        assert_eq!(verdict.state, Some(CardState::Valid));
        assert_eq!(verdict.policies, [QUALIFIED]);
        assert_eq!(verdict.chain, [person.certificate, pki.sub.certificate.clone(), pki.root.certificate.clone()]);
        assert_eq!(verdict.notes, []);
        let sources: Vec<ProofSource> = verdict.proofs.iter().map(|proof| proof.source).collect();
        assert_eq!(sources, [ProofSource::RevocationList, ProofSource::Ocsp]);
        assert_eq!(verdict.proofs[0].url, pki.server.url("/root.crl"));
        assert!(verdict.proofs.iter().all(|proof| proof.next_update.unwrap() > now() && !proof.kept));
    }
}

#[test]
fn the_policies_tell_the_kind() {
    let pki = Pki::new();
    let trust = pki.trust();
    for (policies, kind) in [
        (vec![QUALIFIED], Some(CertificateKind::Qualified)),
        (vec![LOCAL], Some(CertificateKind::Local)),
        (vec!["1.2.3.4", LOCAL], Some(CertificateKind::Local)),
        (vec![LOCAL, QUALIFIED], None),
        (vec!["1.2.3.4"], None),
        (vec!["2.5.29.32.0"], None),
        (vec![], None),
    ] {
        let person = pki.sub.issue(&Wanted { policies: policies.clone(), more: pki.list_place(), ..Wanted::person("Åse") });
        let signs_in = trust.judge(&person.certificate, Usage::SignIn, now());
        assert_eq!((signs_in.kind, code(&signs_in)), (kind, ""), "{policies:?}");
        let identifies = trust.judge(&person.certificate, Usage::Identify, now());
        assert_eq!(code(&identifies), if kind.is_none() { "CERTIFICATE_KIND_UNKNOWN" } else { "" }, "{policies:?}");
    }
}

#[test]
fn an_issuer_that_names_other_policies_forbids_the_kind() {
    let pki = Pki::new();
    let root_list = format!("crlDistributionPoints=URI:{}\n", pki.server.url("/root.crl"));
    for (named, kind) in
        [(QUALIFIED, Some(CertificateKind::Qualified)), ("2.5.29.32.0", Some(CertificateKind::Qualified)), (LOCAL, None)]
    {
        let more = format!("{root_list}certificatePolicies={named}\n");
        let folder = pki.folder.path().join(named);
        let sub = Authority::below(&pki.root, &folder, "Utopia Other CA", &more);
        let person = sub.issue(&Wanted::person("Åse"));
        let trust = pki.trust_with(|settings| {
            settings.intermediates = vec![sub.pem()];
            settings.revocation = Revocation::Off;
        });
        let verdict = trust.judge(&person.certificate, Usage::SignIn, now());
        assert_eq!((verdict.kind, verdict.policies.is_empty()), (kind, kind.is_none()), "{named}");
    }
}

#[test]
fn a_key_is_used_only_for_what_it_is_for() {
    let pki = Pki::new();
    let trust = pki.trust_with(|settings| settings.revocation = Revocation::Off);
    let wrong = "CERTIFICATE_NOT_FOR_THIS_USE";
    for (usage, sign_in, sign) in
        [("digitalSignature", "", ""), ("nonRepudiation", wrong, ""), ("keyEncipherment", wrong, wrong), ("", wrong, wrong)]
    {
        let person = pki.sub.issue(&Wanted { usage, ..Wanted::person("Åse") });
        let judge = |usage| code(&trust.judge(&person.certificate, usage, now()));
        assert_eq!((judge(Usage::SignIn), judge(Usage::SignReport)), (sign_in, sign), "{usage}");
        assert_eq!((judge(Usage::Identify), judge(Usage::Show)), (sign_in, ""), "{usage}");
    }
    // A CA is nobody.
    assert_eq!(code(&trust.judge(&pki.sub.certificate, Usage::Show, now())), wrong);
}

#[test]
fn before_and_after_its_validity_a_certificate_does_not_count() {
    let pki = Pki::new();
    let trust = pki.trust();
    let early = Wanted { from: now() + days(2), more: pki.both_places(), ..Wanted::person("Åse") };
    let verdict = trust.judge(&pki.sub.issue(&early).certificate, Usage::Identify, now());
    assert_eq!((code(&verdict), verdict.state), ("CERTIFICATE_NOT_YET_VALID", None));

    let late = Wanted { until: now() - days(2), policies: vec![LOCAL], more: pki.both_places(), ..Wanted::person("Åse") };
    let expired = pki.sub.issue(&late);
    let verdict = trust.judge(&expired.certificate, Usage::Identify, now());
    assert_eq!((code(&verdict), verdict.state), ("CERTIFICATE_EXPIRED", Some(CardState::Expired)));
    assert_eq!(verdict.kind, Some(CertificateKind::Local));
    assert!(matches!(verdict.notes[..], [Note::ExpiredBeforeAnswer { .. }]), "{:?}", verdict.notes);

    // An expired card that was revoked before is revoked: it cannot be renewed (seed 003).
    pki.sub.revoke(&expired.pem);
    pki.publish();
    let verdict = trust.judge(&expired.certificate, Usage::Identify, now());
    assert_eq!((code(&verdict), verdict.state), ("CERTIFICATE_REVOKED", Some(CardState::Revoked)));
}

#[test]
fn only_the_anchors_vouch() {
    let pki = Pki::new();
    let person = pki.person("Åse");
    let judge = |trust: &Trust| {
        let verdict = trust.judge(&person.certificate, Usage::Identify, now());
        assert_eq!((verdict.state, verdict.kind, verdict.chain.len()), (None, None, 0));
        code(&verdict)
    };
    assert_eq!(judge(&pki.trust_with(|settings| settings.anchors = Vec::new())), "TRUST_NOT_CONFIGURED");
    assert_eq!(judge(&pki.trust_with(|settings| settings.intermediates = Vec::new())), "CERTIFICATE_ISSUER_MISSING");
    // A root of the same name, but not the same.
    let impostor = Authority::root(&pki.folder.path().join("impostor"), "Utopia Root CA");
    assert_eq!(judge(&pki.trust_with(|settings| settings.anchors = vec![impostor.pem()])), "CERTIFICATE_SIGNATURE_WRONG");
    // Its root stands among the intermediates, and still is no anchor.
    let other = Authority::root(&pki.folder.path().join("other"), "Somebody's Root CA");
    let trust = pki.trust_with(|settings| {
        settings.anchors = vec![other.pem()];
        settings.intermediates.push(pki.root.pem());
    });
    assert_eq!(judge(&trust), "CERTIFICATE_NOT_TRUSTED");
    assert_eq!(pki.server.asked(), [] as [&str; 0]);
}

#[test]
fn the_files_of_the_authorities_are_told_with_their_digests() {
    let pki = Pki::new();
    let trust = pki.trust();
    let files: Vec<_> = trust.files().iter().map(|(path, digest)| (path.clone(), *digest)).collect();
    let of = |path: std::path::PathBuf| {
        let digest = bam_station::digest::Digest::of(&std::fs::read(&path).unwrap());
        (path, digest)
    };
    assert_eq!(files, [of(pki.root.pem()), of(pki.sub.pem())]);
    let open = |path: &std::path::Path| {
        let settings = TrustSettings { anchors: vec![path.to_owned()], ..TrustSettings::default() };
        Trust::open(&settings, &ProxySettings::default(), Desk::Production, &pki.kept()).unwrap_err().code()
    };
    assert_eq!(open(&pki.folder.path().join("missing.pem")), "FILE_UNREADABLE");
    assert_eq!(open(pki.folder.path()), "FILE_UNREADABLE");
    let text = pki.folder.path().join("text.pem");
    std::fs::write(&text, "no certificate").unwrap();
    assert_eq!(open(&text), "TRUST_FILE_NOT_READABLE");
}

#[test]
fn a_training_desk_trusts_its_own_authority_and_no_other_desk_does() {
    let authority = TrainingCa::create("Utopia", now()).unwrap();
    let purpose = Purpose::Holder(CertificateKind::Local);
    let issued = authority.issue_with_new_key("Åse Ødegård", "Utopia", &purpose, KeyAlgorithm::P256, now()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let open = |settings: &TrustSettings, desk| {
        let trust = Trust::open(settings, &ProxySettings::default(), desk, folder.path()).unwrap();
        trust.judge(&issued.certificate, Usage::Identify, now())
    };
    let training = || Desk::Training { authorities: vec![authority.certificate().clone()] };
    let verdict = open(&TrustSettings::default(), training());
    assert_eq!((code(&verdict), verdict.kind, verdict.state), ("", Some(CertificateKind::Local), Some(CardState::Valid)));
    assert_eq!(verdict.notes, [Note::RevocationNotAsked]);
    let strict = TrustSettings { revocation: Revocation::Required, ..TrustSettings::default() };
    assert_eq!(code(&open(&strict, training())), "CERTIFICATE_REVOCATION_UNKNOWN");
    assert_eq!(code(&open(&TrustSettings::default(), Desk::Production)), "TRUST_NOT_CONFIGURED");

    // Even an organisation that names the training CA as its own gets no kind from its policies outside training.
    let pem = folder.path().join("ca.pem");
    std::fs::write(&pem, authority.certificate_pem().unwrap()).unwrap();
    assert!(Anchors::from_bytes(&std::fs::read(&pem).unwrap()).is_ok());
    let named = TrustSettings { anchors: vec![pem], revocation: Revocation::Off, ..TrustSettings::default() };
    assert_eq!(code(&open(&named, Desk::Production)), "CERTIFICATE_KIND_UNKNOWN");
}
