//! The words of a text, as they are indexed and looked for.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

use super::fold;

/// The words of a text as they are indexed: runs of letters and digits, folded, at most 60 characters each. `ORA-12345` is
/// two words, and so is `setup.exe`. What is written without blanks (Chinese, Japanese, Thai …) has no words to see: every
/// two neighbours are one, and the last sign is one, so that any part of it is found.
pub fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    pieces(text).flat_map(|piece| piece.indexed())
}

/// The words to look for, each as the beginning of an indexed one: `印机` finds `打印机坏了`.
pub fn search_words(typed: &str) -> impl Iterator<Item = String> + '_ {
    pieces(typed).flat_map(|piece| piece.wanted())
}

/// A run of letters and digits of one kind of script, folded.
enum Piece {
    Word(String),
    Unspaced(Vec<char>),
}

impl Piece {
    fn indexed(self) -> Vec<String> {
        match self {
            Self::Word(word) => vec![word],
            Self::Unspaced(signs) => {
                let last = signs.last().map(ToString::to_string);
                pairs(&signs).chain(last).collect()
            }
        }
    }

    fn wanted(self) -> Vec<String> {
        match self {
            Self::Unspaced(signs) if signs.len() > 1 => pairs(&signs).collect(),
            other => other.indexed(),
        }
    }
}

fn pairs(signs: &[char]) -> impl Iterator<Item = String> + '_ {
    signs.windows(2).map(|pair| pair.iter().collect())
}

fn pieces(text: &str) -> impl Iterator<Item = Piece> + '_ {
    text.split(|c: char| !c.is_alphanumeric() && !is_combining_mark(c)).flat_map(|run| {
        // Folding takes Korean syllables apart.
        let folded: Vec<char> = fold(run).nfc().filter(|c| c.is_alphanumeric()).collect();
        folded.chunk_by(|one, next| is_unspaced(*one) == is_unspaced(*next)).map(piece).collect::<Vec<_>>()
    })
}

fn piece(signs: &[char]) -> Piece {
    match signs.first() {
        Some(first) if is_unspaced(*first) => Piece::Unspaced(signs.to_vec()),
        _ => Piece::Word(signs.iter().take(60).collect()),
    }
}

/// Scripts in which words are not set apart by blanks, or not all of them: Thai, Lao, Burmese, Khmer, kana, Han, Hangul.
const fn is_unspaced(c: char) -> bool {
    matches!(c,
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}' | '\u{3005}' | '\u{3007}'
        | '\u{3040}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{ff66}'..='\u{ff9d}' | '\u{20000}'..='\u{3ffff}')
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

    #[test]
    fn any_part_of_a_text_without_blanks_is_found() {
        let indexed: Vec<String> = words("北京办公室的打印机坏了 PC打印").collect();
        for typed in ["印机", "坏了", "北京", "了", "机", "打印机", "办公室的打印机", "pc"] {
            for word in search_words(typed) {
                assert!(indexed.iter().any(|known| known.starts_with(&word)), "{typed}: {word} in {indexed:?}");
            }
        }
        assert!(search_words("京机").all(|word| !indexed.contains(&word)), "neighbours only");
        assert_eq!(words("한국어").collect::<Vec<_>>(), ["한국", "국어", "어"]);
        assert_eq!(search_words("プリンタ").collect::<Vec<_>>(), ["フリ", "リン", "ンタ"]);
    }
}
