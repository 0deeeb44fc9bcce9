//! Files that people attach: the name is normalised once, then checked, and never reaches a file system.

use crate::FieldError;

/// Bytes of one file (domain.md 2.4).
pub const MAX_FILE_BYTES: u64 = 20 * 1024 * 1024;
/// Files in one submission.
pub const MAX_FILES: usize = 10;

/// A name to show and to suggest for a download: no path, no control or formatting characters (FreeScout
/// CVE-2026-28289: normalise first, then check), at most 150 characters.
pub fn display_name(claimed: &str) -> String {
    let last = claimed.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = last.chars().filter(|c| !c.is_control() && !is_formatting(*c)).collect();
    let clean = clean.trim().trim_matches('.').trim();
    if clean.is_empty() {
        return "file".to_owned();
    }
    let count = clean.chars().count();
    if count <= 150 {
        return clean.to_owned();
    }
    match clean.rsplit_once('.') {
        Some((stem, extension)) if extension.chars().count() <= 10 => {
            let keep = 149 - extension.chars().count();
            format!("{}.{extension}", stem.chars().take(keep).collect::<String>())
        }
        _ => clean.chars().take(150).collect(),
    }
}

/// Zero-width, direction-changing and other characters that change how a name reads.
fn is_formatting(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

/// Refuses programs, by the first bytes and by the name: a renamed `.exe` is still one (J16).
///
/// # Errors
/// [`FieldError::RefusedFile`]
pub fn check_kind(name: &str, first_bytes: &[u8]) -> Result<(), FieldError> {
    const EXTENSIONS: &[&str] = &[
        "exe", "dll", "com", "scr", "msi", "bat", "cmd", "ps1", "vbs", "vbe", "js", "jse", "wsf", "hta", "jar", "lnk",
        "reg", "cpl", "pif", "app", "sh", "so", "dylib", "apk", "deb", "rpm", "msix", "iso", "htaccess", "phtml",
        "php",
    ];
    const MAGIC: &[&[u8]] = &[b"MZ", b"\x7fELF", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"#!"];
    let refused_name =
        name.to_lowercase().rsplit_once('.').is_some_and(|(_, extension)| EXTENSIONS.contains(&extension.trim()));
    let refused_bytes = MAGIC.iter().any(|magic| first_bytes.starts_with(magic));
    if refused_name || refused_bytes { Err(FieldError::RefusedFile) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// CVE-2026-28289 (FreeScout): a zero-width space hid `.htaccess` from the check.
    #[test]
    fn cve_2026_28289_names_are_normalised_before_they_are_checked() {
        assert_eq!(display_name("\u{200b}.htaccess"), "htaccess");
        assert!(check_kind(&display_name("report\u{202e}fdp.exe"), b"").is_err());
        assert_eq!(display_name("..\\..\\etc/passwd"), "passwd");
        assert_eq!(display_name("a\r\nb\0.txt"), "ab.txt");
        assert_eq!(display_name(&format!("{}.pdf", "é".repeat(300))).chars().count(), 150);
        assert_eq!(display_name("../"), "file");
    }

    #[test]
    fn j16_programs_are_refused_under_any_name() {
        assert!(check_kind("setup.exe", b"").is_err());
        assert!(check_kind("holiday.png", b"MZ\x90\x00").is_err());
        assert!(check_kind("notes.txt", b"#!/bin/sh").is_err());
        assert!(check_kind("report.pdf", b"%PDF-1.7").is_ok());
    }
}
