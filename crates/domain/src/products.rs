//! Products that support is given for (R2).

/// Says whether a text is the key of a product, as imports and addresses name it: lower case, digits and dashes.
pub fn is_key(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 60
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}
