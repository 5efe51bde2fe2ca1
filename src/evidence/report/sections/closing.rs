//! Sections 6 to 8: who controlled and when; the rules in force and how all this is checked; what the report does not say.

use super::{Content, common, digest, given, optional, plain, said, trust};
use crate::{
    control::RulesSigner,
    evidence::{
        record::LIMITS,
        report::{
            layout::{Bullet, Field, Flow},
            style::{self, WIDTH},
            text::{Run, Typeface},
            words::{self, Both},
        },
    },
    rules::{Conditions, IssueProcess, conditions::Kinds},
};

/// [`LIMITS`] in bokmål, in the same order.
const LIMITS_NB: [&str; LIMITS.len()] = [
    "Skanningen er et bilde i hvitt lys av det som ble vist. Ingen maskin har bekreftet at dokumentet er ekte.",
    "Om to signaturer er like, er operatørens vurdering. Ingen automatisk sammenligning er gjort.",
    "Tidspunktene i oppføringen er stasjonens klokke. Om en tidsstemplingstjeneste har bekreftet tidspunktet for signaturen, står i signaturen.",
];

/// Lays out the sections.
pub fn lay_out(flow: &mut Flow<'_>, content: &Content<'_>) {
    operator(flow, content);
    rules(flow, content);
    limits(flow, content);
}

fn operator(flow: &mut Flow<'_>, content: &Content<'_>) {
    let typeface = flow.typeface();
    let record = content.record;
    let operator = &record.operator;
    flow.heading("6", &words::both("Operatør og tidspunkter", "Operator and times"), 60.0);
    let key = if operator.software_key {
        words::both("I programvare", "In software")
    } else {
        words::both("På operatørens kort", "On the operator's card")
    };
    let mut fields = vec![
        Field::new("Operatør", "Operator", given(typeface, &operator.name)),
        Field::new("Brukernavn", "User name", optional(typeface, operator.user_name.as_deref())),
        Field::new(
            "Sertifikatets serienummer",
            "Serial number of the certificate",
            given(typeface, &operator.certificate_serial),
        ),
        Field::new("Signaturnøkkel", "Signature key", said(&key)),
        Field::wide("Sertifikatets utsteder", "Issuer of the certificate", given(typeface, &operator.certificate_issuer)),
        Field::new("Påbegynt", "Opened", plain(words::utc(record.opened_at))),
        Field::new("Fullført og signert", "Completed and signed", plain(words::utc(record.completed_at))),
        Field::new(
            "Kontorets tid ved fullføring",
            "The office's time at completion",
            given(typeface, &words::office(&record.completed_at_office)),
        ),
        Field::new("Kontor", "Office", given(typeface, &record.rules.office)),
    ];
    fields.extend(operator.trained.map(|day| Field::new("Operatørens siste opplæring", "Operator's last training", plain(day))));
    fields.extend(record.operator_judged.iter().flat_map(|judged| trust::fields(typeface, judged)));
    flow.fields(fields);
}

fn rules(flow: &mut Flow<'_>, content: &Content<'_>) {
    let typeface = flow.typeface();
    let record = content.record;
    flow.heading("7", &words::both("Reglene som gjaldt, og etterprøving", "The rules in force, and how to check"), 120.0);
    let head = [("Regel", "Rule"), ("Verdi", "Value"), ("Betydning", "Meaning")];
    let head = head.map(|(nb, en)| Run::both(&words::both(nb, en), style::LABEL, style::LABEL_EN));
    let mut rules: Vec<_> = flags(&record.rules.issue_process).into();
    if record.layout >= 2 {
        rules.extend(conditions(&record.rules.conditions));
    }
    let rows: Vec<_> = rules
        .into_iter()
        .map(|(name, value, meaning)| vec![common(plain(name)), common(value), common(said(&meaning))])
        .collect();
    flow.table(&[158.0, 70.0, WIDTH - 228.0], &head, &rows);
    flow.space(4.0);
    let mut fields = vec![Field::wide(
        "Organisasjonens regler, MASTER.toml, SHA-256",
        "The organisation's rules, SHA-256",
        digest(&record.rules.master),
    )];
    fields.extend(signed_by(typeface, record.rules.signed_by.as_ref()));
    fields.extend([
        Field::new("Modus", "Mode", said(&words::mode(record.rules.mode))),
        Field::new("Program", "Program", given(typeface, &record.rules.program)),
        Field::wide(
            "Registerets siste rad da rapporten ble laget",
            "Last row of the register when the report was made",
            plain(record.register.seq),
        ),
        Field::wide("Radens SHA-256", "SHA-256 of that row", digest(&record.register.hash)),
        Field::wide("Vedlagt oppføring, record.json, SHA-256", "Attached record, SHA-256", digest(&content.record_digest)),
        Field::wide("Etterprøving", "How to check", common(said(&how_to_check()))),
    ]);
    flow.fields(fields);
}

/// Who signed the organisation's rules.
fn signed_by(typeface: &Typeface, signer: Option<&RulesSigner>) -> Vec<Field> {
    let Some(signer) = signer else {
        let unsigned = words::both("Ingen: dette kontoret krever det ikke", "Nobody: this office does not demand it");
        return vec![Field::wide("Reglene signert av", "Rules signed by", said(&unsigned))];
    };
    let mut fields = vec![
        Field::new("Reglene signert av", "Rules signed by", given(typeface, &signer.name)),
        Field::new(
            "Versjon og tidspunkt",
            "Version and time",
            plain(format!("{}, {}", signer.version, words::utc(signer.signed_at))),
        ),
        Field::wide("Nøkkelen, Ed25519", "The key, Ed25519", digest(&signer.key)),
    ];
    // Records of the first layout name no second signer.
    fields.extend(
        signer
            .second
            .as_deref()
            .map(|second| Field::wide("Samme innhold også signert av", "The same also signed by", given(typeface, second))),
    );
    fields
}

fn how_to_check() -> Both {
    words::both(
        "Rapporten er signert elektronisk av operatøren (PAdES). Et hvilket som helst program som kontrollerer PDF-signaturer, kan med utstederens sertifikat bekrefte at intet er endret. Oppføringen i maskinlesbar form ligger vedlagt i filen.",
        "The operator signed this report electronically (PAdES). Any program that checks PDF signatures can confirm, with the issuer's certificate, that nothing was changed. The machine-readable record is attached to the file.",
    )
}

/// The flags of `[IssueProcess]` with their values in this control.
fn flags(flags: &IssueProcess) -> [(&'static str, Vec<Run>, Both); 8] {
    let yes = |value: bool| said(&words::yes(value));
    [
        (
            "ThirdPartyIdControl",
            yes(flags.third_party_id_control),
            words::both("Tredjepart kan gå god for sluttbrukeren", "Third parties may vouch"),
        ),
        (
            "AllowOperatorIdentification",
            yes(flags.allow_operator_identification),
            words::both("Operatøren kan gå god for sluttbrukeren", "The operator may vouch"),
        ),
        (
            "RequireTermsForLocal",
            yes(flags.require_terms_for_local),
            words::both("Nytt kort med bare lokale sertifikater krever avtalevilkår", "A new local card needs terms"),
        ),
        (
            "RequireSignatureForLocal",
            yes(flags.require_signature_for_local),
            words::both("Nytt kort med bare lokale sertifikater krever signatur", "A new local card needs a signature"),
        ),
        (
            "RequireScanForLocal",
            yes(flags.require_scan_for_local),
            words::both("Nytt kort med bare lokale sertifikater krever skanning", "A new local card needs a scan"),
        ),
        (
            "RequireScanForReplacement",
            yes(flags.require_scan_for_replacement),
            words::both("Erstatningskort krever skanning av vist dokument", "A replacement card needs a scan"),
        ),
        (
            "MaxSignatureAttempts",
            plain(flags.max_signature_attempts),
            words::both("Flest forsøk på signatur", "Most attempts at a signature"),
        ),
        ("MaxScanAttempts", plain(flags.max_scan_attempts), words::both("Flest forsøk på skanning", "Most attempts at a scan")),
    ]
}

/// The conditions of `[Conditions]`.
fn conditions(conditions: &Conditions) -> [(&'static str, Vec<Run>, Both); 5] {
    let kinds = |kinds: Kinds| said(&words::kinds(kinds));
    [
        (
            "MinimumAgeForQualified",
            plain(conditions.minimum_age_for_qualified),
            words::both("Laveste alder for kvalifiserte sertifikater, år", "Least age for qualified certificates, years"),
        ),
        (
            "MinimumAgeForLocal",
            plain(conditions.minimum_age_for_local),
            words::both("Laveste alder for lokale sertifikater, år", "Least age for local certificates, years"),
        ),
        (
            "RequireIdentityNumber",
            kinds(conditions.require_identity_number),
            words::both("Fødselsnummer eller D-nummer må være kjent", "The identity number must be known"),
        ),
        (
            "RequireAffiliation",
            kinds(conditions.require_affiliation),
            words::both("Tilknytning til organisasjonen må være bekreftet", "Affiliation must be confirmed"),
        ),
        (
            "RequirePreregistration",
            kinds(conditions.require_preregistration),
            words::both("Personen må være forhåndsregistrert", "The person must be preregistered"),
        ),
    ]
}

fn limits(flow: &mut Flow<'_>, content: &Content<'_>) {
    let typeface = flow.typeface();
    flow.heading("8", &words::both("Det rapporten ikke sier", "What this report does not say"), 60.0);
    flow.list(content.record.limits.iter().map(|limit| (Bullet::Dash, limit_runs(typeface, limit))).collect());
}

/// A limit in both languages where its bokmål is known.
fn limit_runs(typeface: &Typeface, limit: &str) -> Vec<Run> {
    let bokmal = LIMITS.iter().zip(LIMITS_NB).find_map(|(&known, nb)| (known == limit).then_some(nb));
    match bokmal {
        Some(nb) => common(said(&words::both(nb, limit))),
        None => vec![Run::english(typeface.field(limit), style::VALUE)],
    }
}
