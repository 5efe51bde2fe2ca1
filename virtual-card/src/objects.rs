//! The data objects that a PIV card application holds (SP 800-73-4 part 1 §3).

use crate::tlv::object;

/// The PIV card application (SP 800-73-4 part 1 §2.2).
pub const PIV: [u8; 11] = [0xa0, 0x00, 0x00, 0x03, 0x08, 0x00, 0x00, 0x10, 0x00, 0x01, 0x00];

/// The slots: key reference, and the tag of the certificate's data object (SP 800-73-4 part 1 table 3).
const CERTIFICATES: [(u8, u32); 4] = [(0x9a, 0x5f_c105), (0x9c, 0x5f_c10a), (0x9d, 0x5f_c10b), (0x9e, 0x5f_c101)];
/// A FASC-N of nines: "not issued by a federal agency".
const NO_FASC_N: [u8; 25] = [
    0xd4, 0xe7, 0x39, 0xda, 0x73, 0x9c, 0xed, 0x39, 0xce, 0x73, 0x9d, 0x83, 0x68, 0x58, 0x21, 0x08, 0x42, 0x10, 0x84, 0x21, 0xc8,
    0x42, 0x10, 0xc3, 0xeb,
];

/// The key reference whose certificate lies under this tag.
pub fn key_reference(tag: u32) -> Option<u8> {
    CERTIFICATES.iter().find(|(_, certificate)| *certificate == tag).map(|(key, _)| *key)
}

/// The answer to SELECT: the application's properties.
pub fn application() -> Vec<u8> {
    let name = object(&[0x4f], PIV.get(5..).unwrap_or_default());
    let authority = object(&[0x79], &object(&[0x4f], PIV.get(..5).unwrap_or_default()));
    let algorithms = object(&[0xac], &[0x80, 1, 0x11, 0x80, 1, 0x07, 0x06, 1, 0x00]);
    object(&[0x61], &[name, authority, object(&[0x50], b"bam-station virtual card"), algorithms].concat())
}

/// A certificate's data object: uncompressed, no error detection code.
pub fn certificate(der: &[u8]) -> Vec<u8> {
    object(&[0x53], &[object(&[0x70], der), vec![0x71, 1, 0x00, 0xfe, 0]].concat())
}

/// The objects that say what the card is. `guid` tells one card from another.
pub fn description(tag: u32, guid: &[u8; 16]) -> Option<Vec<u8>> {
    let value = match tag {
        // Discovery object: the card's own PIN alone, no global PIN.
        0x7e => {
            return Some(object(&[0x7e], &[object(&[0x4f], &PIV), object(&[0x5f, 0x2f], &[0x40, 0x00])].concat()));
        }
        // Card capability container.
        0x5f_c107 => {
            let identifier = [&[0xa0, 0x00, 0x00, 0x01, 0x16, 0xff, 0x02], guid.get(..14).unwrap_or_default()].concat();
            let versions = [0xf1, 1, 0x21, 0xf2, 1, 0x21, 0xf3, 0, 0xf4, 1, 0x00, 0xf5, 1, 0x10];
            let nothing = [0xf6, 0, 0xf7, 0, 0xfa, 0, 0xfb, 0, 0xfc, 0, 0xfd, 0, 0xfe, 0];
            [object(&[0xf0], &identifier), versions.to_vec(), nothing.to_vec()].concat()
        }
        // Card holder unique identifier, without a signature.
        0x5f_c102 => {
            [object(&[0x30], &NO_FASC_N), object(&[0x34], guid), object(&[0x35], b"20991231"), vec![0x3e, 0, 0xfe, 0]].concat()
        }
        // Key history: no retired keys.
        0x5f_c10c => vec![0xc1, 1, 0, 0xc2, 1, 0, 0xf3, 0, 0xfe, 0],
        _ => return None,
    };
    Some(object(&[0x53], &value))
}
