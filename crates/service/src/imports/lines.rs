//! The lines and rows of a file, of bounded length.

use std::{
    borrow::Cow,
    collections::VecDeque,
    io::{self, BufRead},
};

use domain::imports::SEPARATORS;

/// Bytes of one line.
pub(super) const MAX_LINE: usize = 1024 * 1024;

pub(super) enum Content {
    Bytes(Vec<u8>),
    TooLong,
}

pub(super) struct Line {
    /// Of its first byte in the file.
    pub offset: u64,
    /// With its line end.
    pub length: u64,
    /// From 1; of its first line.
    pub line: u64,
    content: Content,
}

impl Line {
    /// The text of the line; the file it stands in was found to be UTF-8 before.
    ///
    /// # Errors
    /// When it is too long to be held.
    pub fn text(&self) -> Result<Cow<'_, str>, TooLong> {
        match &self.content {
            Content::Bytes(bytes) => Ok(String::from_utf8_lossy(bytes)),
            Content::TooLong => Err(TooLong),
        }
    }

    fn without_end(mut self) -> Self {
        if let Content::Bytes(bytes) = &mut self.content {
            while matches!(bytes.last(), Some(b'\n' | b'\r')) {
                bytes.pop();
            }
        }
        self
    }
}

/// The line is longer than [`MAX_LINE`].
#[derive(Debug)]
pub(super) struct TooLong;

/// Where lines come from, and what ends them.
pub(super) trait Ends: BufRead {
    /// `\n`, or `\r` in files of old Macs.
    fn end(&self) -> u8;
}

/// Lines, or rows with quoted line ends, of bounded length.
pub(super) struct Lines<R> {
    reader: R,
    /// Values of JSON over several lines, or in an array, instead of lines.
    values: bool,
    /// What stands between the cells of a row; `None` for lines.
    separators: Option<Vec<u8>>,
    offset: u64,
    line: u64,
    /// Lines that were read ahead for a row they did not belong to.
    back: VecDeque<Line>,
}

impl<R: Ends> Lines<R> {
    pub const fn plain(reader: R) -> Self {
        Self { reader, values: false, separators: None, offset: 0, line: 1, back: VecDeque::new() }
    }

    /// The values of JSON in a file that is an array of them, or writes each over several lines.
    pub fn values(reader: R) -> Self {
        Self { values: true, ..Self::plain(reader) }
    }

    /// Rows; the header tells which of the separators it is.
    pub fn rows(reader: R) -> Self {
        let separators = SEPARATORS.iter().collect::<String>().into_bytes();
        Self { separators: Some(separators), ..Self::plain(reader) }
    }

    /// What stands between the cells of the rows that follow.
    pub fn separate(&mut self, separator: char) {
        self.separators = Some(separator.to_string().into_bytes());
    }

    pub fn next(&mut self) -> io::Result<Option<Line>> {
        if self.values {
            return self.value();
        }
        let Some(first) = self.physical()? else { return Ok(None) };
        let whole = match self.separators.clone() {
            Some(separators) => self.row(first, &separators)?,
            None => first,
        };
        Ok(Some(whole.without_end()))
    }

    /// Goes on over line ends inside quotes. A row with wrong quotes, or with one that never closes, is its first line
    /// alone: a stray quote costs one row, not those after it.
    fn row(&mut self, first: Line, separators: &[u8]) -> io::Result<Line> {
        let Content::Bytes(bytes) = &first.content else { return Ok(first) };
        let mut cells = Cells { separators, at: At::Start };
        let mut outcome = cells.pass(bytes);
        let mut length = first.length;
        let mut more = Vec::new();
        while outcome == Quotes::Open {
            let Some(next) = self.physical()? else {
                outcome = Quotes::Wrong;
                break;
            };
            length += next.length;
            outcome = match &next.content {
                Content::Bytes(bytes) if length <= MAX_LINE as u64 => cells.pass(bytes),
                _ => Quotes::Endless,
            };
            more.push(next);
        }
        if outcome == Quotes::Well {
            return Ok(more.into_iter().fold(first, joined));
        }
        for line in more.into_iter().rev() {
            self.back.push_front(line);
        }
        let content = if outcome == Quotes::Endless { Content::TooLong } else { first.content };
        Ok(Line { content, ..first })
    }

    /// The next value of JSON: from its first byte to the bracket that closes it, without the brackets and commas of the
    /// array around. A value that never closes is what is left of the file.
    fn value(&mut self) -> io::Result<Option<Line>> {
        let (mut offset, mut line) = (self.offset, self.line);
        let before = self.offset;
        let mut bytes: Vec<u8> = Vec::new();
        let (mut depth, mut quoted, mut escaped, mut begun, mut too_long) = (0_u32, false, false, false, false);
        'value: loop {
            let buffer = self.reader.fill_buf()?;
            if buffer.is_empty() {
                break;
            }
            let mut taken = 0;
            let mut done = false;
            for byte in buffer {
                taken += 1;
                self.line += u64::from(*byte == b'\n');
                if !begun {
                    // At the top, outside any value.
                    if byte.is_ascii_whitespace() || matches!(byte, b',' | b'[' | b']') {
                        continue;
                    }
                    begun = true;
                    (offset, line) = (self.offset + taken - 1, self.line);
                }
                if bytes.len() < MAX_LINE {
                    bytes.push(*byte);
                } else {
                    too_long = true;
                }
                match byte {
                    _ if escaped => escaped = false,
                    b'\\' if quoted => escaped = true,
                    b'"' => quoted = !quoted,
                    _ if quoted => {}
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                let ends = matches!(byte, b'}' | b']') || depth == 0 && (byte.is_ascii_whitespace() || *byte == b',');
                if !quoted && depth == 0 && ends {
                    done = true;
                    break;
                }
            }
            self.reader.consume(usize::try_from(taken).unwrap_or(usize::MAX));
            self.offset += taken;
            if done {
                break 'value;
            }
        }
        if !begun {
            return Ok(None);
        }
        if bytes.last() == Some(&b',') {
            bytes.pop();
        }
        let content = if too_long { Content::TooLong } else { Content::Bytes(bytes) };
        Ok(Some(Line { offset, length: self.offset - before, line, content }))
    }

    /// The next line with its end.
    fn physical(&mut self) -> io::Result<Option<Line>> {
        if let Some(line) = self.back.pop_front() {
            return Ok(Some(line));
        }
        let (offset, line, ends) = (self.offset, self.line, self.reader.end());
        let mut bytes = Vec::new();
        let mut too_long = false;
        loop {
            let buffer = self.reader.fill_buf()?;
            if buffer.is_empty() {
                break;
            }
            let end = buffer.iter().position(|byte| *byte == ends);
            let taken = end.map_or(buffer.len(), |end| end + 1);
            if too_long || bytes.len() + taken > MAX_LINE {
                too_long = true;
                bytes = Vec::new();
            } else {
                bytes.extend_from_slice(buffer.get(..taken).unwrap_or_default());
            }
            self.reader.consume(taken);
            self.offset += taken as u64;
            if end.is_some() {
                self.line += 1;
                break;
            }
        }
        let length = self.offset - offset;
        let content = if too_long { Content::TooLong } else { Content::Bytes(bytes) };
        Ok((length > 0).then_some(Line { offset, length, line, content }))
    }
}

fn joined(mut row: Line, next: Line) -> Line {
    if let (Content::Bytes(bytes), Content::Bytes(more)) = (&mut row.content, &next.content) {
        bytes.extend_from_slice(more);
    }
    row.length += next.length;
    row
}

/// How the quotes of a row stand at the end of a line.
#[derive(PartialEq, Eq)]
enum Quotes {
    Well,
    /// A quoted cell goes on in the next line.
    Open,
    /// Text after a closing quote, or the file ends inside quotes.
    Wrong,
    /// The row is longer than a row may be.
    Endless,
}

/// Where in a row a byte stands. A quote opens at the start of a cell only, elsewhere it is a character like others.
enum At {
    Start,
    Plain,
    Quoted,
    /// After a quote inside quotes: the end of the cell, or the first of a doubled one.
    Closing,
    /// After blanks behind the end of a quoted cell.
    Closed,
}

struct Cells<'a> {
    separators: &'a [u8],
    at: At,
}

impl Cells<'_> {
    fn pass(&mut self, line: &[u8]) -> Quotes {
        for byte in line {
            let separates = self.separators.contains(byte);
            self.at = match (&self.at, byte) {
                (At::Start | At::Closing, b'"') => At::Quoted,
                (At::Quoted, b'"') => At::Closing,
                (At::Quoted, _) => At::Quoted,
                (At::Closing | At::Closed, b'\r' | b'\n') => At::Closed,
                (At::Start | At::Plain | At::Closing | At::Closed, _) if separates => At::Start,
                (At::Start | At::Plain, _) => At::Plain,
                (At::Closing | At::Closed, b' ') => At::Closed,
                (At::Closing | At::Closed, _) => return Quotes::Wrong,
            };
        }
        if matches!(self.at, At::Quoted) { Quotes::Open } else { Quotes::Well }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Read};

    use super::*;

    impl<R: Read> Ends for BufReader<R> {
        fn end(&self) -> u8 {
            b'\n'
        }
    }

    fn bytes(line: &Line) -> &[u8] {
        match &line.content {
            Content::Bytes(bytes) => bytes,
            Content::TooLong => b"too long",
        }
    }

    fn rows(text: &str) -> Vec<(u64, String)> {
        let mut lines = Lines::rows(BufReader::new(text.as_bytes()));
        let next = || lines.next().unwrap();
        std::iter::from_fn(next).map(|line| (line.line, String::from_utf8(bytes(&line).to_vec()).unwrap())).collect()
    }

    #[test]
    fn an_endless_line_is_passed_over_without_being_held() {
        let endless = io::repeat(b'x').take(48 * 1024 * 1024);
        let reader = BufReader::with_capacity(256 * 1024, endless.chain(&b"\n{}\n"[..]));
        let mut lines = Lines::plain(reader);
        let first = lines.next().unwrap().unwrap();
        assert!(matches!(first.content, Content::TooLong));
        let second = lines.next().unwrap().unwrap();
        assert_eq!(second.line, 2);
        assert_eq!(bytes(&second), b"{}");
        assert!(lines.next().unwrap().is_none());
    }

    #[test]
    fn rows_span_lines_inside_quotes() {
        let mut lines = Lines::rows(BufReader::new(&b"a,\"b\nc\"\r\nd,e"[..]));
        let first = lines.next().unwrap().unwrap();
        assert_eq!(bytes(&first), b"a,\"b\nc\"");
        let second = lines.next().unwrap().unwrap();
        assert_eq!((second.line, second.offset), (3, 9));
    }

    #[test]
    fn a_stray_quote_costs_one_row() {
        let row = |line, text: &str| (line, text.to_owned());
        assert_eq!(rows("1,5\" disk\n2,b\n3,c"), [row(1, "1,5\" disk"), row(2, "2,b"), row(3, "3,c")]);
        // One that never closes, one that the next row's quote closes, text after a closing one.
        assert_eq!(rows("1,\"a\n2,b\n3,c"), [row(1, "1,\"a"), row(2, "2,b"), row(3, "3,c")]);
        assert_eq!(rows("1,\"a\n2,\"b\"\n3,c"), [row(1, "1,\"a"), row(2, "2,\"b\""), row(3, "3,c")]);
        assert_eq!(rows("1,\"a\"x\n2,b"), [row(1, "1,\"a\"x"), row(2, "2,b")]);
        assert_eq!(rows("1,\"a\" \"\n2,b"), [row(1, "1,\"a\" \""), row(2, "2,b")]);
        assert_eq!(rows("1,\"a\nb\"  ,c\n2|\"b\nc\""), [row(1, "1,\"a\nb\"  ,c"), row(3, "2|\"b\nc\"")]);
        assert_eq!(rows("1,\"a \"\"b\"\"\nc\",d\n2,b"), [row(1, "1,\"a \"\"b\"\"\nc\",d"), row(3, "2,b")]);
    }

    #[test]
    fn a_row_that_never_ends_gives_back_what_was_read_ahead() {
        let filler = "x\n".repeat(MAX_LINE);
        let text = format!("1,\"a\n2,b\n{filler}");
        let mut lines = Lines::rows(BufReader::new(text.as_bytes()));
        let first = lines.next().unwrap().unwrap();
        assert!(matches!(first.content, Content::TooLong));
        assert_eq!(bytes(&lines.next().unwrap().unwrap()), b"2,b");
    }

    /// The array of a `.json` file, with its records over several lines.
    #[test]
    fn values_are_read_out_of_an_array() {
        let values = |text: &str| {
            let mut lines = Lines::values(BufReader::new(text.as_bytes()));
            let next = || lines.next().unwrap();
            std::iter::from_fn(next)
                .map(|line| (line.line, String::from_utf8(bytes(&line).to_vec()).unwrap()))
                .collect::<Vec<_>>()
        };
        let value = |line, text: &str| (line, text.to_owned());
        let text = "\n[\n  {\n \"a\": \"}]\\\"{\"\n},{\"b\":[{},[1]]}\n, 7\n]\n";
        assert_eq!(
            values(text),
            [value(3, "{\n \"a\": \"}]\\\"{\"\n}"), value(5, "{\"b\":[{},[1]]}"), value(6, "7\n")]
        );
        assert_eq!(values("{\n\"a\":1\n}\n{\"b\":2}"), [value(1, "{\n\"a\":1\n}"), value(4, "{\"b\":2}")]);
        assert_eq!(values("[{\"a\":"), [value(1, "{\"a\":")], "cut off");
        assert_eq!(values(" [ ] "), []);
    }
}
