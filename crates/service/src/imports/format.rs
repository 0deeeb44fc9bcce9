//! How a file is written, found out before anything in it is read (B04): UTF-8 or UTF-16, which line ends. Anything else
//! is named once for the whole file.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write},
    path::Path,
};

use domain::imports::FileFormat;
use encoding_rs::{CoderResult, Decoder, Encoding, UTF_8, UTF_16BE, UTF_16LE};

use super::lines::Ends;

const CHUNK: usize = 256 * 1024;
/// How far into a file its first line end is looked for: a header is not longer.
const HEAD: usize = 1024 * 1024;

/// A file of text in UTF-8, without its byte order mark.
pub(super) struct Text {
    reader: BufReader<File>,
    end: u8,
    /// Where the text begins in the file.
    begin: u64,
}

impl Read for Text {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reader.read(buffer)
    }
}

impl BufRead for Text {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.reader.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.reader.consume(amount);
    }
}

impl Ends for Text {
    fn end(&self) -> u8 {
        self.end
    }
}

impl Text {
    fn new(mut file: File, begin: u64) -> io::Result<Self> {
        file.seek(SeekFrom::Start(begin))?;
        let mut head = vec![0; HEAD];
        let mut filled = 0;
        while let Some(free) = head.get_mut(filled..).filter(|free| !free.is_empty()) {
            match file.read(free)? {
                0 => break,
                read => filled += read,
            }
        }
        head.truncate(filled);
        file.seek(SeekFrom::Start(begin))?;
        let end = line_end(&head);
        Ok(Self { reader: BufReader::with_capacity(CHUNK, file), end, begin })
    }

    /// The same file, to be read at the places that lines said they stand at.
    pub fn again(&self) -> io::Result<Shifted> {
        Ok(Shifted { file: self.reader.get_ref().try_clone()?, begin: self.begin })
    }

    /// Whether this is JSON that is not one object a line: an array, or objects over several lines.
    pub fn is_one_value(&mut self) -> io::Result<bool> {
        let buffer = self.reader.fill_buf()?;
        let text = buffer.trim_ascii_start();
        let first = text.split(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii_end();
        Ok(text.starts_with(b"[") || first == b"{")
    }
}

/// A file whose text begins after a byte order mark, read by the places of its text.
pub(super) struct Shifted {
    file: File,
    begin: u64,
}

impl Shifted {
    /// Fills `bytes` with what stands at a place.
    pub fn read_at(&mut self, place: u64, bytes: &mut [u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(self.begin + place))?;
        self.file.read_exact(bytes)
    }
}

/// What ends the lines of a file: what ends its first one, outside quotes. A `\r` that a `\n` follows is a part of it.
fn line_end(head: &[u8]) -> u8 {
    let mut quoted = false;
    for (place, byte) in head.iter().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' if !quoted => return b'\n',
            b'\r' if !quoted => return if head.get(place + 1) == Some(&b'\n') { b'\n' } else { b'\r' },
            _ => {}
        }
    }
    b'\n'
}

/// What a file is that is not read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unreadable {
    pub format: FileFormat,
    /// The first line with a byte that is no UTF-8.
    pub line: u64,
    /// Lines below the first one, when they can be counted.
    pub rows: u64,
}

impl Unreadable {
    const fn whole(format: FileFormat) -> Self {
        Self { format, line: 1, rows: 0 }
    }
}

/// Opens a file as text; UTF-16 is written into a temporary file as UTF-8 first.
pub(super) fn open(path: &Path) -> io::Result<Result<Text, Unreadable>> {
    let mut file = File::open(path)?;
    let mut head = [0; 8];
    let mut length = 0;
    while let Some(free) = head.get_mut(length..).filter(|free| !free.is_empty()) {
        match file.read(free)? {
            0 => break,
            read => length += read,
        }
    }
    let head = head.get(..length).unwrap_or_default();
    if let Some(format) = archive(head) {
        return Ok(Err(Unreadable::whole(format)));
    }
    file.rewind()?;
    if let Some((encoding, mark)) = utf_16(head) {
        return match decoded(file, encoding, mark)? {
            Some(text) => Text::new(text, 0).map(Ok),
            None => Ok(Err(Unreadable::whole(FileFormat::Utf16))),
        };
    }
    let begin = if head.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    match wrong(&mut file)? {
        None => Text::new(file, begin).map(Ok),
        Some(refusal) => Ok(Err(refusal)),
    }
}

/// What is no text by its first bytes.
fn archive(head: &[u8]) -> Option<FileFormat> {
    const MAGIC: &[(&[u8], FileFormat)] = &[
        (b"PK\x03\x04", FileFormat::Zip),
        (b"PK\x05\x06", FileFormat::Zip),
        (b"\xd0\xcf\x11\xe0", FileFormat::OldExcel),
        (b"\x1f\x8b", FileFormat::Compressed),
        (b"BZh", FileFormat::Compressed),
        (b"\xfd7zXZ", FileFormat::Compressed),
        (b"\x28\xb5\x2f\xfd", FileFormat::Compressed),
        (b"7z\xbc\xaf", FileFormat::Compressed),
        (b"Rar!", FileFormat::Compressed),
        (b"%PDF", FileFormat::Binary),
        (b"\xff\xfe\0\0", FileFormat::Utf32),
        (b"\0\0\xfe\xff", FileFormat::Utf32),
    ];
    MAGIC.iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, format)| *format)
}

/// UTF-16 by its mark, or by the zero beside its first letter; with the bytes of the mark.
fn utf_16(head: &[u8]) -> Option<(&'static Encoding, u64)> {
    match head {
        [0xff, 0xfe, ..] => Some((UTF_16LE, 2)),
        [0xfe, 0xff, ..] => Some((UTF_16BE, 2)),
        [first, 0, second, 0, ..] if *first != 0 && *second != 0 => Some((UTF_16LE, 0)),
        [0, first, 0, second, ..] if *first != 0 && *second != 0 => Some((UTF_16BE, 0)),
        _ => None,
    }
}

/// The text of a file in UTF-8, in a temporary file without a name; `None` when it is damaged.
fn decoded(mut file: File, encoding: &'static Encoding, mark: u64) -> io::Result<Option<File>> {
    file.seek(SeekFrom::Start(mark))?;
    let mut out = io::BufWriter::with_capacity(CHUNK, tempfile::tempfile()?);
    let mut decoder = encoding.new_decoder_without_bom_handling();
    let sound = decode(&mut file, &mut decoder, &mut |text| out.write_all(text.as_bytes()))?;
    let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    Ok(sound.then_some(file))
}

/// Hands over the text of a file piece by piece; says whether all of it could be read.
fn decode(file: &mut File, decoder: &mut Decoder, take: &mut dyn FnMut(&str) -> io::Result<()>) -> io::Result<bool> {
    let mut bytes = vec![0; CHUNK];
    let mut text = String::with_capacity(CHUNK);
    let mut sound = true;
    loop {
        let length = file.read(&mut bytes)?;
        let mut rest = bytes.get(..length).unwrap_or_default();
        loop {
            let (outcome, read, errors) = decoder.decode_to_string(rest, &mut text, length == 0);
            sound &= !errors;
            take(&text)?;
            text.clear();
            rest = rest.get(read..).unwrap_or_default();
            if outcome == CoderResult::InputEmpty {
                break;
            }
        }
        if length == 0 {
            return Ok(sound);
        }
    }
}

/// Looks through a file for bytes that are no UTF-8, and says what they may be; how many lines it has.
fn wrong(file: &mut File) -> io::Result<Option<Unreadable>> {
    if decode(file, &mut UTF_8.new_decoder_without_bom_handling(), &mut |_| Ok(()))? {
        file.rewind()?;
        return Ok(None);
    }
    file.rewind()?;
    let mut reader = BufReader::with_capacity(CHUNK, &mut *file);
    let mut seen = Seen::default();
    loop {
        let buffer = reader.fill_buf()?;
        let length = buffer.len();
        if length == 0 {
            break;
        }
        seen.pass(buffer);
        reader.consume(length);
    }
    // The header is no row that is not read.
    Ok(Some(Unreadable {
        format: seen.format(),
        line: seen.first.unwrap_or(seen.begun.max(1)),
        rows: seen.breaks().saturating_sub(1),
    }))
}

/// What stands in a file that is no UTF-8.
#[derive(Default)]
struct Seen {
    lines: u64,
    returns: u64,
    zeros: bool,
    /// Letters of several bytes in UTF-8, and bytes that belong to none.
    letters: u64,
    strays: u64,
    /// Bytes that the letter under way wants, and the line it began in.
    wanted: u32,
    begun: u64,
    first: Option<u64>,
}

impl Seen {
    fn pass(&mut self, bytes: &[u8]) {
        for byte in bytes {
            let follows = matches!(byte, 0x80..=0xbf);
            if self.wanted > 0 && follows {
                self.wanted -= 1;
                self.letters += u64::from(self.wanted == 0);
                continue;
            }
            if self.wanted > 0 {
                self.stray(self.begun);
            }
            self.wanted = match byte {
                0xc2..=0xdf => 1,
                0xe0..=0xef => 2,
                0xf0..=0xf4 => 3,
                _ => 0,
            };
            self.begun = self.breaks() + 1;
            if self.wanted == 0 && *byte >= 0x80 {
                self.stray(self.begun);
            }
            self.lines += u64::from(*byte == b'\n');
            self.returns += u64::from(*byte == b'\r');
            self.zeros |= *byte == 0;
        }
    }

    fn stray(&mut self, line: u64) {
        self.strays += 1;
        self.first.get_or_insert(line);
    }

    const fn breaks(&self) -> u64 {
        if self.lines == 0 { self.returns } else { self.lines }
    }

    const fn format(&self) -> FileFormat {
        // Text of another encoding has hardly a letter that happens to be one of UTF-8; a cut or damaged file has few
        // bytes that are not.
        let cut = self.strays == 0 || self.letters > 0 && self.letters >= self.strays;
        match (self.zeros, cut, self.lines == 0 && self.returns > 0) {
            (true, ..) => FileFormat::Binary,
            (false, true, _) => FileFormat::Damaged,
            (false, false, true) => FileFormat::MacRoman,
            (false, false, false) => FileFormat::Windows1252,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(bytes: &[u8]) -> Result<(String, u8), Unreadable> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users.csv");
        std::fs::write(&path, bytes).unwrap();
        open(&path).unwrap().map(|mut text| {
            let mut read = String::new();
            text.read_to_string(&mut read).unwrap();
            (read, text.end)
        })
    }

    /// B04
    #[test]
    fn b04_text_is_read_whatever_it_is_written_in_or_named() {
        let text = "id;name\r\n1;Zoé 画\r\n";
        let utf_16 = |unit: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(unit).collect::<Vec<u8>>();
        let is = |bytes: &[u8]| assert_eq!(opened(bytes), Ok((text.to_owned(), b'\n')));
        is(text.as_bytes());
        is(&[b"\xef\xbb\xbf", text.as_bytes()].concat());
        is(&[b"\xff\xfe".to_vec(), utf_16(u16::to_le_bytes)].concat());
        is(&[b"\xfe\xff".to_vec(), utf_16(u16::to_be_bytes)].concat());
        is(&utf_16(u16::to_le_bytes));
        assert_eq!(opened("id;\"a\r\nb\"\r1;2\r".as_bytes()).map(|(_, end)| end), Ok(b'\r'));
        assert_eq!(opened(b""), Ok((String::new(), b'\n')));
        for (bytes, format, (line, rows)) in [
            (b"id;name\r\n1;Zo\xe9\r\n2;Yan\r\n".as_slice(), FileFormat::Windows1252, (2, 2)),
            (b"id;name\r1;Zo\x8e\r", FileFormat::MacRoman, (2, 1)),
            ("id;name\n1;Zo\u{e9}\n2;Y\u{e9}n\n3;".as_bytes(), FileFormat::Damaged, (4, 2)),
            (b"PK\x03\x04\x14\x00\x06\x00", FileFormat::Zip, (1, 0)),
            (b"\x1f\x8b\x08\x00", FileFormat::Compressed, (1, 0)),
            (b"\xd0\xcf\x11\xe0\xa1\xb1", FileFormat::OldExcel, (1, 0)),
            (b"\xff\xfe\x00\xd8\x00\x00", FileFormat::Utf16, (1, 0)),
            (b"\xff\xfe\0\0i\0\0\0d\0\0\0", FileFormat::Utf32, (1, 0)),
            (b"ab\xff\x00\x00", FileFormat::Binary, (1, 0)),
        ] {
            // A bad byte at the end of sound letters.
            let damaged = [bytes, b"\xff"].concat();
            let bytes = if format == FileFormat::Damaged { &damaged } else { bytes };
            assert_eq!(opened(bytes), Err(Unreadable { format, line, rows }), "{bytes:?}");
        }
    }

    #[test]
    fn a_letter_at_the_edge_of_a_piece_is_no_error() {
        let text = format!("{}é", "x".repeat(CHUNK - 1));
        assert_eq!(opened(text.as_bytes()).map(|(text, _)| text.len()), Ok(CHUNK + 1));
        let cut = text.as_bytes().split_last().unwrap().1;
        assert_eq!(opened(cut).map(|_| ()), Err(Unreadable { format: FileFormat::Damaged, line: 1, rows: 0 }));
    }
}
