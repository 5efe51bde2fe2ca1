//! The objects of a PDF (ISO 32000-1 §7.2–7.3), read strictly: what two readers could understand differently is an error.
//!
//! This reader shares nothing with the one that helped to write the signature, so a defect of one does not hide in the other.
//! It never recurses deeper than [`MAX_DEPTH`] and never makes more than [`MAX_VALUES`] values.

use std::{collections::BTreeMap, ops::Range};

use super::problem::{Problem, ProblemKind};

/// Deepest nesting of arrays and dictionaries.
const MAX_DEPTH: usize = 64;
/// Most values in one file.
const MAX_VALUES: usize = 1_000_000;

/// One object.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `null`.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A number with a decimal point.
    Real(f32),
    /// A name, decoded.
    Name(Vec<u8>),
    /// A string, decoded.
    Text(Vec<u8>),
    /// An array.
    Array(Vec<Value>),
    /// A dictionary.
    Dictionary(Dictionary),
    /// A reference to an object by its number. The generation is always 0.
    Reference(u32),
}

/// A dictionary. No key occurs twice.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Dictionary(BTreeMap<Vec<u8>, Entry>);

/// A value and where it stands in the file. Entries are equal when their values are.
#[derive(Debug, Clone)]
struct Entry {
    value: Value,
    place: Range<usize>,
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl Dictionary {
    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key.as_bytes()).map(|entry| &entry.value)
    }

    /// Where the value of `key` stands in the file.
    pub fn place(&self, key: &str) -> Option<Range<usize>> {
        self.0.get(key.as_bytes()).map(|entry| entry.place.clone())
    }

    /// The keys with their values, in the order of the keys' bytes.
    pub fn entries(&self) -> impl Iterator<Item = (&[u8], &Value)> {
        self.0.iter().map(|(key, entry)| (key.as_slice(), &entry.value))
    }

    /// The keys, in the order of their bytes.
    pub fn keys(&self) -> impl Iterator<Item = &[u8]> {
        self.0.keys().map(Vec::as_slice)
    }

    /// Whether the value of `key` is the name `name`.
    pub fn has_name(&self, key: &str, name: &str) -> bool {
        matches!(self.get(key), Some(Value::Name(found)) if found == name.as_bytes())
    }

    /// The same dictionary without `keys`.
    pub fn without(&self, keys: &[&str]) -> Self {
        let kept = self.0.iter().filter(|(key, _)| !keys.iter().any(|removed| removed.as_bytes() == key.as_slice()));
        Self(kept.map(|(key, entry)| (key.clone(), entry.clone())).collect())
    }
}

impl Value {
    /// The dictionary, when it is one.
    pub fn dictionary(&self) -> Option<&Dictionary> {
        if let Self::Dictionary(dictionary) = self { Some(dictionary) } else { None }
    }

    /// The array, when it is one.
    pub fn array(&self) -> Option<&[Value]> {
        if let Self::Array(values) = self { Some(values) } else { None }
    }

    /// The string, when it is one.
    pub fn text(&self) -> Option<&[u8]> {
        if let Self::Text(bytes) = self { Some(bytes) } else { None }
    }

    /// The number of the object that this refers to.
    pub fn reference(&self) -> Option<u32> {
        if let Self::Reference(number) = self { Some(*number) } else { None }
    }

    /// The number as a place or a length in the file.
    pub fn position(&self) -> Option<usize> {
        if let Self::Integer(number) = self { usize::try_from(*number).ok() } else { None }
    }
}

/// A cursor over the file.
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    values: usize,
}

impl<'a> Reader<'a> {
    /// A reader at the start of the file.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, values: 0 }
    }

    /// Where the reader stands.
    pub fn position(&self) -> usize {
        self.at
    }

    /// What is left.
    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// The byte `ahead` of the cursor.
    fn peek(&self, ahead: usize) -> Option<u8> {
        self.at.checked_add(ahead).and_then(|at| self.bytes.get(at)).copied()
    }

    /// Whether the file ends here.
    pub fn at_end(&self) -> bool {
        self.rest().is_empty()
    }

    /// A damaged structure at the cursor.
    pub fn damaged(&self, what: &str) -> Problem {
        ProblemKind::Structure.at(self.at, what)
    }

    /// Steps over `bytes` if they stand here.
    pub fn skip(&mut self, bytes: &[u8]) -> bool {
        let here = self.rest().starts_with(bytes);
        if here {
            self.at += bytes.len();
        }
        here
    }

    /// Steps over `bytes`, which must stand here.
    pub fn expect(&mut self, bytes: &[u8], what: &str) -> Result<(), Problem> {
        if self.skip(bytes) { Ok(()) } else { Err(self.damaged(what)) }
    }

    /// Steps over one end of line: LF, or CR LF.
    pub fn end_of_line(&mut self) -> bool {
        self.skip(b"\n") || self.skip(b"\r\n")
    }

    /// Steps over white space. Comments are not allowed within a report.
    pub fn white_space(&mut self) {
        while self.peek(0).is_some_and(is_white_space) {
            self.at += 1;
        }
    }

    /// The next `length` bytes.
    pub fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let taken = self.rest().get(..length)?;
        self.at += length;
        Some(taken)
    }

    /// Digits without a sign, at most ten.
    pub fn digits(&mut self) -> Option<u64> {
        let length = self.rest().iter().take_while(|byte| byte.is_ascii_digit()).count();
        if !(1..=10).contains(&length) {
            return None;
        }
        let digits = self.take(length)?;
        Some(digits.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0')))
    }

    /// An operator of a page's content (ISO 32000-1 §7.8.2); `None` when a value stands here.
    pub fn operator(&mut self) -> Option<&'a [u8]> {
        let word = |byte: &u8| byte.is_ascii_alphabetic() || *byte == b'*';
        let length = self.rest().iter().take_while(|byte| word(byte)).count();
        if length == 0 { None } else { self.take(length) }
    }

    /// One value.
    pub fn value(&mut self) -> Result<Value, Problem> {
        self.nested_value(0)
    }

    fn nested_value(&mut self, depth: usize) -> Result<Value, Problem> {
        if depth > MAX_DEPTH {
            return Err(ProblemKind::TooLarge.at(self.at, "the objects are nested too deeply to be those of a report"));
        }
        self.values += 1;
        if self.values > MAX_VALUES {
            return Err(ProblemKind::TooLarge.at(self.at, "there are more objects than a report can have"));
        }
        match (self.peek(0), self.peek(1)) {
            (Some(b'<'), Some(b'<')) => self.dictionary(depth),
            (Some(b'<'), _) => self.hex_string(),
            (Some(b'('), _) => self.literal_string(),
            (Some(b'['), _) => self.array(depth),
            (Some(b'/'), _) => self.name().map(Value::Name),
            (Some(b'0'..=b'9'), _) => self.number_or_reference(),
            (Some(b'+' | b'-' | b'.'), _) => self.number(),
            _ => self.keyword(),
        }
    }

    fn keyword(&mut self) -> Result<Value, Problem> {
        let value = if self.skip(b"null") {
            Value::Null
        } else if self.skip(b"true") {
            Value::Boolean(true)
        } else if self.skip(b"false") {
            Value::Boolean(false)
        } else {
            return Err(self.damaged("this is no object"));
        };
        self.token_ends().map(|()| value)
    }

    /// A number, a name or a word ends at white space or a delimiter.
    fn token_ends(&self) -> Result<(), Problem> {
        match self.peek(0) {
            Some(byte) if !is_white_space(byte) && !is_delimiter(byte) => Err(self.damaged("this is no object")),
            _ => Ok(()),
        }
    }

    fn number_or_reference(&mut self) -> Result<Value, Problem> {
        let start = self.at;
        let reference = self.digits().filter(|_| self.skip(b" ")).filter(|_| self.skip(b"0 R"));
        if let Some(number) = reference
            && self.token_ends().is_ok()
        {
            let number = u32::try_from(number).map_err(|_| self.damaged("an object number is too large"))?;
            return Ok(Value::Reference(number));
        }
        self.at = start;
        self.number()
    }

    fn number(&mut self) -> Result<Value, Problem> {
        let length = self.rest().iter().take_while(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.')).count();
        let start = self.at;
        let wrong = || ProblemKind::Structure.at(start, "this is no number");
        let token = self.take(length).filter(|token| token.len() <= 32).and_then(|token| std::str::from_utf8(token).ok());
        let token = token.ok_or_else(wrong)?;
        self.token_ends()?;
        let number = if token.contains('.') {
            token.parse().ok().filter(|number: &f32| number.is_finite()).map(Value::Real)
        } else {
            token.parse().ok().map(Value::Integer)
        };
        number.ok_or_else(wrong)
    }

    fn name(&mut self) -> Result<Vec<u8>, Problem> {
        self.expect(b"/", "a name is expected here")?;
        let mut name = Vec::new();
        while let Some(byte) = self.peek(0).filter(|byte| !is_white_space(*byte) && !is_delimiter(*byte)) {
            self.at += 1;
            if byte == b'#' {
                let escaped = self.peek(0).and_then(hex_value).zip(self.peek(1).and_then(hex_value));
                let (high, low) = escaped.ok_or_else(|| self.damaged("a name is not written correctly"))?;
                self.at += 2;
                name.push(high << 4 | low);
            } else {
                name.push(byte);
            }
        }
        Ok(name)
    }

    fn hex_string(&mut self) -> Result<Value, Problem> {
        self.expect(b"<", "a string is expected here")?;
        let length = self.rest().iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        let digits = self.take(length).unwrap_or_default();
        let (pairs, []) = digits.as_chunks::<2>() else {
            return Err(self.damaged("a string has an odd number of hexadecimal digits"));
        };
        let decode = |[high, low]: &[u8; 2]| Some(hex_value(*high)? << 4 | hex_value(*low)?);
        let bytes = pairs.iter().map(decode).collect::<Option<Vec<u8>>>();
        self.expect(b">", "a string of hexadecimal digits is not closed")?;
        bytes.map(Value::Text).ok_or_else(|| self.damaged("a string is not written correctly"))
    }

    fn literal_string(&mut self) -> Result<Value, Problem> {
        self.expect(b"(", "a string is expected here")?;
        let start = self.at;
        let mut bytes = Vec::new();
        let mut parentheses = 0_usize;
        loop {
            let byte = self.peek(0).ok_or_else(|| ProblemKind::Structure.at(start, "a string is not closed"))?;
            self.at += 1;
            match byte {
                b')' if parentheses == 0 => return Ok(Value::Text(bytes)),
                b'\\' => {
                    self.escape(&mut bytes)?;
                    continue;
                }
                // An end of line within a string always reads as LF (ISO 32000-1 §7.3.4.2).
                b'\r' => {
                    self.skip(b"\n");
                    bytes.push(b'\n');
                    continue;
                }
                b'(' => parentheses += 1,
                b')' => parentheses -= 1,
                _ => {}
            }
            bytes.push(byte);
        }
    }

    fn escape(&mut self, into: &mut Vec<u8>) -> Result<(), Problem> {
        let byte = self.peek(0).ok_or_else(|| self.damaged("a string is not closed"))?;
        if matches!(byte, b'0'..=b'7') {
            let length = self.rest().iter().take(3).take_while(|byte| matches!(byte, b'0'..=b'7')).count();
            let digits = self.take(length).unwrap_or_default();
            let number = digits.iter().fold(0_u16, |number, digit| number * 8 + u16::from(digit - b'0'));
            into.push(u8::try_from(number).map_err(|_| self.damaged("an octal escape is too large"))?);
            return Ok(());
        }
        self.at += 1;
        match byte {
            b'n' => into.push(b'\n'),
            b'r' => into.push(b'\r'),
            b't' => into.push(b'\t'),
            b'b' => into.push(8),
            b'f' => into.push(12),
            b'(' | b')' | b'\\' => into.push(byte),
            // A line continued on the next one.
            b'\n' => {}
            b'\r' => {
                self.skip(b"\n");
            }
            _ => return Err(self.damaged("an escape in a string is not known")),
        }
        Ok(())
    }

    fn array(&mut self, depth: usize) -> Result<Value, Problem> {
        self.expect(b"[", "an array is expected here")?;
        let mut values = Vec::new();
        loop {
            self.white_space();
            if self.skip(b"]") {
                return Ok(Value::Array(values));
            }
            values.push(self.nested_value(depth + 1)?);
        }
    }

    fn dictionary(&mut self, depth: usize) -> Result<Value, Problem> {
        self.expect(b"<<", "a dictionary is expected here")?;
        let mut entries = BTreeMap::new();
        loop {
            self.white_space();
            if self.skip(b">>") {
                return Ok(Value::Dictionary(Dictionary(entries)));
            }
            let key = self.name()?;
            self.white_space();
            let start = self.at;
            let value = self.nested_value(depth + 1)?;
            if entries.insert(key, Entry { value, place: start..self.at }).is_some() {
                return Err(self.damaged("a dictionary has the same key twice"));
            }
        }
    }
}

fn is_white_space(byte: u8) -> bool {
    matches!(byte, 0 | b'\t' | b'\n' | 12 | b'\r' | b' ')
}

fn is_delimiter(byte: u8) -> bool {
    matches!(byte, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}

fn hex_value(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}
