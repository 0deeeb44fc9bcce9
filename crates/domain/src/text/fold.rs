//! Texts as searches and lists compare them. Made here, for databases differ.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// Text as searches compare it: lower case, letters without their marks. Made here, for databases differ.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.nfd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase) {
        match c {
            // Letters that do not come apart into a letter and a mark.
            'ð' | 'đ' => folded.push('d'),
            'ħ' => folded.push('h'),
            'ı' => folded.push('i'),
            'ł' => folded.push('l'),
            'ø' => folded.push('o'),
            'ŧ' => folded.push('t'),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            'ß' => folded.push_str("ss"),
            '’' => folded.push('\''),
            other => folded.push(other),
        }
    }
    folded
}

/// The key that orders a name as a dictionary does, in French and in English, compared byte by byte: É stands with E and a
/// with A, blanks come before signs, signs before digits, digits before letters. Names that differ in marks only follow
/// each other, the plain one first. Made here, for databases differ.
pub fn sort_key(name: &str) -> String {
    format!("{}\t{}", sort_words(name), name.trim().nfd().collect::<String>().to_lowercase())
}

/// The part of [`sort_key`] that searches compare: what was typed stands somewhere in the key of a name that contains it.
pub fn sort_words(text: &str) -> String {
    let compatible: String = text.trim().nfkd().collect();
    let mut words = String::with_capacity(compatible.len());
    for c in fold(&compatible).chars() {
        match c {
            c if c.is_alphanumeric() => words.push(c),
            c if c.is_whitespace() => words.push(' '),
            _ => words.push('-'),
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_ordered_as_in_a_dictionary() {
        let mut names = [
            "Zoé",
            "Élodie",
            "aaron",
            "Étienne",
            "Jacquet",
            "Éditions Ö",
            "Œuvre",
            "Elise",
            "Élise",
            "Oeillet",
            "Énergie",
            "Zoe",
            "(ext.) 358",
            "Eli",
            "3 Suisses",
            "Ａｌｐｈａ",
            "AG Çelik",
            "Jean Petit",
            "Jeanne",
            "Jean-Paul",
        ];
        names.sort_by_key(|name| sort_key(name));
        assert_eq!(
            names,
            [
                "(ext.) 358",
                "3 Suisses",
                "aaron",
                "AG Çelik",
                "Ａｌｐｈａ",
                "Éditions Ö",
                "Eli",
                "Elise",
                "Élise",
                "Élodie",
                "Énergie",
                "Étienne",
                "Jacquet",
                "Jean Petit",
                "Jean-Paul",
                "Jeanne",
                "Oeillet",
                "Œuvre",
                "Zoe",
                "Zoé"
            ]
        );
        assert!(sort_key("L’Étoile du Nord").contains(&sort_words("l'etoile")));
    }

    #[test]
    fn folded_text_has_no_marks() {
        assert_eq!(fold("Énergie Œuvre Çà"), "energie oeuvre ca");
        assert_eq!(fold("E\u{301}NERGIE"), "energie");
        assert_eq!(fold("Łódź Straße İstanbul L’Été"), "lodz strasse istanbul l'ete");
        assert_eq!(fold("北京 42"), "北京 42");
    }
}
