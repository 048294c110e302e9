//! Step 5. `GET /` (N-82): what this is, and what to type first. Static, with no resource but itself.

use crate::app::{App, Exec, Reply};
use crate::http::fields::FieldValue;
use crate::http::request::Request;
use crate::http::response::{Content, Response};
use crate::http::status::Status;

const HTML: FieldValue = FieldValue::from_static("text/html; charset=utf-8");

/// `GET /`: 200 with the page.
pub fn get(_app: &App, _request: &Request<'_>, _exec: &mut Exec<'_>) -> Reply {
    Reply::Done(Response::with_content(
        Status::OK,
        HTML,
        Content::Static(PAGE.as_bytes()),
    ))
}

const PAGE: &str = r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>NanoServe</title>
<link rel="icon" href="data:,">
<style>
:root { color-scheme: light dark; }
body { font: 1rem/1.6 system-ui, sans-serif; max-width: 44rem; margin: 3rem auto; padding: 0 1rem; }
h1 { margin-bottom: 0; }
pre { padding: .8rem 1rem; overflow-x: auto; border: 1px solid #8886; border-radius: .4rem; background: #8881; }
code { font: .9rem/1.5 ui-monospace, monospace; }
</style>
</head>
<body>
<h1>NanoServe</h1>
<p>An HTTP/1.1 server with idempotency in its lifecycle: send a payment as often as the network makes you,
with one <code>Idempotency-Key</code>, and it is made once. Every retry gets the first answer, byte for byte.</p>

<h2>Try it</h2>
<p>Alice pays Bob 12.50 euro:</p>
<pre><code>curl -i http://127.0.0.1:8080/payments \
  -H 'Idempotency-Key: my-first-payment' \
  -d '{"from":"alice","to":"bob","amount":1250,"currency":"EUR"}'</code></pre>
<p>Type it again: the same payment, marked <code>Idempotent-Replayed: true</code>. Change the amount and keep the key:
422, as a key belongs to one request. Leave the key out: 400, as a payment needs one. Then look at what moved:</p>
<pre><code>curl http://127.0.0.1:8080/accounts
curl http://127.0.0.1:8080/accounts/bob
curl http://127.0.0.1:8080/payments?limit=5</code></pre>
<p>Whatever you send comes back, here without a key:</p>
<pre><code>curl -i http://127.0.0.1:8080/echo -H 'Content-Type: text/plain' -d 'hello'</code></pre>
<p>With <code>--lab</code>, a handler that counts its runs, is slow, or panics:</p>
<pre><code>curl -i -X POST 'http://127.0.0.1:8080/lab/runs/slow?delay_ms=2000' -H 'Idempotency-Key: nap'
curl -i -X POST 'http://127.0.0.1:8080/lab/runs/oops?panic=after' -H 'Idempotency-Key: oops'
curl http://127.0.0.1:8080/lab/runs/oops</code></pre>

<p>What is promised, for how long, and what each answer means: <a href="/docs/idempotency">the contract</a>.</p>
</body>
</html>
"#;
