//! Requests as values, and as the bytes a client sends.

/// A well-formed request unless a test makes it otherwise: Host and Content-Length are put in where they belong.
#[derive(Clone)]
pub(crate) struct Request {
    method: String,
    target: String,
    version: &'static str,
    fields: Vec<(String, Vec<u8>)>,
    content: Content,
}

#[derive(Clone)]
enum Content {
    None,
    Length(Vec<u8>),
    /// As on the wire, from the first chunk size to the end of the trailers.
    Chunked(Vec<u8>),
    /// The length alone: the content is sent, or not, by the test.
    Declared(usize),
}

/// A payment from alice to bob.
pub(crate) fn payment(key: &str, amount: u64) -> Request {
    Request::post("/payments")
        .key(key)
        .field("Content-Type", "application/json")
        .content(format!(
            r#"{{"from":"alice","to":"bob","amount":{amount},"currency":"EUR"}}"#
        ))
}

impl Request {
    pub(crate) fn new(method: &str, target: &str) -> Request {
        Request {
            method: method.into(),
            target: target.into(),
            version: "HTTP/1.1",
            fields: vec![("Host".into(), b"localhost".to_vec())],
            content: Content::None,
        }
    }

    pub(crate) fn get(target: &str) -> Request {
        Request::new("GET", target)
    }

    /// With empty content, until some is set.
    pub(crate) fn post(target: &str) -> Request {
        Request::new("POST", target).content("")
    }

    /// `POST /lab/runs/{name}{query}`.
    pub(crate) fn lab(name_and_query: &str) -> Request {
        Request::post(&format!("/lab/runs/{name_and_query}"))
    }

    pub(crate) fn version(mut self, version: &'static str) -> Request {
        self.version = version;
        self
    }

    pub(crate) fn method(mut self, method: &str) -> Request {
        self.method = method.into();
        self
    }

    /// Adds a field line after those there are.
    pub(crate) fn field(mut self, name: &str, value: impl AsRef<[u8]>) -> Request {
        self.fields.push((name.into(), value.as_ref().to_vec()));
        self
    }

    /// Without any line of this field.
    pub(crate) fn without(mut self, name: &str) -> Request {
        self.fields
            .retain(|(field, _)| !field.eq_ignore_ascii_case(name));
        self
    }

    /// The Idempotency-Key field with this value as it is: no quotes are added.
    pub(crate) fn key(self, value: impl AsRef<[u8]>) -> Request {
        self.field("Idempotency-Key", value)
    }

    /// Content framed by its length.
    pub(crate) fn content(mut self, content: impl AsRef<[u8]>) -> Request {
        self.content = Content::Length(content.as_ref().to_vec());
        self
    }

    /// Content in the chunks given, without trailers.
    pub(crate) fn chunked(self, chunks: &[&[u8]]) -> Request {
        let mut wire = Vec::new();
        for chunk in chunks {
            wire.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
            wire.extend_from_slice(chunk);
            wire.extend_from_slice(b"\r\n");
        }
        wire.extend_from_slice(b"0\r\n\r\n");
        self.chunked_as(wire)
    }

    /// Chunked content exactly as these bytes say.
    pub(crate) fn chunked_as(mut self, wire: impl AsRef<[u8]>) -> Request {
        self.content = Content::Chunked(wire.as_ref().to_vec());
        self
    }

    /// A head that declares content which `bytes` leaves out.
    pub(crate) fn declared(mut self, length: usize) -> Request {
        self.content = Content::Declared(length);
        self
    }

    pub(crate) fn is_head(&self) -> bool {
        self.method == "HEAD"
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut out = format!("{} {} {}\r\n", self.method, self.target, self.version).into_bytes();
        for (name, value) in &self.fields {
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(b": ");
            out.extend_from_slice(value);
            out.extend_from_slice(b"\r\n");
        }
        let (framing, content) = match &self.content {
            Content::None => (String::new(), &[][..]),
            Content::Length(content) => (length_line(content.len()), &content[..]),
            Content::Declared(length) => (length_line(*length), &[][..]),
            Content::Chunked(wire) => ("Transfer-Encoding: chunked\r\n".into(), &wire[..]),
        };
        out.extend_from_slice(framing.as_bytes());
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(content);
        out
    }
}

fn length_line(length: usize) -> String {
    format!("Content-Length: {length}\r\n")
}
