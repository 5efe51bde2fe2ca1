//! `docs/configuration.md`, made from the descriptions of the files.

use std::fmt::Write as _;

use super::{
    local, master,
    schema::{Field, Key, Schema},
};

/// The whole page, in Markdown.
pub fn page() -> String {
    let mut page = String::from(INTRODUCTION);
    file(&mut page, &master::SCHEMA);
    file(&mut page, &local::SCHEMA);
    page.push_str(LISTS);
    page
}

fn file<C: Clone + Default>(page: &mut String, schema: &Schema<C>) {
    // Writing into a String does not fail.
    let _ = writeln!(page, "\n## {}\n\n{}", schema.file, schema.about);
    for section in schema.sections {
        let title = if section.name.is_empty() { "Top of the file".into() } else { format!("[{}]", section.name) };
        let _ = writeln!(page, "\n### {title}\n\n{}\n", section.about);
        rows(page, section.keys, &C::default());
    }
    for list in schema.lists {
        let _ = writeln!(page, "\n### [[{}]]\n\n{}\n", list.name, list.record.about);
        rows(page, list.record.keys, &list.blank());
    }
}

fn rows<C: Clone + Default>(page: &mut String, keys: &[Key<C>], defaults: &C) {
    page.push_str("| key | values | default | effect | since |\n|---|---|---|---|---|\n");
    for key in keys {
        let (values, default) = (values(&key.field), default(key, defaults));
        let _ = writeln!(page, "| `{}` | {values} | {default} | {} | {} |", key.name, key.effect, key.since);
    }
}

fn values<C>(field: &Field<C>) -> String {
    match field {
        Field::Switch(_) => "`true`, `false`".into(),
        Field::Choice { of, .. } => of.iter().map(|word| format!("`\"{word}\"`")).collect::<Vec<_>>().join(", "),
        _ => field.allowed(),
    }
}

fn default<C: Clone + Default>(key: &Key<C>, defaults: &C) -> String {
    match key.field.value(defaults) {
        Some(value) => format!("`{value}`"),
        None if key.required => "must be given".into(),
        None => "none".into(),
    }
}

const INTRODUCTION: &str = "\
# Configuration

<!-- Made from the descriptions in src/config/; a test compares this page with them. -->

Two files rule a station: MASTER.toml holds what is the same at every desk of the organisation, LOCAL.toml what belongs to one desk.
They are looked for in this order; `--master FILE` and `--local FILE` name them instead, and a file that is named must exist:

1. `MASTER.toml` and `config/LOCAL.toml` in the working folder,
2. `MASTER.toml` and `LOCAL.toml` in `/etc/bam-station/` (Windows: `%ProgramData%\\bam-station\\`),
3. the same two in `bam-station/` of the user's configuration folder (`$XDG_CONFIG_HOME`, else `~/.config`).

`documents.toml` and the folder `terms/` lie beside LOCAL.toml.

The files are [TOML](https://toml.io), UTF-8, at most 1 MiB. The last line ends with a line break: a file without it may be
cut off and is refused. A file with a mistake is refused whole; every message names file, line, column and what is allowed there:

    MASTER.toml:12:1: unknown key \"RequireScanForLokal\" in [IssueProcess]; did you mean \"RequireScanForLocal\"? allowed: …

`bam-station config check` reads all files, also against each other; `bam-station config check FILE` reads one of them.
`bam-station config show` prints the values in force. Both exit with 0 when the configuration is good and with 2 when it is not;
`--json` prints one JSON document.

`bam-station config set Section.Key=VALUE …` changes a file: only the value's own bytes change, and only when the file is good
afterwards. It says what the change means, and whether the rule becomes stricter or weaker; `--dry-run` writes nothing.
`bam-station config diff A B` compares two files in the same words.

## A MASTER.toml on a share

The last good MASTER.toml is kept in the data folder, together with the files that it names. When the file on the share is away,
broken or not allowed to come into force, the copy stays in force and an alarm says why. A control under way keeps the rules it
began with.

- **Closing line.** Once the file ended with the line `# END`, a file without it counts as cut off.
- **Signature.** With `RequireSignedMaster = true` in LOCAL.toml a file comes into force only when an administrator whose key stands
  in `Keys` signed exactly this content, and no newer version was in force at this desk before. `bam-station config key FILE --name
  NAME` makes a key and prints its line for LOCAL.toml; `bam-station config sign --key FILE --by NAME --why TEXT` signs.
- **History.** Each signature is a line of `MASTER.toml.history` beside the file: who, when, why, every value in force, and the digest
  of the line before. `bam-station config history` verifies the chain and shows what each version changed.
";

const LISTS: &str = "
## documents.toml

The identity documents that are accepted. At least one `[[Document]]`:

| key | values |
|---|---|
| `Id` | small letters, digits and hyphens; each once |
| `Name.nb`, `Name.nn`, `Name.en` | the name on the screens and in the report; `nn` and other languages may be left out |
| `SizeMm` | width and height of the upright page in millimetres; must fit the A6 glass (105 × 148) in its pose |
| `Pose` | `\"lying\"`: as it is; `\"upright\"`: laid on its short edge, so the picture is turned by 90° |
| `SignatureMm` | `[left, top, width, height]` in millimetres: where the holder's signature stands on the upright page, for the \
     comparison after the scan; without it the whole document is shown |
| `AcceptedFor` | a list of `\"local\"`, `\"qualified\"` |
| `BamChoice` | the choice in BAM's list of documents that stands for the kind; may be left out |
| `Mrz.Format` | `\"TD1\"`, `\"TD2\"` or `\"TD3\"`: the machine-readable zone; a kind without one has no `Mrz` |
| `Mrz.Codes` | what its document code may begin with, for example `[\"P\"]` |
| `Validity.AcceptedFrom`, `Validity.AcceptedUntil` | `\"YYYY-MM-DD\"`: the first and the last day on which the kind is accepted |
| `Validity.IssuedFrom` | `\"YYYY-MM-DD\"`: documents issued earlier are refused |
| `Validity.MostYears` | 1 to 50: a document that states more years from issue to expiry is refused |
| `Validity.IssuedBy`, `Validity.NotIssuedBy` | lists of issuing states (ICAO 9303-3 §5, for example `\"NOR\"`): accepted, or not; specimens of `UTO` are accepted in training and never else |
| `FeaturesDrawn` | how many security features a control asks for, drawn anew each time: 3 (the default) up to all |
| `[[Document.Features]]` | at least three security features, each with `Id`, `Text.nb` and `Text.en` (and `Text.nn`); `Always = true` makes it part of every control |
| `[[Document.References]]` | where genuine documents are described (PRADO, control guides): `Name` and `Url`, which begins with `https://` |

An expired document is refused whatever stands here. What is left out does not limit.

## terms/terms.toml

The terms that a holder accepts. One `[[Terms]]` for each text; the version in force is the one with the latest `ValidFrom` that has come:

| key | values |
|---|---|
| `Id` | small letters, digits and hyphens; the same in all versions and languages |
| `Certificate` | `\"local\"` or `\"qualified\"` |
| `Version` | a text, the same in all languages |
| `Language` | `\"nb\"`, `\"nn\"` or `\"en\"`: one of the station's languages |
| `Title` | the title in that language |
| `File` | a text in the same folder: UTF-8, at most 256 KiB, paragraphs between blank lines, headings after `# ` |
| `ValidFrom` | `\"YYYY-MM-DD\"`, the first day on which this version holds |
";
