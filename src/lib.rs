//! bam-station: the identity control at an ID office, from the document on the glass to the signed and delivered report.
//!
//! The modules in the order in which data flows:
//!
//! | module | what it is for |
//! |---|---|
//! | [`config`] | MASTER.toml (the organisation's rules) and LOCAL.toml (this desk's devices), with diagnostics |
//! | [`rules`] | pure: what an identity control must contain; identity numbers, names, document kinds |
//! | [`control`] | pure: one identity control as a state machine, command → events → state |
//! | [`device`] | scanner and cards (and later pads) behind small traits; vendor code in a process of its own |
//! | [`imaging`] | the document found on the scan, judged, read (MRZ) and made upright; the picture of a signature |
//! | [`trust`] | X.509 chains; nothing else decides whether a certificate counts |
//! | [`evidence`] | what is proven (record) → pages (report) → signature → verification |
//! | [`register`] | the document register: journal, evidence, outbox |
//! | [`seal`] | what the register keeps about people, sealed to the station's key and to the auditors' |
//! | [`delivery`] | upload to the archive, the archive itself, receipts |
//! | [`directory`] | the person from the organisation's LDAP directory, read only |
//! | [`people`] | the list of preregistered people: import from CSV, look-up |
//! | [`notices`] | mail to holders, vouchers and administrators |
//! | [`station`] | the shell that wires devices, core and register together; knows no pixels |
//! | [`ui`] | state → what the screens show, touches → commands; knows no rules |
//! | [`selftest`] | every device and service tried, each within its time |
//! | [`station_log`] | what the station did and which faults its screens showed: times, acts and codes |
//! | [`support`] | the support bundle: figures and versions, nothing about a person |
//! | [`fault`] | every fault that a user can meet: code, cause, remedy |
//! | [`cli`] | the command line, one file per command |

pub mod cli;
pub mod config;
pub mod control;
pub mod delivery;
pub mod device;
pub mod digest;
pub mod directory;
pub mod evidence;
pub mod fault;
pub mod imaging;
pub mod notices;
pub mod people;
pub mod register;
pub mod rules;
pub mod seal;
pub mod secret;
pub mod selftest;
pub mod station;
pub mod station_log;
pub mod support;
pub mod trust;
pub mod ui;
