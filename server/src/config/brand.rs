//! Checks whether a colour can be the vendor's.

/// Whether white letters are legible on a colour given as `#rrggbb`: a contrast of 4.5 to 1 (WCAG 1.4.3).
pub(super) fn carries_white(colour: &str) -> bool {
    let Some(hex) = colour.strip_prefix('#').filter(|hex| hex.len() == 6 && hex.bytes().all(|b| b.is_ascii_hexdigit()))
    else {
        return false;
    };
    let channel = |from: usize| {
        let value = hex.get(from..from + 2).and_then(|two| u8::from_str_radix(two, 16).ok()).unwrap_or(u8::MAX);
        let value = f64::from(value) / 255.0;
        if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    let luminance = 0.2126 * channel(0) + 0.7152 * channel(2) + 0.0722 * channel(4);
    1.05 / (luminance + 0.05) >= 4.5
}
