//! The name that somebody probably meant.

/// Longer words are not compared: nobody mistypes a name of twenty characters into one of seventy.
const LONGEST: usize = 64;

/// The candidate nearest to `word`, when it is near enough to be meant. Case, spaces and punctuation do not count, so that the
/// labels of BAM's own screens ("Third party ID control") lead to their keys.
pub(super) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.len() > LONGEST {
        return None;
    }
    let plain = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>();
    let word = plain(word);
    let near_enough = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&word, &plain(candidate)), candidate))
        .filter(|(distance, _)| *distance <= near_enough)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}
