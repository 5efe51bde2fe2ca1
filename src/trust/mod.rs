//! X.509: which signature algorithms count, how a chain of certificates is verified at a point in time, whether a certificate
//! counts for a use ([`Trust::judge`]), and the training CA.
//!
//! Nothing outside this module decides whether a certificate counts.

mod algorithm;
mod anchors;
mod chain;
pub(crate) mod hex;
mod judge;
mod long_term;
mod names;
mod policy;
mod private_key;
mod revocation;
mod rsa_signature;
mod settings;
mod time_stamping;
mod training_ca;
mod verdict;

pub use algorithm::{RsaDigest, SignatureAlgorithm, SignatureFault, verify_digest, verify_signature};
pub use anchors::{Anchors, AnchorsError};
pub use chain::{Chain, TrustError, check_all_on_path, verify_chain};
pub use judge::{Desk, Trust, TrustFileError, certificates_in};
pub use long_term::{Proven, read_proof};
pub use names::{common_name, describe, is_training, issuer_text, name_text, policies, serial_text, validity};
pub use private_key::KeyAlgorithm;
pub(crate) use private_key::PrivateKey;
pub use settings::{ProxySettings, Revocation, TrustSettings};
pub use time_stamping::verify_time_stamping_chain;
pub use training_ca::{Issued, Purpose, TrainingCa, TrainingCaError};
pub use verdict::{Note, Objection, ProofSource, RevocationProblem, RevocationProof, Usage, Verdict};
