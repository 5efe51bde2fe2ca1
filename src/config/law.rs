//! What no key can change, because the law or the trust service's policy fixes it: keys that people look for in vain, with the reason.

/// A key that is not there on purpose.
struct Fixed {
    /// Words that a name for it contains, in small letters.
    words: &'static [&'static str],
    reason: &'static str,
}

const FIXED: &[Fixed] = &[
    Fixed {
        words: &["terms", "qualified"],
        reason: "a qualified certificate is issued only after the holder accepted its terms (seed 003)",
    },
    Fixed {
        words: &["signature", "qualified"],
        reason: "a qualified certificate always needs the holder's own signature (seed 003)",
    },
    Fixed {
        words: &["scan", "qualified"],
        reason: "a qualified certificate always needs a scan of the identity document (seed 003)",
    },
    Fixed {
        words: &["first", "issu"],
        reason: "at first issuance the holder always shows an identity document: nobody vouches (seed 003)",
    },
    Fixed {
        words: &["self"],
        reason: "the operator never controls the operator's own identity (ETSI EN 319 411-1 REG-6.2.2-26)",
    },
    Fixed {
        words: &["operator", "subject"],
        reason: "the operator never controls the operator's own identity (ETSI EN 319 411-1 REG-6.2.2-26)",
    },
    Fixed {
        words: &["operator", "identification", "qualified"],
        reason: "whether the operator may vouch is one choice for all kinds, and never holds at first issuance (seed 003)",
    },
];

/// Why there is no key of this name, when the law is the reason.
pub fn reason(key: &str) -> Option<&'static str> {
    let key: String = key.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect();
    FIXED.iter().find(|fixed| fixed.words.iter().all(|word| key.contains(word))).map(|fixed| fixed.reason)
}

/// What the law or the trust service's policy fixes, each once, in words.
pub fn reasons() -> Vec<&'static str> {
    let mut reasons: Vec<&'static str> = Vec::new();
    for fixed in FIXED {
        if !reasons.contains(&fixed.reason) {
            reasons.push(fixed.reason);
        }
    }
    reasons
}
