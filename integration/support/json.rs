//! A strict reader of JSON (RFC 8259), so that an answer that is not JSON fails the test that reads it.
//!
//! The suite looks at the server from outside, so it does not borrow the server's own reader.

/// Deeper than anything this server sends, and far from what would overflow a stack.
const DEPTH_MAX: usize = 64;

/// A JSON value. Numbers are the integers that this server sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Json {
    Null,
    Bool(bool),
    Number(i64),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Panics with the offset where `text` stops being JSON.
    #[track_caller]
    pub(crate) fn parse(text: &[u8]) -> Json {
        Json::read(text).unwrap_or_else(|fault| panic!("{fault}"))
    }

    /// `parse` for what may be none: the offset where it stops being JSON is in the text.
    pub(crate) fn read(text: &[u8]) -> Result<Json, String> {
        let text = std::str::from_utf8(text).map_err(|_| "JSON is UTF-8")?;
        let mut reader = Reader {
            text,
            at: 0,
            depth: 0,
        };
        let value = reader.whole();
        value.ok_or_else(|| format!("no JSON at byte {} of {text}", reader.at))
    }

    /// The member of an object; panics where there is none.
    #[track_caller]
    pub(crate) fn get(&self, name: &str) -> &Json {
        self.find(name)
            .unwrap_or_else(|| panic!("no member {name} in {self:?}"))
    }

    /// The member of an object, if there is one.
    pub(crate) fn find(&self, name: &str) -> Option<&Json> {
        match self {
            Json::Object(members) => members
                .iter()
                .find(|(member, _)| member == name)
                .map(|(_, value)| value),
            _ => None,
        }
    }

    /// The names of an object's members, in their order.
    pub(crate) fn names(&self) -> Vec<&str> {
        match self {
            Json::Object(members) => members.iter().map(|(name, _)| name.as_str()).collect(),
            _ => panic!("not an object: {self:?}"),
        }
    }

    #[track_caller]
    pub(crate) fn text(&self) -> &str {
        match self {
            Json::Text(text) => text,
            _ => panic!("not a string: {self:?}"),
        }
    }

    #[track_caller]
    pub(crate) fn number(&self) -> i64 {
        match self {
            Json::Number(number) => *number,
            _ => panic!("not a number: {self:?}"),
        }
    }

    #[track_caller]
    pub(crate) fn list(&self) -> &[Json] {
        match self {
            Json::List(list) => list,
            _ => panic!("not a list: {self:?}"),
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
}

impl Reader<'_> {
    fn whole(&mut self) -> Option<Json> {
        let value = self.value()?;
        self.skip_space();
        (self.at == self.text.len()).then_some(value)
    }

    fn value(&mut self) -> Option<Json> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return None;
        }
        self.skip_space();
        let value = match self.rest().chars().next()? {
            '{' => self.object(),
            '[' => self.list(),
            '"' => self.string().map(Json::Text),
            'n' => self.word("null", Json::Null),
            't' => self.word("true", Json::Bool(true)),
            'f' => self.word("false", Json::Bool(false)),
            _ => self.number(),
        };
        self.depth -= 1;
        value
    }

    fn object(&mut self) -> Option<Json> {
        let mut members: Vec<(String, Json)> = Vec::new();
        self.take('{')?;
        if self.take('}').is_some() {
            return Some(Json::Object(members));
        }
        loop {
            self.skip_space();
            let name = self.string()?;
            self.take(':')?;
            let value = self.value()?;
            if members.iter().any(|(other, _)| *other == name) {
                return None;
            }
            members.push((name, value));
            if self.take(',').is_none() {
                self.take('}')?;
                return Some(Json::Object(members));
            }
        }
    }

    fn list(&mut self) -> Option<Json> {
        let mut list = Vec::new();
        self.take('[')?;
        if self.take(']').is_some() {
            return Some(Json::List(list));
        }
        loop {
            list.push(self.value()?);
            if self.take(',').is_none() {
                self.take(']')?;
                return Some(Json::List(list));
            }
        }
    }

    fn string(&mut self) -> Option<String> {
        let mut out = String::new();
        let mut chars = self.rest().strip_prefix('"')?.char_indices();
        while let Some((i, c)) = chars.next() {
            match c {
                '"' => {
                    self.at += i + 2;
                    return Some(out);
                }
                '\\' => match chars.next()?.1 {
                    'n' => out.push('\n'),
                    't' => out.push('\t'),
                    'r' => out.push('\r'),
                    'b' => out.push('\u{8}'),
                    'f' => out.push('\u{c}'),
                    'u' => {
                        let hex: String = chars.by_ref().take(4).map(|(_, digit)| digit).collect();
                        out.push(char::from_u32(u32::from_str_radix(&hex, 16).ok()?)?);
                    }
                    same @ ('"' | '\\' | '/') => out.push(same),
                    _ => return None,
                },
                c if c < ' ' => return None,
                c => out.push(c),
            }
        }
        None
    }

    fn number(&mut self) -> Option<Json> {
        let rest = self.rest();
        let length = rest
            .find(|c: char| !c.is_ascii_digit() && c != '-')
            .unwrap_or(rest.len());
        let digits = &rest[..length];
        let number = digits.parse().ok().map(Json::Number)?;
        let unsigned = digits.trim_start_matches('-');
        if unsigned.len() > 1 && unsigned.starts_with('0') {
            return None;
        }
        self.at += length;
        Some(number)
    }

    fn word(&mut self, word: &str, value: Json) -> Option<Json> {
        self.rest().starts_with(word).then(|| {
            self.at += word.len();
            value
        })
    }

    fn take(&mut self, c: char) -> Option<()> {
        self.skip_space();
        self.rest().starts_with(c).then(|| self.at += 1)
    }

    fn skip_space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
    }

    fn rest(&self) -> &str {
        &self.text[self.at..]
    }
}
