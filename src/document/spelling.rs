//! Which known word a wrong one was probably meant to be.

use strsim::osa_distance;

/// The closest of `known`, if it is close enough to be a slip of the fingers: at most a third of
/// the word may differ, so that `a` is not taken for `b`. Failing that, the one that goes on where
/// the word ends, as a unit does: `boot_limit` for `boot_limit_seconds`.
pub(super) fn closest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    let limit = (word.chars().count() / 3).max(1);
    known
        .iter()
        .map(|candidate| (osa_distance(word, candidate), *candidate))
        .filter(|(distance, candidate)| *distance <= limit && *distance < candidate.len())
        .min()
        .map(|(_, candidate)| candidate)
        .or_else(|| longer(word, known))
}

fn longer<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    let goes_on = |candidate: &&&str| {
        let rest = candidate.strip_prefix(word);
        !word.is_empty() && rest.is_some_and(|rest| rest.starts_with('_'))
    };
    known.iter().find(goes_on).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_of_the_fingers_are_recognized_and_other_words_are_not() {
        let known = ["commands", "commands_file", "name", "env_vars"];
        assert_eq!(closest("comands", &known), Some("commands"));
        assert_eq!(closest("nmae", &known), Some("name"));
        assert_eq!(closest("env-vars", &known), Some("env_vars"));
        assert_eq!(closest("image", &known), None);
        assert_eq!(closest("x", &known), None);
        assert_eq!(closest("env", &known), Some("env_vars"));
    }
}
