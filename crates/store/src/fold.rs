//! Text as it is searched: the same words on both databases, whatever their own ideas of letters are.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Lower case without accents: what was typed as "Énergie" and what is stored as "energie" are the same.
pub(crate) fn fold(text: &str) -> String {
    text.nfd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).collect()
}

/// The words of a text: runs of letters and digits, folded. `ORA-12345` is two words, and so is `setup.exe`: the parser
/// of neither database is asked (PostgreSQL would keep the second as one).
pub(crate) fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !c.is_alphanumeric() && !is_combining_mark(c))
        .map(|word| fold(word).chars().filter(|c| c.is_alphanumeric()).take(60).collect::<String>())
        .filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_folded_runs_of_letters_and_digits() {
        let found: Vec<String> = words("L'Énergie d’été: ORA-12345, setup.exe (v2.3.1) ana@exemple.fr").collect();
        assert_eq!(
            found,
            ["l", "energie", "d", "ete", "ora", "12345", "setup", "exe", "v2", "3", "1", "ana", "exemple", "fr"]
        );
        // Composed and decomposed writings are one word.
        assert_eq!(words("re\u{301}solu").collect::<Vec<_>>(), words("résolu").collect::<Vec<_>>());
        assert_eq!(words(" *-() ").count(), 0);
    }
}
