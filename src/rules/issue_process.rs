//! The organisation's choices: the tab IssueProcess of MASTER.toml.
//!
//! What the organisation may not choose has no flag: qualified certificates always need terms, signature and scan, nobody
//! vouches at first issuance, and the operator is never the subject.

use serde::{Deserialize, Serialize};

/// The flags of `[IssueProcess]`. The defaults are the strictest values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields, default)]
pub struct IssueProcess {
    /// `ThirdPartyIdControl`: third parties may vouch (BAM: "Third party ID control"). Default off.
    pub third_party_id_control: bool,
    /// `AllowOperatorIdentification`: the operator may vouch (BAM: "Allow Operator identification"). Default off.
    pub allow_operator_identification: bool,
    /// `RequireTermsForLocal`: a new card with local certificates only needs accepted terms. Default on.
    pub require_terms_for_local: bool,
    /// `RequireSignatureForLocal`: a new card with local certificates only needs the holder's signature. Default on.
    pub require_signature_for_local: bool,
    /// `RequireScanForLocal`: a new card with local certificates only needs a scanned document. Default on.
    pub require_scan_for_local: bool,
    /// `RequireScanForReplacement`: a presented document is scanned for a replacement card too. Default on.
    pub require_scan_for_replacement: bool,
    /// `MaxSignatureAttempts`: signatures judged "again" before the control ends as failed
    /// (ETSI TS 119 461 VAL-8.3.3-05D). 1–20, default 3.
    pub max_signature_attempts: u8,
    /// `MaxScanAttempts`: scans judged "again" before the control ends as failed. 1–20, default 5.
    pub max_scan_attempts: u8,
}

impl Default for IssueProcess {
    fn default() -> Self {
        Self {
            third_party_id_control: false,
            allow_operator_identification: false,
            require_terms_for_local: true,
            require_signature_for_local: true,
            require_scan_for_local: true,
            require_scan_for_replacement: true,
            max_signature_attempts: 3,
            max_scan_attempts: 5,
        }
    }
}
