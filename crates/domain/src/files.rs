//! Files that people attach: the name is normalised once, then checked, and never reaches a file system.

use crate::FieldError;

/// Bytes of one file (domain.md 2.4).
pub const MAX_FILE_BYTES: u64 = 20 * 1024 * 1024;
/// Files in one submission.
pub const MAX_FILES: usize = 10;
/// Bytes that one person may have uploaded without attaching them to a case (A5).
pub const MAX_UNATTACHED_BYTES: u64 = 100 * 1024 * 1024;
/// Bytes of one image of announcements.
pub const MAX_IMAGE_BYTES: u64 = 5 * 1024 * 1024;
/// Bytes of all images of announcements.
pub const MAX_IMAGES_BYTES: u64 = 1024 * 1024 * 1024;
/// How much of the beginning of a file [`check`] looks at.
pub const FIRST_BYTES: usize = 64;

/// Characters of a name that is kept.
const MAX_NAME: usize = 150;

/// Returns the name under which a file is kept and shown: the last part of a path, line ends and tabs as blanks, no other
/// control and no formatting characters (FreeScout CVE-2026-28289: normalise first, then check), at most 150 characters;
/// `file` when nothing is left.
pub fn display_name(claimed: &str) -> String {
    let last = claimed.rsplit(['/', '\\']).find(|part| !part.trim().is_empty()).unwrap_or_default();
    let spaced = last.replace(['\t', '\n', '\r', '\u{85}', '\u{2028}', '\u{2029}'], " ");
    let clean: String = spaced.chars().filter(|c| !c.is_control() && !is_formatting(*c)).collect();
    let clean = clean.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    let clean = clean.trim_matches(|c: char| c == '.' || c.is_whitespace());
    if clean.is_empty() {
        return "file".to_owned();
    }
    let count = clean.chars().count();
    if count <= MAX_NAME {
        return clean.to_owned();
    }
    match clean.rsplit_once('.') {
        Some((stem, extension)) if extension.chars().count() <= 10 => {
            let keep = MAX_NAME - 1 - extension.chars().count();
            format!("{}.{extension}", stem.chars().take(keep).collect::<String>())
        }
        _ => clean.chars().take(MAX_NAME).collect(),
    }
}

/// Zero-width, direction-changing and other characters that change how a name reads.
fn is_formatting(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

/// Returns the name that a download suggests. A file of a kind that is not known to be harmless when it is opened gets
/// `.txt` at its end, so that a double click shows it and runs nothing (F19j): `page.html` is saved as `page.html.txt`.
pub fn download_name(name: &str) -> String {
    let harmless = extension(name).is_none_or(|extension| {
        let counted = extension.bytes().all(|b| b.is_ascii_digit() || b == b'-' || b == b'_');
        counted || HARMLESS.contains(&extension.as_str())
    });
    if harmless { name.to_owned() } else { format!("{name}.txt") }
}

/// Returns the part after the last dot in small letters; `None` without one.
fn extension(name: &str) -> Option<String> {
    name.rsplit_once('.').map(|(_, extension)| extension.trim().to_lowercase())
}

/// Kinds whose usual program shows or unpacks them and runs nothing of theirs. Rotated logs (`app.log.1`) are harmless too.
const HARMLESS: &[&str] = &[
    // Text and data
    "txt",
    "text",
    "log",
    "out",
    "err",
    "md",
    "csv",
    "tsv",
    "json",
    "jsonl",
    "ndjson",
    "yaml",
    "yml",
    "toml",
    "ini",
    "conf",
    "cfg",
    "cnf",
    "properties",
    "env",
    "sql",
    "diff",
    "patch",
    "lock",
    "srt",
    "vtt",
    "tex",
    "bib",
    "po",
    "pem",
    "dat",
    "bin",
    "dump",
    "dmp",
    "mdmp",
    "hprof",
    "core",
    "trace",
    "etl",
    "evtx",
    "har",
    "pcap",
    "pcapng",
    "nmon",
    "parquet",
    "avro",
    "sqlite",
    "db",
    "bak",
    "old",
    "orig",
    "tmp",
    // Source text that no double click runs
    "c",
    "h",
    "cc",
    "cpp",
    "hpp",
    "cs",
    "java",
    "kt",
    "go",
    "rs",
    "swift",
    "ts",
    "tsx",
    "css",
    "scss",
    // Documents
    "pdf",
    "doc",
    "docx",
    "xls",
    "xlsx",
    "ppt",
    "pptx",
    "odt",
    "ods",
    "odp",
    "odg",
    "rtf",
    "pages",
    "numbers",
    "key",
    "vsdx",
    "epub",
    "eml",
    "msg",
    "ics",
    "vcf",
    "dwg",
    "dxf",
    "stl",
    "step",
    "gpx",
    // Pictures, sound, film
    "png",
    "jpg",
    "jpeg",
    "jfif",
    "gif",
    "webp",
    "bmp",
    "tif",
    "tiff",
    "heic",
    "heif",
    "avif",
    "ico",
    "psd",
    "mp3",
    "wav",
    "ogg",
    "oga",
    "opus",
    "m4a",
    "aac",
    "flac",
    "mp4",
    "m4v",
    "mov",
    "avi",
    "mkv",
    "webm",
    "wmv",
    "mpg",
    "mpeg",
    // Archives
    "zip",
    "7z",
    "rar",
    "tar",
    "gz",
    "tgz",
    "bz2",
    "tbz2",
    "xz",
    "txz",
    "zst",
    "lz4",
];

/// Extensions of programs: such a file is refused.
const PROGRAMS: &[&str] = &[
    "exe", "dll", "com", "scr", "msi", "bat", "cmd", "ps1", "vbs", "vbe", "js", "jse", "wsf", "hta", "jar", "lnk",
    "reg", "cpl", "pif", "app", "sh", "so", "dylib", "apk", "deb", "rpm", "msix", "iso", "htaccess", "phtml", "php",
];

/// Decides whether a file is taken: it holds something, is not too large, and is no program.
///
/// # Errors
/// [`FieldError::EmptyFile`], [`FieldError::TooLarge`], [`FieldError::RefusedFile`]
pub fn check(name: &str, size: u64, first_bytes: &[u8]) -> Result<(), FieldError> {
    if size == 0 {
        return Err(FieldError::EmptyFile);
    }
    if size > MAX_FILE_BYTES {
        return Err(FieldError::TooLarge { max_bytes: MAX_FILE_BYTES });
    }
    check_kind(name, first_bytes)
}

/// Decides whether a file is an image that browsers show and that runs nothing (an SVG can): by what it holds, whatever it is
/// called.
///
/// # Errors
/// [`FieldError::NotAnImage`]
pub fn check_image(media_type: &str) -> Result<(), FieldError> {
    const SHOWN: &[&str] = &["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"];
    if SHOWN.contains(&media_type) { Ok(()) } else { Err(FieldError::NotAnImage) }
}

/// Refuses programs, by the name and by the first [`FIRST_BYTES`]: a renamed `.exe` is still one (J16), a text that begins
/// with the letters `MZ` is none (B11).
///
/// # Errors
/// [`FieldError::RefusedFile`]
fn check_kind(name: &str, first_bytes: &[u8]) -> Result<(), FieldError> {
    // ELF, Java class or universal Mach-O, Mach-O of 64 and of 32 bits.
    const MAGIC: &[&[u8]] = &[b"\x7fELF", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe"];
    let first_bytes = first_bytes.get(..FIRST_BYTES).unwrap_or(first_bytes);
    let refused_name = extension(&display_name(name)).is_some_and(|extension| PROGRAMS.contains(&extension.as_str()));
    let refused_bytes = MAGIC.iter().any(|magic| first_bytes.starts_with(magic));
    if refused_name || refused_bytes || is_dos_program(first_bytes) || is_script(first_bytes) {
        Err(FieldError::RefusedFile)
    } else {
        Ok(())
    }
}

/// A DOS or Windows program begins with `MZ` and a header of 64 bytes. Its fourth byte is at most 1 in a DOS program (bytes
/// in the last page of 512), its last one at most 1 in a Windows program under 32 MB (where the PE header lies): in both
/// the header holds a byte that no text has.
fn is_dos_program(first_bytes: &[u8]) -> bool {
    let in_no_text = |byte: &u8| byte.is_ascii_control() && !matches!(byte, b'\t' | b'\n' | b'\x0c' | b'\r' | b'\x1b');
    first_bytes.starts_with(b"MZ") && first_bytes.iter().any(in_no_text)
}

/// `#!` and the path of an interpreter.
fn is_script(first_bytes: &[u8]) -> bool {
    let path = first_bytes.strip_prefix(b"#!").map(<[u8]>::trim_ascii_start);
    path.is_some_and(|path| path.starts_with(b"/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// CVE-2026-28289 (FreeScout): a zero-width space hid `.htaccess` from the check.
    #[test]
    fn cve_2026_28289_names_are_normalised_before_they_are_checked() {
        assert_eq!(display_name("\u{200b}.htaccess"), "htaccess");
        assert!(check_kind("report\u{202e}fdp.exe", b"").is_err());
        assert!(check_kind("report.ex\u{200b}e . ", b"").is_err());
        assert_eq!(display_name("..\\..\\etc/passwd"), "passwd");
        assert_eq!(display_name(&format!("{}.pdf", "é".repeat(300))).chars().count(), 150);
        assert_eq!(display_name("../"), "file");
        assert_eq!(display_name(""), "file");
    }

    #[test]
    fn b30_odd_names_stay_readable() {
        assert_eq!(display_name("5\" disk.log"), "5\" disk.log");
        assert_eq!(display_name("new\nline.txt"), "new line.txt");
        assert_eq!(display_name("a\r\nb\0.txt"), "a b.txt");
        assert_eq!(display_name("a\u{2028}b\t\tc.txt"), "a b c.txt");
        assert_eq!(display_name("back\\"), "back");
        assert_eq!(display_name("12:30 log.txt"), "12:30 log.txt");
    }

    #[test]
    fn j16_programs_are_refused_under_any_name() {
        assert!(check_kind("setup.exe", b"").is_err());
        assert!(check_kind("run.SH", b"echo").is_err());
        assert!(check_kind("holiday.png", b"MZ\x90\x00").is_err());
        assert!(check_kind("notes.txt", b"#!/bin/sh").is_err());
        assert!(check_kind("notes.txt", b"#! /usr/bin/env python").is_err());
        assert!(check_kind("core", b"\x7fELF\x02\x01").is_err());
        assert!(check_kind("report.pdf", b"%PDF-1.7").is_ok());
    }

    #[test]
    fn b11_a_text_that_begins_like_a_program_is_a_text() {
        assert!(check_kind("export.csv", b"MZ;Marseille;12\r\n\tMZ;Metz").is_ok());
        assert!(check_kind("notes.txt", "MZ-4711 : l\u{2019}écran".as_bytes()).is_ok());
        assert!(check_kind("hello.txt", b"MZ").is_ok());
        assert!(check_kind("tags.txt", b"#!important").is_ok());
        // A Windows program whose header holds text wherever the loader allows it.
        let mut program = b"MZ".to_vec();
        program.resize(60, b'A');
        program.extend_from_slice(&0x0101_4141_u32.to_le_bytes());
        assert!(check_kind("letter.txt", &program).is_err());
    }

    #[test]
    fn b30_an_empty_file_and_a_large_one_are_refused_each_in_its_own_way() {
        assert_eq!(check("a.txt", 0, b""), Err(FieldError::EmptyFile));
        let large = FieldError::TooLarge { max_bytes: MAX_FILE_BYTES };
        assert_eq!(check("a.txt", MAX_FILE_BYTES + 1, b"a"), Err(large));
        assert_eq!(check("a.txt", MAX_FILE_BYTES, b"a"), Ok(()));
    }

    #[test]
    fn f19j_what_may_act_when_opened_is_saved_as_text() {
        for kind in
            "msc url scf wsh mjs desktop chm vhd img one appx xlsm docm html HTML svg xml xll library-ms rdp".split(' ')
        {
            assert_eq!(download_name(&format!("a.{kind}")), format!("a.{kind}.txt"), "{kind}");
        }
        for name in ["5\" disk.log", "report.PDF", "app.log.1", "app.log.2026-03-02", "README", "photo.jpeg", "x.docx"]
        {
            assert_eq!(download_name(name), name);
        }
        assert_eq!(download_name("page.html::$DATA"), "page.html::$DATA.txt");
        assert_eq!(download_name("page.html "), "page.html .txt");
    }
}
