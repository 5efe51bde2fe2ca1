//! Revocation, asked for as in the field: openssl's responder, openssl's lists, and servers that are away, slow, wrong or hostile.

use std::{fs, process::Command, sync::Arc};

use bam_station::{
    rules::CardState,
    trust::{
        Desk, Note, Objection, ProofSource, ProxySettings, Revocation, RevocationProblem, Trust, TrustSettings, Usage, Verdict,
        serial_text,
    },
};
use jiff::SignedDuration;
use proptest::prelude::*;

use crate::{
    support_pki::{Authority, Issued, Pki, Reply, Server, Wanted, days, now, openssl},
    trust_verdict::code,
};

const GOOD: &str = "";
const UNKNOWN: &str = "CERTIFICATE_REVOCATION_UNKNOWN";
const NOT_PROVEN: &str = "CERTIFICATE_REVOCATION_NOT_PROVEN";
const STALE: &str = "CERTIFICATE_REVOCATION_STALE";
const REVOKED: &str = "CERTIFICATE_IS_REVOKED";

fn judge(trust: &Trust, person: &Issued) -> Verdict {
    trust.judge(&person.certificate, Usage::Identify, now())
}

/// Why the answer was no answer.
fn why(verdict: &Verdict) -> Option<RevocationProblem> {
    match verdict.objection {
        Some(Objection::RevocationUnknown { why, .. } | Objection::RevocationUnusable { why, .. }) => Some(why),
        _ => None,
    }
}

/// A person whose certificate names only the responder, or only the list.
fn person_of(pki: &Pki, more: &str) -> Issued {
    pki.sub.issue(&Wanted { more: more.into(), ..Wanted::person("Åse Ødegård") })
}

fn when_reachable(pki: &Pki) -> Trust {
    pki.trust_with(|settings| settings.revocation = Revocation::WhenReachable)
}

#[test]
fn a_revoked_certificate_is_refused_by_the_responder_and_by_the_list() {
    let pki = Pki::new();
    for more in [pki.ocsp_place(), pki.list_place()] {
        let person = person_of(&pki, &more);
        assert_eq!(code(&judge(&pki.trust(), &person)), GOOD);
        pki.sub.revoke(&person.pem);
        pki.publish();
        for trust in [pki.trust(), when_reachable(&pki)] {
            let verdict = judge(&trust, &person);
            assert_eq!((code(&verdict), verdict.state), (REVOKED, Some(CardState::Revoked)));
            // The proof is kept, because somebody will ask why.
            assert_eq!(verdict.proofs.len(), 2);
        }
    }
}

#[test]
fn a_revoked_authority_takes_its_certificates_with_it() {
    let pki = Pki::new();
    let person = pki.person("Åse");
    pki.root.revoke(&pki.sub.pem());
    pki.publish();
    let verdict = judge(&pki.trust(), &person);
    assert_eq!((code(&verdict), verdict.state), (REVOKED, Some(CardState::Revoked)));
    assert!(
        matches!(&verdict.objection, Some(Objection::Revoked { serial, .. }) if *serial == serial_text(&pki.sub.certificate))
    );
}

#[test]
fn a_running_responder_answers() {
    let pki = Pki::new();
    let (good, bad) = (person_of(&pki, &pki.ocsp_place()), person_of(&pki, &pki.ocsp_place()));
    pki.sub.revoke(&bad.pem);
    let responder = pki.sub.responder(&pki.ocsp);
    let port = responder.port;
    pki.server.gives("/ocsp", Reply::Passed(port));
    let verdict = judge(&pki.trust(), &good);
    assert_eq!((code(&verdict), verdict.proofs[1].source), (GOOD, ProofSource::Ocsp));
    assert_eq!(code(&judge(&pki.trust(), &bad)), REVOKED);
}

#[test]
fn when_the_responder_is_away_the_list_answers_and_that_is_noted() {
    let pki = Pki::new();
    let person = pki.person("Åse");
    pki.server.gives("/ocsp", Reply::Status(503));
    let verdict = judge(&pki.trust(), &person);
    assert_eq!(code(&verdict), GOOD);
    assert_eq!(verdict.proofs[1].source, ProofSource::RevocationList);
    let note = Note::OtherPlaceAsked { url: pki.server.url("/ocsp"), why: RevocationProblem::ServerError };
    assert_eq!(verdict.notes, [note]);
}

#[test]
fn when_nobody_can_be_asked_the_configuration_decides_and_the_record_says_so() {
    let pki = Pki::new();
    let person = pki.person("Åse");
    pki.server.stop();
    let verdict = judge(&pki.trust(), &person);
    assert_eq!((code(&verdict), why(&verdict)), (UNKNOWN, Some(RevocationProblem::Unreachable)));
    // Nothing may be decided from this card.
    assert_eq!(verdict.state, None);

    let verdict = judge(&when_reachable(&pki), &person);
    assert_eq!((code(&verdict), verdict.state), (GOOD, Some(CardState::Valid)));
    let accepted = |of: &x509_cert::Certificate| Note::AcceptedWithoutAnswer {
        serial: serial_text(of),
        why: RevocationProblem::Unreachable,
    };
    assert_eq!(verdict.notes, [accepted(&pki.sub.certificate), accepted(&person.certificate)]);

    let verdict = judge(&pki.trust_with(|settings| settings.revocation = Revocation::Off), &person);
    assert_eq!((code(&verdict), &verdict.notes[..]), (GOOD, &[Note::RevocationNotAsked][..]));
}

#[test]
fn a_silent_server_is_given_up() {
    let pki = Pki::new();
    let person = person_of(&pki, &pki.ocsp_place());
    pki.server.gives("/ocsp", Reply::Silence);
    let verdict = judge(&pki.trust_with(|settings| settings.fetch_seconds = 1), &person);
    assert_eq!(code(&verdict), UNKNOWN);
    // On a busy machine the list of the root may take too long as well.
    assert_eq!(why(&verdict), Some(RevocationProblem::TimedOut));
}

#[test]
fn a_certificate_that_names_no_place_cannot_be_asked_about() {
    let pki = Pki::new();
    let person = person_of(&pki, "");
    let verdict = judge(&pki.trust(), &person);
    assert_eq!((code(&verdict), why(&verdict)), (UNKNOWN, Some(RevocationProblem::NoPlace)));
    let ldap = person_of(&pki, "crlDistributionPoints=URI:ldap://127.0.0.1/cn=CA,URI:file:///etc/passwd\n");
    assert_eq!(why(&judge(&pki.trust(), &ldap)), Some(RevocationProblem::NoPlace));
}

#[test]
fn a_stale_list_counts_only_within_the_grace() {
    let pki = Pki::new();
    let person = person_of(&pki, &pki.list_place());
    let overdue = now() - SignedDuration::from_hours(3);
    pki.server.gives("/sub.crl", Reply::Bytes(pki.sub.list_with(now() - days(2), overdue, "")));
    for trust in [pki.trust(), when_reachable(&pki), pki.trust_with(|settings| settings.stale_grace_hours = 2)] {
        let verdict = judge(&trust, &person);
        assert_eq!((code(&verdict), verdict.state), (STALE, None));
    }
    let verdict = judge(&pki.trust_with(|settings| settings.stale_grace_hours = 4), &person);
    assert_eq!(code(&verdict), GOOD);
    assert!(matches!(&verdict.notes[..], [Note::StaleAccepted { serial, .. }] if *serial == serial_text(&person.certificate)));

    pki.server.gives("/sub.crl", Reply::Bytes(pki.sub.list_with(now() + days(1), now() + days(2), "")));
    assert_eq!(code(&judge(&pki.trust(), &person)), STALE);
}

#[test]
fn an_old_response_does_not_count() {
    let pki = Pki::new();
    pki.server.gives("/root.crl", Reply::Bytes(pki.root.list_with(now() - days(1), now() + days(9), "")));
    let person = person_of(&pki, &pki.ocsp_place());
    let at = |hours: i64| {
        let verdict = pki.trust().judge(&person.certificate, Usage::Identify, now() + SignedDuration::from_hours(hours));
        code(&verdict)
    };
    // The responder's answers hold for an hour.
    assert_eq!((at(0), at(2)), (GOOD, STALE));
    // Made in the future: somebody's clock is wrong.
    assert_eq!(at(-1), STALE);

    // Answers without an end hold for a day.
    fs::remove_dir_all(pki.kept()).unwrap();
    let (sub, signer) = (pki.sub.clone(), pki.ocsp.clone());
    pki.server.gives("/ocsp", Reply::Made(Arc::new(move |request| sub.ocsp_answer(request, &signer, &["-resp_text"]))));
    assert_eq!((at(0), at(23), at(25)), (GOOD, GOOD, STALE));
}

#[test]
fn a_forged_response_does_not_count() {
    let pki = Pki::new();
    let other = Authority::root(&pki.folder.path().join("other"), "Utopia Card CA");
    let forgers = [
        ("another CA's responder", other.ocsp_signer("Utopia OCSP", "noCheck=ignored")),
        ("without proof that it need not be checked", pki.sub.ocsp_signer("Utopia OCSP", "")),
        ("somebody with a card", pki.person("Utopia OCSP")),
        (
            "for another purpose",
            pki.sub
                .issue(&Wanted { more: "extendedKeyUsage=clientAuth\nnoCheck=ignored".into(), ..Wanted::person("Utopia OCSP") }),
        ),
        (
            "expired",
            pki.sub.issue(&Wanted {
                until: now() - days(1),
                more: "extendedKeyUsage=OCSPSigning\nnoCheck=ignored".into(),
                ..Wanted::person("Utopia OCSP")
            }),
        ),
    ];
    let person = person_of(&pki, &pki.ocsp_place());
    for (what, forger) in forgers {
        let sub = pki.sub.clone();
        pki.server.gives("/ocsp", Reply::Made(Arc::new(move |request| sub.ocsp_answer(request, &forger, &[]))));
        for trust in [pki.trust(), when_reachable(&pki)] {
            let verdict = judge(&trust, &person);
            assert_eq!((code(&verdict), why(&verdict)), (NOT_PROVEN, Some(RevocationProblem::NotSigned)), "{what}");
        }
    }
    // The CA itself may answer too.
    let (sub, itself) = (pki.sub.clone(), pki.sub.as_issued());
    pki.server.gives("/ocsp", Reply::Made(Arc::new(move |request| sub.ocsp_answer(request, &itself, &[]))));
    assert_eq!(code(&judge(&pki.trust(), &person)), GOOD);
}

#[test]
fn an_answer_about_something_else_does_not_count() {
    let pki = Pki::new();
    let (person, another) = (person_of(&pki, &pki.ocsp_place()), pki.person("Bo"));
    let about_another = pki.sub.ocsp_answer(&pki.sub.ocsp_request(&another.pem), &pki.ocsp, &[]);
    pki.server.gives("/ocsp", Reply::Bytes(about_another));
    assert_eq!(why(&judge(&pki.trust(), &person)), Some(RevocationProblem::AboutSomethingElse));

    // An answer to an earlier question about the same certificate, played back.
    let (sub, signer) = (pki.sub.clone(), pki.ocsp.clone());
    let first = Arc::new(std::sync::OnceLock::new());
    let replay = move |request: &[u8]| first.get_or_init(|| sub.ocsp_answer(request, &signer, &[])).clone();
    pki.server.gives("/ocsp", Reply::Made(Arc::new(replay)));
    assert_eq!(code(&judge(&pki.trust(), &person)), GOOD);
    fs::remove_dir_all(pki.kept()).unwrap();
    assert_eq!(why(&judge(&pki.trust(), &person)), Some(RevocationProblem::AboutSomethingElse));

    // A responder that repeats no nonce answers with what it has made before (RFC 5019).
    let without = pki.sub.ocsp_answer(&pki.sub.ocsp_request(&person.pem), &pki.ocsp, &[]);
    pki.server.gives("/ocsp", Reply::Bytes(without));
    assert_eq!(code(&judge(&pki.trust(), &person)), GOOD);

    // A responder that has never heard of the certificate.
    fs::remove_dir_all(pki.kept()).unwrap();
    let (root, signer) = (pki.sub.without_database(), pki.ocsp.clone());
    pki.server.gives("/ocsp", Reply::Made(Arc::new(move |request| root.ocsp_answer(request, &signer, &[]))));
    assert_eq!(why(&judge(&pki.trust(), &person)), Some(RevocationProblem::NotKnown));
}

#[test]
fn a_list_that_is_not_the_whole_list_of_the_issuer_does_not_count() {
    let pki = Pki::new();
    let person = person_of(&pki, &pki.list_place());
    let (this, next) = (now() - days(1), now() + days(1));
    let list = |extensions: &str| pki.sub.list_with(this, next, extensions);
    let part = |inside: &str| list(&format!("issuingDistributionPoint=critical,@part\n[part]\n{inside}\n"));
    let own_place = pki.server.url("/sub.crl");
    for (what, bytes, expected) in [
        ("of another CA", pki.root.list(), Some(RevocationProblem::NotSigned)),
        ("delta", list("2.5.29.27=critical,DER:020101\n"), Some(RevocationProblem::UnknownDemand)),
        ("delta that hides it", list("2.5.29.27=DER:020101\n"), Some(RevocationProblem::UnknownDemand)),
        ("unknown demand", list("1.3.6.1.4.1.32473.9=critical,DER:0500\n"), Some(RevocationProblem::UnknownDemand)),
        ("indirect", part("indirectCRL=TRUE"), Some(RevocationProblem::UnknownDemand)),
        ("for some reasons", part("onlysomereasons=keyCompromise"), Some(RevocationProblem::UnknownDemand)),
        ("of CAs alone", part("onlyCA=TRUE"), Some(RevocationProblem::AboutSomethingElse)),
        ("of attribute certificates", part("onlyAA=TRUE"), Some(RevocationProblem::AboutSomethingElse)),
        ("of another place", part("fullname=URI:http://127.0.0.1/x.crl"), Some(RevocationProblem::AboutSomethingElse)),
        ("of this place, for people", part(&format!("fullname=URI:{own_place}\nonlyuser=TRUE")), None),
    ] {
        let _ = fs::remove_dir_all(pki.kept());
        pki.server.gives("/sub.crl", Reply::Bytes(bytes));
        let verdict = judge(&pki.trust(), &person);
        assert_eq!((why(&verdict), verdict.counts()), (expected, expected.is_none()), "{what}");
    }
}

#[test]
fn answers_that_are_none_do_not_count() {
    let pki = Pki::new();
    for (path, more) in [("/ocsp", pki.ocsp_place()), ("/sub.crl", pki.list_place())] {
        let person = person_of(&pki, &more);
        for (reply, expected) in [
            (Reply::Bytes(Vec::new()), RevocationProblem::Damaged),
            (Reply::Bytes(b"<html>Please sign in to the network</html>".to_vec()), RevocationProblem::Damaged),
            (Reply::Bytes(vec![0x30; 21 << 20]), RevocationProblem::TooLarge),
            (Reply::Status(404), RevocationProblem::ServerError),
            (Reply::Status(500), RevocationProblem::ServerError),
            (Reply::Redirect("file:///etc/passwd".into()), RevocationProblem::ServerError),
            (Reply::Redirect(pki.server.url(path)), RevocationProblem::Unreachable),
        ] {
            pki.server.gives(path, reply);
            let verdict = judge(&pki.trust(), &person);
            assert_eq!(why(&verdict), Some(expected), "{path}");
            let accepted = judge(&when_reachable(&pki), &person).counts();
            assert_eq!(accepted, expected.is_away(), "{path}: {expected}");
        }
        pki.server.gives(
            "/moved",
            match path {
                "/sub.crl" => Reply::Bytes(pki.sub.list()),
                _ => Reply::Status(500),
            },
        );
        pki.server.gives(path, Reply::Redirect(pki.server.url("/moved")));
        assert_eq!(judge(&pki.trust(), &person).counts(), path == "/sub.crl");
    }
}

#[test]
fn an_answer_is_asked_for_once_in_a_while_and_kept_for_bad_days() {
    let pki = Pki::new();
    let person = pki.person("Åse");
    let again = pki.trust_with(|settings| settings.ask_again_minutes = 60);
    assert_eq!(code(&judge(&again, &person)), GOOD);
    assert_eq!(pki.server.asked(), ["/root.crl", "/ocsp"]);
    let verdict = judge(&again, &person);
    assert_eq!((code(&verdict), &verdict.notes[..]), (GOOD, &[][..]));
    assert!(verdict.proofs.iter().all(|proof| proof.kept));
    assert_eq!(pki.server.asked(), [] as [&str; 0]);

    // Somebody who asks each time asks, and falls back on what was kept.
    assert_eq!(code(&judge(&pki.trust(), &person)), GOOD);
    assert_eq!(pki.server.asked(), ["/root.crl", "/ocsp"]);
    pki.server.stop();
    let verdict = judge(&pki.trust(), &person);
    assert_eq!(code(&verdict), GOOD);
    assert!(matches!(verdict.notes[..], [Note::KeptAnswerUsed { .. }, Note::KeptAnswerUsed { .. }]), "{:?}", verdict.notes);
    // But not when its time is over.
    let later = pki.trust().judge(&person.certificate, Usage::Identify, now() + SignedDuration::from_hours(2));
    assert_eq!(code(&later), UNKNOWN);
}

#[test]
fn an_older_list_that_is_played_back_does_not_undo_a_revocation() {
    let pki = Pki::new();
    let person = person_of(&pki, &pki.list_place());
    let before = pki.sub.list_with(now() - days(1), now() + days(1), "");
    pki.sub.revoke(&person.pem);
    pki.publish();
    assert_eq!(code(&judge(&pki.trust(), &person)), REVOKED);
    pki.server.gives("/sub.crl", Reply::Bytes(before));
    assert_eq!(code(&judge(&pki.trust(), &person)), REVOKED);
    // It stays so when asked again: the older list does not take the place of the newer one.
    assert_eq!(code(&judge(&pki.trust(), &person)), REVOKED);
}

#[test]
fn what_was_kept_is_checked_anew() {
    let pki = Pki::new();
    let person = person_of(&pki, &pki.ocsp_place());
    let again = pki.trust_with(|settings| settings.ask_again_minutes = 60);
    assert_eq!(code(&judge(&again, &person)), GOOD);
    let files = || fs::read_dir(pki.kept()).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    assert_eq!(files().len(), 2);
    pki.server.asked();
    for damage in [b"".as_slice(), b"nonsense", &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]] {
        for file in files() {
            fs::write(file, damage).unwrap();
        }
        assert_eq!(code(&judge(&again, &person)), GOOD);
        assert_eq!(pki.server.asked(), ["/root.crl", "/ocsp"]);
    }
    // Another certificate's good answer in the place of this one's.
    pki.sub.revoke(&person.pem);
    pki.publish();
    let another = person_of(&pki, &pki.ocsp_place());
    let good = pki.sub.ocsp_answer(&pki.sub.ocsp_request(&another.pem), &pki.ocsp, &[]);
    for file in files() {
        fs::write(file, &good).unwrap();
    }
    assert_eq!(code(&judge(&again, &person)), REVOKED);
    // A folder that cannot be written costs nothing but the keeping.
    fs::remove_dir_all(pki.kept()).unwrap();
    fs::write(pki.kept(), "in the way").unwrap();
    assert_eq!(code(&judge(&again, &another)), GOOD);
}

#[test]
fn the_way_out_is_the_configured_proxy() {
    let pki = Pki::new();
    let place = "crlDistributionPoints=URI:http://lists.example.test/sub.crl\n";
    let person = person_of(&pki, place);
    let settings = TrustSettings { anchors: vec![pki.sub.pem()], intermediates: Vec::new(), ..pki.settings() };
    let trust = |proxy| Trust::open(&settings, &proxy, Desk::Production, &pki.kept()).unwrap();
    let url = Some(pki.server.url("").trim_end_matches('/').to_owned());
    let direct = ProxySettings { url: url.clone(), direct_hosts: vec!["example.test".into()] };
    assert_eq!(code(&judge(&trust(direct), &person)), UNKNOWN);
    assert_eq!(pki.server.asked(), [] as [&str; 0]);
    assert_eq!(code(&judge(&trust(ProxySettings { url, direct_hosts: Vec::new() }), &person)), GOOD);
    assert_eq!(pki.server.asked(), ["http://lists.example.test/sub.crl"]);
}

/// The sub CA as anchor and a revoked person: only the hostile answer stands between the person and the station.
struct Hostile {
    pki: Pki,
    trust: Trust,
    person: Issued,
    path: &'static str,
    answer: Vec<u8>,
}

impl Hostile {
    fn new(path: &'static str) -> Self {
        let pki = Pki::new();
        let place = if path == "/ocsp" { pki.ocsp_place() } else { pki.list_place() };
        let person = person_of(&pki, &place);
        pki.sub.revoke(&person.pem);
        let answer = match path {
            "/ocsp" => pki.sub.ocsp_answer(&pki.sub.ocsp_request(&person.pem), &pki.ocsp, &[]),
            _ => pki.sub.list(),
        };
        let trust = pki.trust_with(|settings| {
            settings.anchors = vec![pki.sub.pem()];
            settings.intermediates.clear();
        });
        Self { pki, trust, person, path, answer }
    }

    fn judge(&self, answer: Vec<u8>) -> Verdict {
        let _ = fs::remove_dir_all(self.pki.kept());
        self.pki.server.gives(self.path, Reply::Bytes(answer));
        judge(&self.trust, &self.person)
    }

    /// Whatever is done to the answer, the revoked certificate never counts.
    fn holds(&self, changes: &[(prop::sample::Index, u8)], end: &prop::sample::Index) {
        let mut answer = self.answer.clone();
        for (at, byte) in changes {
            let at = at.index(answer.len());
            answer[at] = *byte;
        }
        assert!(!self.judge(answer.clone()).counts());
        answer.truncate(end.index(answer.len()));
        assert!(!self.judge(answer).counts());
    }
}

#[test]
fn no_change_to_an_answer_makes_a_revoked_certificate_count() {
    for path in ["/ocsp", "/sub.crl"] {
        let hostile = Hostile::new(path);
        assert_eq!(code(&hostile.judge(hostile.answer.clone())), REVOKED);
        let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4);
        let cases = ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() };
        proptest!(cases, |(changes in changes, end in any::<prop::sample::Index>())| {
            hostile.holds(&changes, &end);
        });
    }
}

#[test]
fn noise_is_no_answer() {
    for path in ["/ocsp", "/sub.crl"] {
        let hostile = Hostile::new(path);
        let cases = ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() };
        proptest!(cases, |(mut noise in prop::collection::vec(any::<u8>(), 0..600), sequence in any::<bool>())| {
            if sequence && noise.len() > 4 {
                let length = u16::try_from(noise.len() - 4).unwrap().to_be_bytes();
                noise[..4].copy_from_slice(&[0x30, 0x82, length[0], length[1]]);
            }
            prop_assert!(!hostile.judge(noise).counts());
        });
    }
}

#[test]
fn nobody_is_asked_about_a_certificate_of_strangers() {
    // The addresses in a certificate are followed only after a CA that is trusted has vouched for it.
    let pki = Pki::new();
    let trap = Server::start();
    let stranger = Authority::root(&pki.folder.path().join("stranger"), "Stranger");
    let more = format!("crlDistributionPoints=URI:{}\n", trap.url("/"));
    let person = stranger.issue(&Wanted { more, ..Wanted::person("Åse") });
    assert_eq!(code(&judge(&pki.trust(), &person)), "CERTIFICATE_ISSUER_MISSING");
    assert_eq!(trap.asked(), [] as [&str; 0]);
}

#[test]
fn openssl_judges_the_same() {
    let pki = Pki::new();
    let wanted = || Wanted { more: pki.list_place(), ..Wanted::person("Åse") };
    let other = Authority::root(&pki.folder.path().join("other"), "Utopia Card CA");
    let people = [
        pki.sub.issue(&wanted()),
        pki.sub.issue(&Wanted { rsa: true, ..wanted() }),
        pki.sub.issue(&wanted()),
        pki.sub.issue(&Wanted { until: now() - days(1), ..wanted() }),
        pki.sub.issue(&Wanted { from: now() + days(1), ..wanted() }),
        other.issue(&wanted()),
    ];
    pki.sub.revoke(&people[2].pem);
    pki.publish();
    let lists = pki.folder.path().join("lists.pem");
    let pem = |list: Vec<u8>| {
        let der = pki.folder.path().join("list.der");
        fs::write(&der, list).unwrap();
        openssl(&["crl", "-inform", "DER", "-in", der.to_str().unwrap()])
    };
    fs::write(&lists, [pem(pki.root.list()), pem(pki.sub.list())].concat()).unwrap();
    let trust = pki.trust();
    let mut counted = Vec::new();
    for person in &people {
        let output = Command::new("openssl")
            .args(["verify", "-crl_check_all", "-x509_strict", "-CRLfile"])
            .arg(&lists)
            .arg("-CAfile")
            .arg(pki.root.pem())
            .arg("-untrusted")
            .arg(pki.sub.pem())
            .arg(&person.pem)
            .output()
            .unwrap();
        let verdict = judge(&trust, person);
        assert_eq!(output.status.success(), verdict.counts(), "{}: {output:?}", code(&verdict));
        counted.push(verdict.counts());
    }
    assert_eq!(counted, [true, true, false, false, false, false]);
}
