//! People from a real directory server: found by name, user name and number in each form of the mapping, chosen, with their
//! groups; and what happens when it is away, slow, or not who it should be.

use std::{io::Read as _, net::TcpListener, thread};

use bam_station::{
    directory::{DirectoryError, Hits, Query, mapping::NumberMapping},
    rules::{CertificateKind, IdentityNumber},
};
use jiff::civil::date;

use crate::support_directory::{Slapd, entry, group, group_entry, person, security_id};

/// Numbers of test registers (Skatteetaten, "Tenor") and of nobody.
const BIRTH_NUMBER: &str = "02016126007";
const D_NUMBER: &str = "41814061033";

fn utopia() -> String {
    [
        person(
            "Anna Eriksson",
            "Anna Maria",
            "Eriksson",
            "anneri",
            &format!("employeeNumber: {BIRTH_NUMBER}\nbornOn: 02011961\nnumberRest: 26007\n"),
        ),
        person("Anna Berg", "Anna", "Berg Eriksen", "annber", "bornOn: 31121999\n"),
        person(
            "Ola D",
            "Ola",
            "Nordmann",
            "olanor",
            &format!("employeeNumber: {D_NUMBER}\nbornOn: 41811940\nnumberRest: 61033\n"),
        ),
        person("Gone", "Gro", "Gammel", "grogam", "userAccountControl: 514\n"),
        person("Badly", "Bjørn", "Ås", "bjoaas", "employeeNumber: not a number\nbornOn: 1.1.80\n"),
        person("Star", "Star*", "Paren)(theses", "sta\\r", ""),
        group("G_Local", &[entry("Anna Eriksson"), entry("Anna Berg")]),
        group("G_Inner", &[entry("Anna Eriksson")]),
        group("G_Middle", &[group_entry("G_Inner"), group_entry("G_Qualified")]),
        group("G_Qualified", &[group_entry("G_Middle")]),
    ]
    .concat()
}

fn started() -> Slapd {
    Slapd::start(&utopia())
}

fn find(directory: &bam_station::directory::Directory, text: &str) -> Vec<String> {
    let hits = directory.find(&Query::parse(text).unwrap()).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert!(!hits.more);
    hits.hits.into_iter().map(|hit| hit.person.user_name.unwrap()).collect()
}

#[test]
fn people_are_found_by_parts_of_their_names_and_by_user_name() {
    let utopia = started();
    let directory = utopia.directory(|_| ());
    assert_eq!(find(&directory, "anna"), ["annber", "anneri"], "in the order of last names");
    assert_eq!(find(&directory, "Maria"), ["anneri"], "a middle name");
    assert_eq!(find(&directory, "anna erik"), ["annber", "anneri"], "the beginning of a second last name counts");
    assert_eq!(find(&directory, "Eriksson, Anna"), ["anneri"]);
    assert_eq!(find(&directory, "ANNERI"), ["anneri"]);
    assert_eq!(find(&directory, "ås"), ["bjoaas"]);
    assert!(find(&directory, "nna").is_empty(), "names are found by their beginnings");
    assert!(find(&directory, "anna nordmann").is_empty());
}

#[test]
fn what_was_typed_can_only_be_looked_for() {
    let utopia = started();
    let directory = utopia.mapped("employeeNumber");
    for hostile in [
        "*",
        "**",
        "a*",
        "*)(objectClass=*",
        "anneri)(sn=*",
        "x)(|(sAMAccountName=*",
        "\\2a\\2a",
        "an\0na",
        "anna)(&",
        "(&(objectClass=*))",
    ] {
        let hits = match Query::parse(hostile) {
            Ok(query) => directory.find(&query).unwrap_or_else(|error| panic!("{hostile}: {error}")),
            Err(error) => {
                assert_eq!(error.code(), "DIRECTORY_TEXT_TOO_SHORT");
                Hits::default()
            }
        };
        assert!(hits.hits.is_empty(), "{hostile} found {} people", hits.hits.len());
    }
    assert_eq!(find(&directory, "star*"), ["sta\\r"], "a star in a name is a star");
    assert_eq!(find(&directory, "paren)(theses"), ["sta\\r"]);
    assert_eq!(find(&directory, "sta\\r"), ["sta\\r"]);
    for (text, code) in
        [("a", "DIRECTORY_TEXT_TOO_SHORT"), (" ", "DIRECTORY_TEXT_TOO_SHORT"), ("12345678901", "IDENTITY_NUMBER_CONTROL_DIGITS")]
    {
        assert_eq!(Query::parse(text).unwrap_err().code(), code, "{text}");
    }
    assert_eq!(Query::parse(&"x".repeat(121)).unwrap_err().code(), "DIRECTORY_TEXT_TOO_LONG");
    assert_eq!(Query::parse(&"xx ".repeat(9)).unwrap_err().code(), "DIRECTORY_TEXT_TOO_LONG");
}

#[test]
fn the_number_is_found_in_each_form_of_the_mapping() {
    let utopia = started();
    let number: IdentityNumber = BIRTH_NUMBER.parse().unwrap();

    let whole = utopia.mapped("employeeNumber");
    let anna = whole.choose(&entry("Anna Eriksson")).unwrap().hit.person;
    assert_eq!((anna.identity_number.as_ref(), anna.birth_date), (Some(&number), None), "no birth date is taken from a number");
    assert_eq!(find(&whole, "020161 26007"), ["anneri"]);
    assert_eq!(find(&whole, D_NUMBER), ["olanor"]);

    let two = utopia.mapped("bornOn{ddMMyyyy};numberRest");
    let anna = two.choose(&entry("Anna Eriksson")).unwrap().hit.person;
    assert_eq!((anna.identity_number.as_ref(), anna.birth_date), (Some(&number), Some(date(1961, 1, 2))));
    assert_eq!(find(&two, BIRTH_NUMBER), ["anneri"]);
    assert_eq!(find(&two, D_NUMBER), ["olanor"]);
    let ola = two.choose(&entry("Ola D")).unwrap().hit;
    assert_eq!(ola.person.identity_number.unwrap().digits(), D_NUMBER);
    assert_eq!(ola.person.birth_date, None, "a D-number's date is no birth date");

    let birth = utopia.mapped("bornOn{ddMMyyyy}");
    let anna = birth.choose(&entry("Anna Eriksson")).unwrap().hit.person;
    assert_eq!((anna.identity_number, anna.birth_date), (None, Some(date(1961, 1, 2))));
    assert_eq!(find(&birth, BIRTH_NUMBER), ["anneri"], "whoever was born on that day");
    assert_eq!(birth.find(&Query::parse(D_NUMBER).unwrap()).unwrap_err().code(), "DIRECTORY_NUMBER_NOT_HELD");

    let none = utopia.mapped("None");
    assert_eq!(none.find(&Query::parse(BIRTH_NUMBER).unwrap()).unwrap_err().code(), "DIRECTORY_NUMBER_NOT_HELD");
    let anna = none.choose(&entry("Anna Eriksson")).unwrap().hit.person;
    assert_eq!((anna.identity_number, anna.birth_date), (None, None));

    for mapping in ["employeeNumber", "bornOn{ddMMyyyy}"] {
        let hit = utopia.mapped(mapping).choose(&entry("Badly")).unwrap().hit;
        assert!(hit.unreadable_number && hit.person.identity_number.is_none() && hit.person.birth_date.is_none(), "{mapping}");
    }
}

#[test]
fn the_forms_of_the_mapping_are_read_and_written() {
    for good in ["employeeNumber", "birthDate{ddMMyyyy};ssn2", "birthDate{yyyy-MM-dd}", "b{dd.MM.yyyy};r-2", "None"] {
        assert_eq!(NumberMapping::parse(good).unwrap().to_string(), good);
    }
    for bad in [
        "two words",
        "1st",
        "a;b",
        "a{ddmmyyyy}",
        "a{DDMMYYYY}",
        "a{ddMMyy}",
        "a{ddMM}",
        "a{ddMMyyyydd}",
        "a{ddMMyyyy",
        "a{ddMMyyyy};",
        "a{ddMMyyyy};b c",
        "a)(b=*",
        "{ddMMyyyy}",
    ] {
        assert!(NumberMapping::parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn groups_decide_the_kinds_also_through_other_groups() {
    let utopia = started();
    let with = |local: &str, qualified: &str, nesting: u8| {
        utopia.directory(|settings| {
            settings.groups.local = Some(local.into());
            settings.groups.qualified = Some(qualified.into());
            settings.groups.nesting = nesting;
        })
    };
    let kinds = |directory: &bam_station::directory::Directory, who: &str| directory.choose(&entry(who)).unwrap().kinds;
    let both = Some(vec![CertificateKind::Local, CertificateKind::Qualified]);
    assert_eq!(kinds(&with("G_Local", "G_Qualified", 5), "Anna Eriksson"), both, "and the circle of two groups ends");
    assert_eq!(kinds(&with("g_local", &group_entry("G_Qualified").to_lowercase(), 2), "Anna Eriksson"), both);
    let local = Some(vec![CertificateKind::Local]);
    assert_eq!(kinds(&with("G_Local", "G_Qualified", 1), "Anna Eriksson"), local, "two groups above are too far");
    assert_eq!(kinds(&with("G_Local", "G_Qualified", 5), "Anna Berg"), local);
    assert_eq!(kinds(&with("G_Local", "G_Qualified", 5), "Ola D"), Some(vec![]));
    assert_eq!(kinds(&utopia.directory(|_| ()), "Anna Berg"), None, "without groups nothing is decided");
}

#[test]
fn the_primary_group_counts_although_the_account_is_not_among_its_members() {
    let in_domain = |account: u32, group: u32| format!("{}primaryGroupID: {group}\n", security_id(account));
    let with_id = |name: &str, members: &[String], number: u32| {
        group(name, members).replacen("objectClass: group\n", &format!("objectClass: group\n{}", security_id(number)), 1)
    };
    let utopia = Slapd::start(
        &[
            person("Anna", "Anna", "Eriksson", "anna", &in_domain(1104, 1201)),
            person("Ola", "Ola", "Nordmann", "ola", &in_domain(1105, 513)),
            person("Kari", "Kari", "Vik", "kari", "primaryGroupID: 1201\n"),
            with_id("G_Local", &[], 1201),
            with_id("Domain Users", &[], 513),
            group("G_Qualified", &[group_entry("G_Local")]),
        ]
        .concat(),
    );
    let kinds = |who: &str, nesting: u8| {
        let directory = utopia.directory(|settings| {
            settings.groups.local = Some("G_Local".into());
            settings.groups.qualified = Some("G_Qualified".into());
            settings.groups.nesting = nesting;
        });
        directory.choose(&entry(who)).unwrap().kinds.unwrap()
    };
    assert_eq!(kinds("Anna", 0), [CertificateKind::Local]);
    assert_eq!(kinds("Anna", 1), CertificateKind::ALL, "and the groups that the primary group is in");
    assert!(kinds("Ola", 5).is_empty(), "the primary group of everybody else is another one");
    assert!(kinds("Kari", 5).is_empty(), "a number alone is of no domain");
    let operators = utopia.directory(|_| ()).membership("anna").unwrap().unwrap();
    assert!(operators.has("g_local") && !operators.has("Domain Users"), "groups that give roles count it as well");
}

#[test]
fn two_hits_more_hits_none_and_an_entry_that_went() {
    let utopia = started();
    let directory = utopia.directory(|settings| settings.most_hits = 1);
    let hits = directory.find(&Query::parse("anna").unwrap()).unwrap();
    assert_eq!((hits.hits.len(), hits.more), (1, true));
    assert!(find(&utopia.directory(|_| ()), "Nobody").is_empty());
    assert_eq!(directory.choose(&entry("Nobody")).unwrap_err().code(), "DIRECTORY_ENTRY_GONE");
    assert!(matches!(directory.choose("CN=station,DC=utopia,DC=example"), Err(DirectoryError::Gone)), "that is no person");
    assert!(utopia.directory(|_| ()).choose(&entry("Gone")).unwrap().hit.disabled);
    assert_eq!(directory.email("anneri").unwrap().as_deref(), Some("anneri@utopia.example"));
    assert_eq!(directory.email("an*").unwrap(), None);
    assert_eq!(directory.email("grogam").unwrap(), None, "whose account is switched off gets no mail");
}

#[test]
fn start_tls_serves_as_well_and_nothing_goes_without_tls() {
    let utopia = started();
    let directory = utopia.directory(|settings| settings.url = Some(utopia.ldap()));
    assert_eq!(find(&directory, "anneri"), ["anneri"]);
    let attributes = directory.attributes().unwrap();
    assert!(attributes["sn"] >= 6 && attributes.contains_key("employeeNumber"), "{attributes:?}");
    let tested = utopia.directory(|settings| settings.groups.local = Some("G_Nowhere".into())).test().unwrap();
    assert_eq!((tested.people, tested.missing_groups.as_slice()), (6, &["G_Nowhere".to_owned()][..]));
}

#[test]
fn a_directory_that_is_not_the_right_one_is_told() {
    let utopia = started();
    let code = |change: &dyn Fn(&mut bam_station::directory::DirectorySettings)| {
        let directory = utopia.directory(|settings| change(settings));
        let error = directory.find(&Query::parse("anna").unwrap()).unwrap_err();
        assert!(error.is_down(), "{error}");
        error.code()
    };
    assert_eq!(code(&|settings| settings.ca = Some(utopia.file("stranger.pem"))), "DIRECTORY_TLS");
    assert_eq!(
        code(&|settings| {
            settings.ca = Some(utopia.file("stranger.pem"));
            settings.url = Some(utopia.ldap());
        }),
        "DIRECTORY_TLS"
    );
    assert_eq!(
        code(&|settings| settings.url = Some(utopia.ldaps().replace("127.0.0.1", "localhost"))),
        "DIRECTORY_TLS",
        "another name"
    );
    assert_eq!(code(&|settings| settings.url = Some(utopia.ldap().replace("ldap:", "ldaps:"))), "DIRECTORY_TLS", "no TLS there");
    assert_eq!(code(&|settings| settings.password_file = Some(utopia.file("wrong-password"))), "DIRECTORY_BIND_REFUSED");
    assert_eq!(code(&|settings| settings.base = Some("DC=elsewhere,DC=example".into())), "DIRECTORY_BASE_MISSING");
    assert_eq!(
        code(&|settings| settings.password_file = Some(utopia.file("ca.pem"))),
        "DIRECTORY_PASSWORD_UNUSABLE",
        "open to others"
    );
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert_eq!(code(&|settings| settings.url = Some(format!("ldaps://{gone}"))), "DIRECTORY_UNREACHABLE");
}

#[test]
fn a_directory_that_says_nothing_is_given_up_in_time() {
    let utopia = started();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for socket in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || drop((&socket).read_to_end(&mut Vec::new())));
        }
    });
    let silent = utopia.directory(|settings| {
        settings.url = Some(format!("ldaps://{address}"));
        settings.seconds = 1;
    });
    assert_eq!(silent.find(&Query::parse("anna").unwrap()).unwrap_err().code(), "DIRECTORY_SLOW");
}
