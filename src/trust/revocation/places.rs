//! Where to ask about a certificate: its OCSP responders, then its revocation lists.

use const_oid::db::rfc5280::ID_AD_OCSP;
use x509_cert::{
    Certificate,
    ext::pkix::{
        AuthorityInfoAccessSyntax, CrlDistributionPoints,
        name::{DistributionPointName, GeneralName},
    },
};

use crate::trust::ProofSource;

/// So many addresses of each kind are asked at most.
const MOST: usize = 3;
const LONGEST_ADDRESS: usize = 2048;

/// A place to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub source: ProofSource,
    /// An http address.
    pub url: String,
}

/// The places that `certificate` names, in the order in which they are asked. Only http counts: the answers are signed, and LDAP and
/// https need trust of their own (RFC 5280 §8).
pub(super) fn places(certificate: &Certificate) -> Vec<Place> {
    let tbs = certificate.tbs_certificate();
    let access = tbs.get_extension::<AuthorityInfoAccessSyntax>().ok().flatten();
    let responders = access.into_iter().flat_map(|(_, access)| access.0);
    let responders = responders.filter(|access| access.access_method == ID_AD_OCSP).map(|access| access.access_location);

    let points = tbs.get_extension::<CrlDistributionPoints>().ok().flatten();
    // A list of another issuer, or for some reasons alone, says too little.
    let points = points.into_iter().flat_map(|(_, points)| points.0);
    let whole = points.filter(|point| point.crl_issuer.is_none() && point.reasons.is_none());
    let lists = whole.filter_map(|point| point.distribution_point).flat_map(|point| match point {
        DistributionPointName::FullName(names) => names,
        DistributionPointName::NameRelativeToCRLIssuer(_) => Vec::new(),
    });
    let mut places = some(ProofSource::Ocsp, responders);
    places.extend(some(ProofSource::RevocationList, lists));
    places
}

fn some(source: ProofSource, names: impl Iterator<Item = GeneralName>) -> Vec<Place> {
    let mut places: Vec<Place> = Vec::new();
    for url in names.filter_map(|name| http(&name)) {
        let place = Place { source, url };
        if places.len() < MOST && !places.contains(&place) {
            places.push(place);
        }
    }
    places
}

/// The address, when it is one that is asked.
pub(super) fn http(name: &GeneralName) -> Option<String> {
    let GeneralName::UniformResourceIdentifier(text) = name else { return None };
    let text = text.as_str();
    let url = reqwest::Url::parse(text).ok()?;
    let good = url.scheme() == "http" && url.host_str().is_some() && url.username().is_empty() && url.password().is_none();
    (good && text.len() <= LONGEST_ADDRESS).then(|| text.to_owned())
}
