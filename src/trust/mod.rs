//! X.509: which signature algorithms count, how a chain of certificates is verified at a point in time, and the training CA.
//!
//! Nothing outside this module decides whether a certificate counts.

mod algorithm;
mod anchors;
mod chain;
pub(crate) mod hex;
mod names;
mod private_key;
mod rsa_signature;
mod training_ca;

pub use algorithm::{RsaDigest, SignatureAlgorithm, SignatureFault, verify_digest, verify_signature};
pub use anchors::{Anchors, AnchorsError};
pub use chain::{Chain, TrustError, verify_chain, verify_time_stamping_chain};
pub use names::{common_name, describe, is_training, policies, serial_text, validity};
pub use private_key::KeyAlgorithm;
pub(crate) use private_key::PrivateKey;
pub use training_ca::{Issued, Purpose, TrainingCa, TrainingCaError};
