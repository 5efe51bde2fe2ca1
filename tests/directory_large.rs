//! A large directory: everybody is found exactly, limits hold on both sides, and how long a look-up takes.
//!
//! The figures for 100,000 people are printed by
//! `cargo test --test station a_hundred_thousand -- --ignored --nocapture`.

use std::{
    fmt::Write as _,
    fs,
    time::{Duration, Instant},
};

use bam_station::{
    directory::{Directory, Hits, Query},
    rules::{CertificateKind, IdentityNumber},
};

use crate::support_directory::{Slapd, entry, group, person, security_id};

const FIRST: [&str; 10] = ["Anna", "Ola", "Kari", "Per", "Ingrid", "Nils", "Sara", "Jonas", "Maja", "Emil"];
const LAST: [&str; 10] = ["Hansen", "Berg", "Lie", "Dahl", "Moen", "Vik", "Sand", "Ås", "Holm", "Ruud"];

/// Numbers with both control digits, of made-up people born in the nineteen-hundreds.
fn numbers() -> impl Iterator<Item = String> {
    let days = (1..=28).flat_map(|day| (1..=12).map(move |month| (day, month)));
    let born = (40..=99).flat_map(move |year| days.clone().map(move |(day, month)| format!("{day:02}{month:02}{year:02}")));
    born.flat_map(|born| (0..=499).step_by(37).filter_map(move |rest| control_digits(&format!("{born}{rest:03}"))))
}

fn control_digits(nine: &str) -> Option<String> {
    let digits: Vec<u32> = nine.chars().filter_map(|digit| digit.to_digit(10)).collect();
    let digit = |weights: &[u32], digits: &[u32]| {
        let sum: u32 = weights.iter().zip(digits).map(|(weight, digit)| weight * digit).sum();
        Some((11 - sum % 11) % 11).filter(|digit| *digit < 10)
    };
    let one = digit(&[3, 7, 6, 1, 8, 9, 4, 5, 2], &digits)?;
    let two = digit(&[5, 4, 3, 2, 7, 6, 5, 4, 3, 2], &[&digits[..], &[one]].concat())?;
    Some(format!("{nine}{one}{two}"))
}

/// So many people in two groups, one of which is the primary group of every third.
struct Town {
    slapd: Slapd,
    numbers: Vec<String>,
}

impl Town {
    fn of(people: usize) -> Self {
        let numbers: Vec<String> = numbers().take(people).collect();
        assert_eq!(numbers.len(), people);
        let mut tree = String::new();
        let mut members = Vec::new();
        for (at, number) in numbers.iter().enumerate() {
            let (first, last) = (FIRST[at % 10], format!("{}{:04}", LAST[at / 10 % 10], at / 100));
            let (primary, sid) = (if at % 3 == 0 { 1201 } else { 513 }, security_id(10_000 + at as u32));
            let more = format!("employeeNumber: {number}\nprimaryGroupID: {primary}\n{sid}");
            tree.push_str(&person(&format!("p{at}"), first, &last, &format!("u{at:06}"), &more));
            if at % 20 == 0 {
                members.push(entry(&format!("p{at}")));
            }
        }
        let local = group("G_Local", &[]);
        tree.push_str(&local.replacen("objectClass: group\n", &format!("objectClass: group\n{}", security_id(1201)), 1));
        tree.push_str(&group("G_Qualified", &members));
        Self { slapd: Slapd::start(&tree), numbers }
    }

    fn directory(&self) -> Directory {
        self.slapd.directory(|settings| {
            settings.mapping.number = "employeeNumber".parse_mapping();
            settings.groups.local = Some("G_Local".into());
            settings.groups.qualified = Some("G_Qualified".into());
        })
    }

    fn full_name(at: usize) -> String {
        format!("{} {}{:04}", FIRST[at % 10], LAST[at / 10 % 10], at / 100)
    }
}

trait ParseMapping {
    fn parse_mapping(&self) -> bam_station::directory::mapping::NumberMapping;
}

impl ParseMapping for str {
    fn parse_mapping(&self) -> bam_station::directory::mapping::NumberMapping {
        bam_station::directory::mapping::NumberMapping::parse(self).unwrap()
    }
}

fn find(directory: &Directory, text: &str) -> Hits {
    directory.find(&Query::parse(text).unwrap()).unwrap()
}

fn only(hits: &Hits) -> &str {
    assert!(hits.hits.len() == 1 && !hits.more, "{} hits", hits.hits.len());
    hits.hits[0].person.user_name.as_deref().unwrap()
}

/// What holds whatever the size.
fn everybody_is_found_exactly(town: &Town) {
    let directory = town.directory();
    let all = town.numbers.len();
    for at in [0, 1, all / 2, all - 1] {
        let user = format!("u{at:06}");
        assert_eq!(only(&find(&directory, &user)), user);
        assert_eq!(only(&find(&directory, &town.numbers[at])), user, "by number");
        assert_eq!(only(&find(&directory, &Town::full_name(at))), user, "by name");
        let chosen = directory.choose(&entry(&format!("p{at}"))).unwrap();
        let number: IdentityNumber = town.numbers[at].parse().unwrap();
        assert_eq!(chosen.hit.person.identity_number, Some(number));
        let mut kinds = Vec::new();
        if at % 3 == 0 {
            kinds.push(CertificateKind::Local);
        }
        if at % 20 == 0 {
            kinds.push(CertificateKind::Qualified);
        }
        assert_eq!(chosen.kinds.unwrap(), kinds, "{at}");
    }
    // More than are listed, exactly two, and nobody.
    let many = find(&directory, "Anna");
    assert_eq!((many.hits.len(), many.more), (20, true));
    let (some, other) = (town.numbers[3].clone(), town.numbers[4].clone());
    let absent = numbers().nth(all).unwrap();
    assert!(some != other && find(&directory, &absent).hits.is_empty(), "nobody has this number");
    assert!(find(&directory, "u999999").hits.is_empty());
    assert!(!find(&directory, "Anna Ruudolf").more);
}

#[test]
fn two_thousand_people_are_found_exactly_and_the_limits_hold() {
    let town = Town::of(2000);
    everybody_is_found_exactly(&town);
    // The list is as long as MASTER.toml says, and never longer.
    for most in [1, 7, 100] {
        let directory = town.slapd.directory(|settings| settings.most_hits = most);
        let hits = find(&directory, "Kari");
        assert_eq!((hits.hits.len(), hits.more), (usize::from(most), true));
    }
    // Two of a family: both are listed, nothing is chosen for the operator.
    let directory = town.directory();
    let two = find(&directory, "Hansen0000");
    assert!(two.hits.len() == 10 && !two.more, "{}", two.hits.len());
}

/// A server that gives fewer than are asked for, as Active Directory does beyond its MaxPageSize: what came is listed, and that there
/// are more is told. Nothing is read page by page: the operator's list is shorter than any server's page.
#[test]
fn a_server_that_gives_fewer_than_asked_is_no_fault() {
    let tree: String =
        (0..40).map(|at| person(&format!("p{at}"), "Anna", &format!("Lie{at}"), &format!("u{at:02}"), "")).collect();
    let slapd = Slapd::start_with(&tree, "limits * size.soft=5 size.hard=5\n");
    let hits = find(&slapd.directory(|_| ()), "Anna");
    assert_eq!((hits.hits.len(), hits.more), (5, true));
    assert_eq!(only(&find(&slapd.directory(|_| ()), "u07")), "u07");
}

/// The memory that a process has resident, MiB.
fn resident(process: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}

/// Asks for `times` of something: the median, and that of which one in a hundred takes longer.
fn measure(times: usize, mut ask: impl FnMut(usize)) -> (Duration, Duration) {
    let mut taken: Vec<Duration> = (0..times)
        .map(|turn| {
            let begun = Instant::now();
            ask(turn);
            begun.elapsed()
        })
        .collect();
    taken.sort_unstable();
    (taken[times / 2], taken[times * 99 / 100])
}

#[test]
#[ignore = "takes minutes and measures"]
fn a_hundred_thousand_people() {
    const PEOPLE: usize = 100_000;
    const TIMES: usize = 500;
    let begun = Instant::now();
    let town = Town::of(PEOPLE);
    let mut told = format!("tree of {PEOPLE} people: {} MiB on disk, made in {:?}\n", town.slapd.bytes() >> 20, begun.elapsed());
    everybody_is_found_exactly(&town);
    let directory = town.directory();
    let before = resident("self");
    // Spread over the whole tree, never the same one twice.
    let who = |turn: usize| turn * 7919 % PEOPLE;
    let mut line = |what: &str, (median, p99): (Duration, Duration)| {
        writeln!(told, "{what}: median {:.1} ms, p99 {:.1} ms", median.as_secs_f64() * 1e3, p99.as_secs_f64() * 1e3).unwrap();
    };
    line("by user name", measure(TIMES, |turn| assert_eq!(find(&directory, &format!("u{:06}", who(turn))).hits.len(), 1)));
    line("by number", measure(TIMES, |turn| assert_eq!(find(&directory, &town.numbers[who(turn)]).hits.len(), 1)));
    line("by full name", measure(TIMES, |turn| assert_eq!(find(&directory, &Town::full_name(who(turn))).hits.len(), 1)));
    line(
        "by last name alone, ten hits",
        measure(TIMES, |turn| {
            let name = Town::full_name(who(turn));
            assert_eq!(find(&directory, name.split_once(' ').unwrap().1).hits.len(), 10);
        }),
    );
    line("by first name alone, ten thousand hits", measure(50, |turn| assert!(find(&directory, FIRST[turn % 10]).more)));
    line("nobody", measure(TIMES, |turn| assert!(find(&directory, &format!("u9{turn:06}")).hits.is_empty())));
    line(
        "chosen, with groups",
        measure(TIMES, |turn| {
            directory.choose(&entry(&format!("p{}", who(turn)))).unwrap();
        }),
    );
    writeln!(told, "memory of the asking process: {before} MiB before, {} MiB after", resident("self")).unwrap();
    writeln!(told, "memory of slapd: {} MiB", resident(&town.slapd.process().to_string())).unwrap();
    print!("{told}");
}
