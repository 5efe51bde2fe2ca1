//! Who may sign in, as what, and whose training is too old.

use bam_station::rules::role::{
    Admission, Appointment, Ground, NotAdmitted, Role, Roles, SignInCertificate, VouchLimit, same_serial,
};
use jiff::{
    ToSpan as _,
    civil::{Date, date},
};

const ISSUER: &str = "CN=Utopia Card CA,O=Utopia kommune";
const TODAY: Date = date(2026, 11, 22);

fn certificate(serial: &'static str, policies: &'static [String]) -> SignInCertificate<'static> {
    SignInCertificate { issuer: ISSUER, serial, policies }
}

fn appointed(serial: &str, roles: &[Role], trained: Option<Date>) -> Appointment {
    Appointment { issuer: ISSUER.into(), serial: serial.into(), roles: roles.to_vec(), trained, name: None }
}

fn roles(appointed: Vec<Appointment>) -> Roles {
    Roles { appointed, ..Roles::default() }
}

#[test]
fn where_nobody_is_appointed_nobody_gets_in_but_at_a_training_desk() {
    let nobody = Roles::default();
    for role in Role::ALL {
        assert_eq!(nobody.admit(certificate("01", &[]), role, TODAY, false), Err(NotAdmitted::NobodyAppointed));
        let admission = Admission { role, ground: Ground::Training, trained: None };
        assert_eq!(nobody.admit(certificate("01", &[]), role, TODAY, true), Ok(admission));
    }
    // As soon as somebody is appointed, the training desk keeps the others out too.
    let one = roles(vec![appointed("02", &[Role::Operator], Some(TODAY))]);
    assert_eq!(one.admit(certificate("01", &[]), Role::Operator, TODAY, true), Err(NotAdmitted::NotAppointed));
}

#[test]
fn a_certificate_gets_in_as_what_it_is_appointed_to() {
    for (given, operator, admin) in
        [(&[Role::Operator][..], true, false), (&[Role::RaAdmin], false, true), (&[Role::Operator, Role::RaAdmin], true, true)]
    {
        let roles = roles(vec![appointed("00:AB:cd", given, Some(TODAY))]);
        let admitted = |role, serial| roles.admit(certificate(serial, &[]), role, TODAY, false).is_ok();
        assert_eq!((admitted(Role::Operator, "abcd"), admitted(Role::RaAdmin, "abcd")), (operator, admin));
        assert!(!admitted(Role::Operator, "abce") && !admitted(Role::RaAdmin, "ab"));
        let stranger = SignInCertificate { issuer: "CN=Another CA", serial: "abcd", policies: &[] };
        assert_eq!(roles.admit(stranger, Role::Operator, TODAY, false), Err(NotAdmitted::NotAppointed));
    }
}

#[test]
fn a_policy_appoints_everybody_who_has_it() {
    let policies: &'static [String] = vec!["1.2.3".to_owned(), "1.2.4".to_owned()].leak();
    let mut roles = Roles { operator_policies: vec!["1.2.4".into()], require_training_date: false, ..Roles::default() };
    let admission = Admission { role: Role::Operator, ground: Ground::Policy, trained: None };
    assert_eq!(roles.admit(certificate("01", policies), Role::Operator, TODAY, false), Ok(admission));
    assert_eq!(roles.admit(certificate("01", policies), Role::RaAdmin, TODAY, false), Err(NotAdmitted::NotAppointed));
    assert_eq!(roles.admit(certificate("01", &[]), Role::Operator, TODAY, false), Err(NotAdmitted::NotAppointed));
    roles.require_training_date = true;
    assert_eq!(roles.admit(certificate("01", policies), Role::Operator, TODAY, false), Err(NotAdmitted::NoTraining));
    // The person's record gives the date, the policy the role.
    roles.appointed = vec![appointed("01", &[Role::RaAdmin], Some(TODAY))];
    let admitted = roles.admit(certificate("01", policies), Role::Operator, TODAY, false).unwrap();
    assert_eq!((admitted.ground, admitted.trained), (Ground::Policy, Some(TODAY)));
}

#[test]
fn an_operators_training_may_be_so_old_and_no_older() {
    let at = |trained: Option<Date>, months: u8, role| {
        let roles = Roles { training_months: months, ..roles(vec![appointed("01", &Role::ALL, trained)]) };
        roles.admit(certificate("01", &[]), role, TODAY, false).map(|admission| admission.trained)
    };
    let year_ago = TODAY - 1.year();
    assert_eq!(at(Some(year_ago), 12, Role::Operator), Ok(Some(year_ago)));
    let older = year_ago.yesterday().unwrap();
    assert_eq!(at(Some(older), 12, Role::Operator), Err(NotAdmitted::TrainingTooOld { months: 12 }));
    assert_eq!(at(Some(older), 13, Role::Operator), Ok(Some(older)));
    assert_eq!(at(Some(TODAY.tomorrow().unwrap()), 12, Role::Operator), Err(NotAdmitted::NoTraining));
    assert_eq!(at(None, 12, Role::Operator), Err(NotAdmitted::NoTraining));
    // An RA-ADMIN controls nobody.
    assert_eq!(at(None, 12, Role::RaAdmin), Ok(None));
    assert_eq!(at(Some(Date::MAX), 12, Role::Operator), Err(NotAdmitted::NoTraining));
}

#[test]
fn serial_numbers_are_compared_as_numbers() {
    for (one, other, same) in [
        ("01ab", "1AB", true),
        ("01:ab", "01ab", true),
        ("01 ab", "01ab", true),
        ("00", "0", true),
        ("10", "1", false),
        ("ab", "ab01", false),
    ] {
        assert_eq!(same_serial(one, other), same, "{one} {other}");
    }
}

#[test]
fn a_voucher_reaches_the_limit_of_the_period() {
    let limit = VouchLimit { vouches: 2, days: 30 };
    let ago = |days: i64| TODAY - days.days();
    assert!(limit.allows([], TODAY));
    assert!(limit.allows([ago(0)], TODAY));
    assert!(!limit.allows([ago(0), ago(29)], TODAY));
    assert!(limit.allows([ago(0), ago(30)], TODAY));
    assert!(limit.allows([ago(31), ago(40), ago(50), ago(1)], TODAY));
    assert_eq!(VouchLimit::default(), VouchLimit { vouches: 3, days: 30 });
}

#[test]
fn an_auditor_is_appointed_by_name_or_policy_needs_no_training_and_is_nothing_else() {
    let policies: &'static [String] = vec!["1.2.9".to_owned()].leak();
    let mut roles = roles(vec![appointed("01", &[Role::Auditor], None)]);
    roles.auditor_policies = vec!["1.2.9".into()];
    for (serial, policies, ground) in [("01", &[][..], Ground::Certificate), ("02", policies, Ground::Policy)] {
        let admitted = |role| roles.admit(certificate(serial, policies), role, TODAY, false);
        assert_eq!(admitted(Role::Auditor), Ok(Admission { role: Role::Auditor, ground, trained: None }));
        assert_eq!(admitted(Role::Operator), Err(NotAdmitted::NotAppointed));
        assert_eq!(admitted(Role::RaAdmin), Err(NotAdmitted::NotAppointed));
    }
    assert!(!Roles { auditor_policies: vec!["1.2.9".into()], ..Roles::default() }.is_empty());
    assert_eq!(Role::named("auditor"), Some(Role::Auditor));
}
