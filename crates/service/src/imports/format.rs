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

/// Opens a file as text; UTF-16 is written into a temporary file as UTF-8 first. The refusal says what the file is, and
/// how many lines stand in it when they can be counted.
pub(super) fn open(path: &Path) -> io::Result<Result<Text, (FileFormat, u64)>> {
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
        return Ok(Err((format, 0)));
    }
    file.rewind()?;
    if let Some((encoding, mark)) = utf_16(head) {
        return match decoded(file, encoding, mark)? {
            Some(text) => Text::new(text, 0).map(Ok),
            None => Ok(Err((FileFormat::Utf16, 0))),
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
fn wrong(file: &mut File) -> io::Result<Option<(FileFormat, u64)>> {
    let sound = decode(file, &mut UTF_8.new_decoder_without_bom_handling(), &mut |_| Ok(()))?;
    file.rewind()?;
    let mut reader = BufReader::with_capacity(CHUNK, &mut *file);
    let (mut lines, mut returns, mut zeros) = (0_u64, 0_u64, false);
    if !sound {
        loop {
            let buffer = reader.fill_buf()?;
            let length = buffer.len();
            if length == 0 {
                break;
            }
            for byte in buffer {
                lines += u64::from(*byte == b'\n');
                returns += u64::from(*byte == b'\r');
                zeros |= *byte == 0;
            }
            reader.consume(length);
        }
    }
    Ok((!sound).then(|| match (zeros, lines == 0 && returns > 0) {
        (true, _) => (FileFormat::Binary, 0),
        // The header is no row that is not read.
        (false, true) => (FileFormat::MacRoman, returns.saturating_sub(1)),
        (false, false) => (FileFormat::Windows1252, lines.saturating_sub(1)),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(bytes: &[u8]) -> Result<(String, u8), (FileFormat, u64)> {
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
        for (bytes, format, rows) in [
            (b"id;name\r\n1;Zo\xe9\r\n2;Yan\r\n".as_slice(), FileFormat::Windows1252, 2),
            (b"id;name\r1;Zo\x8e\r", FileFormat::MacRoman, 1),
            (b"PK\x03\x04\x14\x00\x06\x00", FileFormat::Zip, 0),
            (b"\x1f\x8b\x08\x00", FileFormat::Compressed, 0),
            (b"\xd0\xcf\x11\xe0\xa1\xb1", FileFormat::OldExcel, 0),
            (b"\xff\xfe\x00\xd8\x00\x00", FileFormat::Utf16, 0),
            (b"ab\xff\x00\x00", FileFormat::Binary, 0),
        ] {
            assert_eq!(opened(bytes), Err((format, rows)), "{bytes:?}");
        }
    }

    #[test]
    fn a_letter_at_the_edge_of_a_piece_is_no_error() {
        let text = format!("{}é", "x".repeat(CHUNK - 1));
        assert_eq!(opened(text.as_bytes()).map(|(text, _)| text.len()), Ok(CHUNK + 1));
        let cut = text.as_bytes().split_last().unwrap().1;
        assert_eq!(opened(cut).map(|_| ()), Err((FileFormat::Windows1252, 0)));
    }
}
