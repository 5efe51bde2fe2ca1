//! Function × certificate kind × mode × flags × card state → a [`Plan`] or a [`Refusal`] (seed 003).
//!
//! Reading order: the request, the plan, the refusals, then [`plan`] itself: mode, renewal gate, methods, steps.

use serde::{Deserialize, Serialize};

use super::{CardState, CertificateKind, Function, IssueProcess, LocalText, LraMode, Method};

/// What decides the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanRequest<'a> {
    /// What the holder comes for.
    pub function: Function,
    /// The kind of certificate.
    pub certificate: CertificateKind,
    /// The station's mode.
    pub mode: LraMode,
    /// The organisation's choices.
    pub flags: &'a IssueProcess,
    /// The certificates on the holder's card now; `None` when unknown. Decides a renewal.
    pub card: Option<CardState>,
    /// The state of the qualified certificates on the same card, where it carries any. Where they are expired or revoked, the
    /// local ones beside them are not renewed either.
    pub qualified_on_card: Option<CardState>,
    /// The qualified certificates of this card were renewed before (a card lives six years, a qualified certificate three).
    pub renewed_before: bool,
}

/// What one identity control must contain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The ways to identify the holder, in the order of [`Method::ALL`]; never empty.
    pub methods: Vec<Method>,
    /// The holder must accept the terms.
    pub terms: bool,
    /// The holder must sign, and the operator must compare.
    pub signature: bool,
    /// A presented document must be scanned.
    pub scan: bool,
    /// A third party only counts together with a comparison of the holder with the document scanned earlier.
    pub compare_previous_scan: bool,
    /// Why, one sentence a rule in every language, each with its source in parentheses. The same request always gives the
    /// same sentences.
    pub because: Vec<LocalText>,
}

impl Plan {
    /// Whether the holder may be identified in this way.
    pub fn allows(&self, method: Method) -> bool {
        self.methods.contains(&method)
    }
}

/// Why nothing may be issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Refusal {
    /// Mode Local issues no qualified certificates.
    #[error("the station's mode is Local: no qualified certificates are issued here")]
    QualifiedNotInModeLocal,
    /// Mode Buypass issues no local certificates.
    #[error("the station's mode is Buypass: no local certificates are issued here")]
    LocalNotInModeBuypass,
    /// A renewal needs to know the state of the certificates on the card.
    #[error("the state of the certificates on the card is not known: read the card, or issue a replacement card")]
    CardStateUnknown,
    /// An expired qualified certificate is not renewed.
    #[error("the qualified certificate has expired: issue a replacement card")]
    QualifiedExpired,
    /// A revoked certificate is not renewed.
    #[error("the certificate is revoked: issue a replacement card")]
    CertificateRevoked,
    /// Qualified certificates are renewed once.
    #[error("the qualified certificates of this card were renewed before: issue a replacement card")]
    RenewedBefore,
}

impl Refusal {
    /// All refusals.
    pub const ALL: [Self; 6] = [
        Self::QualifiedNotInModeLocal,
        Self::LocalNotInModeBuypass,
        Self::CardStateUnknown,
        Self::QualifiedExpired,
        Self::CertificateRevoked,
        Self::RenewedBefore,
    ];

    /// The stable name, in the fault catalogue and in `bam-station plan --json`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::QualifiedNotInModeLocal => "QUALIFIED_NOT_IN_MODE_LOCAL",
            Self::LocalNotInModeBuypass => "LOCAL_NOT_IN_MODE_BUYPASS",
            Self::CardStateUnknown => "CARD_STATE_UNKNOWN",
            Self::QualifiedExpired => "QUALIFIED_EXPIRED",
            Self::CertificateRevoked => "CERTIFICATE_REVOKED",
            Self::RenewedBefore => "RENEWED_BEFORE",
        }
    }

    /// The rule that refuses.
    pub fn source(&self) -> &'static str {
        match self {
            Self::QualifiedNotInModeLocal | Self::LocalNotInModeBuypass => "MASTER.toml, [Common] LraMode",
            Self::CardStateUnknown => "BAM Identitetskontroll, item 3",
            Self::QualifiedExpired => "BAM Identitetskontroll, item 3.2",
            Self::CertificateRevoked => "BAM Identitetskontroll, items 3.2 and 3.4",
            Self::RenewedBefore => "BAM Identitetskontroll, item 3.1",
        }
    }

    /// Whether a replacement card is the way on: it is for every refused renewal, and for no refusal of the mode.
    pub fn points_to_replacement(&self) -> bool {
        match self {
            Self::QualifiedNotInModeLocal | Self::LocalNotInModeBuypass => false,
            Self::CardStateUnknown | Self::QualifiedExpired | Self::CertificateRevoked | Self::RenewedBefore => true,
        }
    }
}

/// What an identity control must contain for this request.
///
/// The mode is asked first, so a refusal that no card state can change comes before one that a card state causes.
///
/// # Errors
/// The [`Refusal`] of the first rule that forbids the request.
pub fn plan(request: &PlanRequest) -> Result<Plan, Refusal> {
    check_mode(request)?;
    check_renewal(request)?;

    let mut because = Vec::new();
    let methods = methods(request, &mut because);
    let steps = steps(request, &mut because);
    let compare_previous_scan = methods.contains(&Method::ThirdParty)
        && request.certificate == CertificateKind::Qualified
        && issues_or_activates(request.function);
    if compare_previous_scan {
        because.push(
            LocalText::new(
                "For kvalifiserte sertifikater er tredjepartslegitimering bare nok når sluttbrukeren også sammenlignes med det \
             tidligere skannede dokumentet; uten tidligere skanning er en tredjepart ikke nok \
             (BAM Identitetskontroll, Tredjepartslegitimering).",
                "For qualified certificates a third party only counts when the holder is also compared with the document \
             scanned earlier; without an earlier scan a third party is not enough \
             (BAM Identitetskontroll, Tredjepartslegitimering).",
            )
            .nn(
                "For kvalifiserte sertifikat er tredjepartslegitimering berre nok når sluttbrukaren også blir samanlikna med det \
             tidlegare skanna dokumentet; utan tidlegare skanning er ein tredjepart ikkje nok \
             (BAM Identitetskontroll, Tredjepartslegitimering).",
            ),
        );
    }
    Ok(Plan { methods, terms: steps.terms, signature: steps.signature, scan: steps.scan, compare_previous_scan, because })
}

fn check_mode(request: &PlanRequest) -> Result<(), Refusal> {
    match (request.mode, request.certificate) {
        (LraMode::Local, CertificateKind::Qualified) => Err(Refusal::QualifiedNotInModeLocal),
        (LraMode::Buypass, CertificateKind::Local) => Err(Refusal::LocalNotInModeBuypass),
        (LraMode::Mixed, _) | (LraMode::Local, CertificateKind::Local) | (LraMode::Buypass, CertificateKind::Qualified) => Ok(()),
    }
}

/// Items 3.1–3.4 of seed 003. Only a renewal depends on the card.
fn check_renewal(request: &PlanRequest) -> Result<(), Refusal> {
    if request.function != Function::Renewal {
        return Ok(());
    }
    match request.qualified_on_card {
        Some(CardState::Expired) => return Err(Refusal::QualifiedExpired),
        Some(CardState::Revoked) => return Err(Refusal::CertificateRevoked),
        Some(CardState::Valid) | None => {}
    }
    match (request.certificate, request.card) {
        (_, None) => Err(Refusal::CardStateUnknown),
        (_, Some(CardState::Revoked)) => Err(Refusal::CertificateRevoked),
        (CertificateKind::Qualified, Some(CardState::Expired)) => Err(Refusal::QualifiedExpired),
        (CertificateKind::Qualified, Some(CardState::Valid)) if request.renewed_before => Err(Refusal::RenewedBefore),
        (CertificateKind::Qualified, Some(CardState::Valid))
        | (CertificateKind::Local, Some(CardState::Valid | CardState::Expired)) => Ok(()),
    }
}

fn methods(request: &PlanRequest, because: &mut Vec<LocalText>) -> Vec<Method> {
    let (own, why) = own_method(request.function);
    because.push(why);
    let mut methods = vec![own];
    match request.function {
        // Nobody vouches at first issuance, whatever the flags say.
        Function::NewCard => return methods,
        Function::Renewal => because.push(renewal_reason(request.certificate)),
        Function::ReplacementCard | Function::PinUnlock | Function::ActivationCode => {}
    }
    if request.flags.third_party_id_control {
        methods.push(Method::ThirdParty);
        because.push(
            LocalText::new(
                "En tredjepart med gyldig sertifikat av samme type kan gå god for sluttbrukeren \
             (MASTER.toml, [IssueProcess] ThirdPartyIdControl = true).",
                "A third party with a valid certificate of the same kind may vouch for the holder \
             (MASTER.toml, [IssueProcess] ThirdPartyIdControl = true).",
            )
            .nn("Ein tredjepart med gyldig sertifikat av same type kan gå god for sluttbrukaren \
             (MASTER.toml, [IssueProcess] ThirdPartyIdControl = true)."),
        );
    } else {
        because.push(
            LocalText::new(
                "Ingen tredjepart kan gå god for sluttbrukeren (MASTER.toml, [IssueProcess] ThirdPartyIdControl = false).",
                "No third party may vouch for the holder (MASTER.toml, [IssueProcess] ThirdPartyIdControl = false).",
            )
            .nn("Ingen tredjepart kan gå god for sluttbrukaren (MASTER.toml, [IssueProcess] ThirdPartyIdControl = false)."),
        );
    }
    if request.flags.allow_operator_identification {
        methods.push(Method::Operator);
        because.push(
            LocalText::new(
                "En operatør som kjenner sluttbrukeren, kan gå god for vedkommende \
             (MASTER.toml, [IssueProcess] AllowOperatorIdentification = true).",
                "An operator who knows the holder may vouch \
             (MASTER.toml, [IssueProcess] AllowOperatorIdentification = true).",
            )
            .nn("Ein operatør som kjenner sluttbrukaren, kan gå god for vedkomande \
             (MASTER.toml, [IssueProcess] AllowOperatorIdentification = true)."),
        );
    } else {
        because.push(
            LocalText::new(
                "Operatøren kan ikke gå god for sluttbrukeren \
             (MASTER.toml, [IssueProcess] AllowOperatorIdentification = false).",
                "The operator may not vouch for the holder \
             (MASTER.toml, [IssueProcess] AllowOperatorIdentification = false).",
            )
            .nn("Operatøren kan ikkje gå god for sluttbrukaren \
             (MASTER.toml, [IssueProcess] AllowOperatorIdentification = false)."),
        );
    }
    methods
}

/// How the holder identifies without anybody's help.
fn own_method(function: Function) -> (Method, LocalText) {
    match function {
        Function::NewCard => (
            Method::Document,
            LocalText::new(
                "Nytt kort er førstegangsutstedelse: sluttbrukeren møter selv opp med gyldig identitetsdokument, og ingen \
                 kan gå god for vedkommende (BAM Identitetskontroll, punkt 1).",
                "A new card is a first issuance: the holder shows a valid identity document in person, and nobody may \
                 vouch (BAM Identitetskontroll, item 1).",
            )
            .nn("Nytt kort er førstegongsutferding: sluttbrukaren møter sjølv opp med gyldig identitetsdokument, og ingen \
                 kan gå god for vedkomande (BAM Identitetskontroll, punkt 1)."),
        ),
        Function::ReplacementCard => (
            Method::Document,
            LocalText::new(
                "For erstatningskort viser sluttbrukeren gyldig identitetsdokument (BAM Identitetskontroll, punkt 2).",
                "For a replacement card the holder shows a valid identity document (BAM Identitetskontroll, item 2).",
            )
            .nn("For erstatningskort viser sluttbrukaren gyldig identitetsdokument (BAM Identitetskontroll, punkt 2)."),
        ),
        Function::Renewal => (
            Method::OwnCard,
            LocalText::new(
                "Ved fornyelse identifiserer sluttbrukeren seg med eget kort og PIN (BAM Identitetskontroll, punkt 3).",
                "For a renewal the holder identifies with the own card and its PIN (BAM Identitetskontroll, item 3).",
            )
            .nn("Ved fornying identifiserer sluttbrukaren seg med eige kort og PIN (BAM Identitetskontroll, punkt 3)."),
        ),
        Function::PinUnlock => (
            Method::Document,
            LocalText::new(
                "For å låse opp PIN viser sluttbrukeren gyldig identitetsdokument (BAM Identitetskontroll, punkt 4).",
                "To unlock a PIN the holder shows a valid identity document (BAM Identitetskontroll, item 4).",
            )
            .nn("For å låse opp PIN viser sluttbrukaren gyldig identitetsdokument (BAM Identitetskontroll, punkt 4)."),
        ),
        Function::ActivationCode => (
            Method::Document,
            LocalText::new(
                "For å få aktiveringskode viser sluttbrukeren gyldig identitetsdokument (BAM Identitetskontroll, punkt 4).",
                "For an activation code the holder shows a valid identity document (BAM Identitetskontroll, item 4).",
            )
            .nn("For å få aktiveringskode viser sluttbrukaren gyldig identitetsdokument (BAM Identitetskontroll, punkt 4)."),
        ),
    }
}

fn renewal_reason(certificate: CertificateKind) -> LocalText {
    match certificate {
        CertificateKind::Qualified => LocalText::new(
            "De kvalifiserte sertifikatene er gyldige og ikke fornyet før; de kan fornyes én gang \
             (BAM Identitetskontroll, punkt 3.1).",
            "The qualified certificates are valid and were not renewed before; they may be renewed once \
             (BAM Identitetskontroll, item 3.1).",
        )
        .nn("Dei kvalifiserte sertifikata er gyldige og ikkje fornya før; dei kan fornyast éin gong \
             (BAM Identitetskontroll, punkt 3.1)."),
        CertificateKind::Local => LocalText::new(
            "Lokale sertifikater kan fornyes mens de er gyldige eller utløpt, så ofte det trengs \
             (BAM Identitetskontroll, punkt 3.3).",
            "Local certificates may be renewed while they are valid or expired, as often as needed \
             (BAM Identitetskontroll, item 3.3).",
        )
        .nn("Lokale sertifikat kan fornyast medan dei er gyldige eller utgåtte, så ofte det trengst \
             (BAM Identitetskontroll, punkt 3.3)."),
    }
}

/// The steps beyond the identification itself.
struct Steps {
    terms: bool,
    signature: bool,
    scan: bool,
}

fn steps(request: &PlanRequest, because: &mut Vec<LocalText>) -> Steps {
    let flags = request.flags;
    match (request.function, request.certificate) {
        (Function::NewCard, CertificateKind::Qualified) => {
            because.push(
                LocalText::new(
                    "Kvalifiserte sertifikater krever alltid aksept av avtalevilkår, sluttbrukerens signatur og skanning av \
                 dokumentet (BAM Identitetskontroll, punkt 1, Signering og Skanning).",
                    "Qualified certificates always need accepted terms, the holder's signature and a scan of the document \
                 (BAM Identitetskontroll, item 1, Signering and Skanning).",
                )
                .nn("Kvalifiserte sertifikat krev alltid aksept av avtalevilkår, underskrifta til sluttbrukaren og skanning av \
                 dokumentet (BAM Identitetskontroll, punkt 1, Signering og Skanning)."),
            );
            Steps { terms: true, signature: true, scan: true }
        }
        (Function::NewCard, CertificateKind::Local) => Steps {
            terms: chosen(
                &LocalText::new("sluttbrukeren aksepterer vilkår", "the holder accepts terms")
                    .nn("sluttbrukaren aksepterer vilkår"),
                "RequireTermsForLocal",
                flags.require_terms_for_local,
                because,
            ),
            signature: chosen(
                &LocalText::new("sluttbrukeren signerer", "the holder signs").nn("sluttbrukaren signerer"),
                "RequireSignatureForLocal",
                flags.require_signature_for_local,
                because,
            ),
            scan: chosen(
                &LocalText::new("dokumentet skannes", "the document is scanned").nn("dokumentet blir skanna"),
                "RequireScanForLocal",
                flags.require_scan_for_local,
                because,
            ),
        },
        (Function::ReplacementCard, _) => {
            because.push(
                LocalText::new(
                    "Erstatningskort krever verken aksept av vilkår eller signatur (BAM Identitetskontroll, punkt 2).",
                    "A replacement card needs neither accepted terms nor a signature (BAM Identitetskontroll, item 2).",
                )
                .nn("Erstatningskort krev verken aksept av vilkår eller underskrift (BAM Identitetskontroll, punkt 2)."),
            );
            let required = flags.require_scan_for_replacement;
            because.push(if required {
                LocalText::new(
                    "Et fremvist dokument skannes også for erstatningskort \
                     (MASTER.toml, [IssueProcess] RequireScanForReplacement = true).",
                    "A presented document is scanned for a replacement card too \
                     (MASTER.toml, [IssueProcess] RequireScanForReplacement = true).",
                )
                .nn("Eit framvist dokument blir skanna også for erstatningskort \
                     (MASTER.toml, [IssueProcess] RequireScanForReplacement = true).")
            } else {
                LocalText::new(
                    "Dokumentet skannes ikke for erstatningskort \
                     (MASTER.toml, [IssueProcess] RequireScanForReplacement = false).",
                    "No document is scanned for a replacement card \
                     (MASTER.toml, [IssueProcess] RequireScanForReplacement = false).",
                )
                .nn("Dokumentet blir ikkje skanna for erstatningskort \
                     (MASTER.toml, [IssueProcess] RequireScanForReplacement = false).")
            });
            Steps { terms: false, signature: false, scan: required }
        }
        (Function::Renewal | Function::PinUnlock | Function::ActivationCode, _) => {
            because.push(
                LocalText::new(
                    "Aksept av vilkår, signatur og skanning hører til nytt kort, ikke til denne funksjonen \
                 (BAM Identitetskontroll, punkt 3 og 4).",
                    "Accepted terms, a signature and a scan belong to a new card, not to this function \
                 (BAM Identitetskontroll, items 3 and 4).",
                )
                .nn("Aksept av vilkår, underskrift og skanning høyrer til nytt kort, ikkje til denne funksjonen \
                 (BAM Identitetskontroll, punkt 3 og 4)."),
            );
            Steps { terms: false, signature: false, scan: false }
        }
    }
}

/// One step that the organisation chooses for a new card with local certificates only.
fn chosen(step: &LocalText, flag: &str, required: bool, because: &mut Vec<LocalText>) -> bool {
    let LocalText { nb, en, .. } = step;
    let nn = step.in_language("nn").unwrap_or(nb);
    let source = format!("(MASTER.toml, [IssueProcess] {flag} = {required})");
    because.push(if required {
        LocalText::new(
            format!("For lokale sertifikater krever bedriften at {nb} {source}."),
            format!("For local certificates the organisation requires that {en} {source}."),
        )
        .nn(format!("For lokale sertifikat krev verksemda at {nn} {source}."))
    } else {
        LocalText::new(
            format!("For lokale sertifikater krever bedriften ikke at {nb} {source}."),
            format!("For local certificates the organisation does not require that {en} {source}."),
        )
        .nn(format!("For lokale sertifikat krev verksemda ikkje at {nn} {source}."))
    });
    required
}

/// Whether certificates come out of the function, now or by an activation code. Unlocking a PIN issues nothing.
fn issues_or_activates(function: Function) -> bool {
    match function {
        Function::NewCard | Function::ReplacementCard | Function::Renewal | Function::ActivationCode => true,
        Function::PinUnlock => false,
    }
}
