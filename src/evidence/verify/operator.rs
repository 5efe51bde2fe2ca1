//! The operator whom the pages name is the one who signed.

use x509_cert::Certificate;

use super::problem::{Problem, ProblemKind};
use crate::{
    control::Operator,
    trust::{common_name, describe, issuer_text, serial_text},
};

/// The record names the operator's certificate by issuer and serial number, and the operator by the name in it. All three must be those
/// of the certificate that signed, else the pages would name somebody who did not sign.
pub fn check(operator: &Operator, certificate: &Certificate) -> Result<(), Problem> {
    let tbs = certificate.tbs_certificate();
    // A key in software is made by the station's own CA, which goes by its short name.
    let issuer = if operator.software_key { describe(tbs.issuer()) } else { issuer_text(certificate) };
    let named = [
        ("the serial number of the certificate", operator.certificate_serial.eq_ignore_ascii_case(&serial_text(certificate))),
        ("the issuer of the certificate", operator.certificate_issuer == issuer),
        ("the name", operator.name == common_name(tbs.subject()).unwrap_or_default()),
    ];
    match named.iter().find(|(_, same)| !same) {
        None => Ok(()),
        Some((what, _)) => Err(ProblemKind::OtherOperator.because(format!(
            "the report was signed by somebody else than the operator whom it names: {what} is another in the record than in the \
             signature"
        ))),
    }
}
