//! Comma-separated values (RFC 4180), as spreadsheets write them: semicolons too, a byte order mark, quotes, line breaks in quotes.

/// A field and where it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field<'t> {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The text, without its quotes.
    pub text: std::borrow::Cow<'t, str>,
}

/// A place where the text is no CSV.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Broken {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub what: &'static str,
}

/// The records of a text, each with its fields; blank lines are left out.
pub struct Records<'t> {
    rest: &'t str,
    separator: char,
    line: usize,
    column: usize,
}

impl<'t> Records<'t> {
    /// Begins to read. The separator is what stands more often in the first line.
    pub fn new(text: &'t str) -> Self {
        let rest = text.strip_prefix('\u{feff}').unwrap_or(text);
        let first = rest.lines().next().unwrap_or_default();
        let count = |of: char| first.matches(of).count();
        let separator = if count(';') > count(',') { ';' } else { ',' };
        Self { rest, separator, line: 1, column: 1 }
    }

    /// What stands next; the places move on.
    fn take(&mut self) -> Option<char> {
        let next = self.rest.chars().next()?;
        self.rest = self.rest.get(next.len_utf8()..).unwrap_or_default();
        if next == '\n' {
            self.line += 1;
            self.column = 1;
        } else {
            self.column += 1;
        }
        Some(next)
    }

    fn at_end_of_record(&self) -> bool {
        self.rest.is_empty() || self.rest.starts_with('\n') || self.rest.starts_with("\r\n")
    }

    fn field(&mut self) -> Result<Field<'t>, Broken> {
        let (line, column) = (self.line, self.column);
        let broken = |what| Broken { line, column, what };
        if self.rest.starts_with('"') {
            self.take();
            let mut text = String::new();
            loop {
                match self.take() {
                    Some('"') if self.rest.starts_with('"') => {
                        self.take();
                        text.push('"');
                    }
                    Some('"') => break,
                    Some(other) => text.push(other),
                    None => return Err(broken("the quotation mark that opens here is not closed")),
                }
            }
            if !self.at_end_of_record() && !self.rest.starts_with(self.separator) {
                return Err(broken("something stands after the closing quotation mark"));
            }
            return Ok(Field { line, column, text: text.into() });
        }
        let end = self.rest.find([self.separator, '\n', '"']).unwrap_or(self.rest.len());
        let text = self.rest.get(..end).unwrap_or_default();
        if self.rest.get(end..).is_some_and(|rest| rest.starts_with('"')) {
            return Err(broken("a quotation mark stands within a field: put the whole field into quotation marks and double it"));
        }
        let text = text.strip_suffix('\r').unwrap_or(text);
        for _ in text.chars() {
            self.take();
        }
        Ok(Field { line, column, text: text.into() })
    }
}

impl<'t> Iterator for Records<'t> {
    type Item = Result<Vec<Field<'t>>, Broken>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.rest.starts_with(['\n', '\r']) {
            self.take();
        }
        if self.rest.is_empty() {
            return None;
        }
        let mut fields = Vec::new();
        loop {
            match self.field() {
                Ok(field) => fields.push(field),
                Err(broken) => {
                    // Whatever follows has lost its place.
                    self.rest = "";
                    return Some(Err(broken));
                }
            }
            if self.at_end_of_record() {
                return Some(Ok(fields));
            }
            self.take();
        }
    }
}
