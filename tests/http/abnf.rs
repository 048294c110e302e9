//! A grammar as a value, and a recogniser that follows every alternative at once: the other opinion on what a key is.
//!
//! A rule is asked where it may end for all places where it may begin. It looks at nothing ahead and never decides between
//! alternatives, so nothing in it can be in the wrong order: a text is accepted if and only if the grammar has it. The rules
//! are copied from the RFCs, line by line, and know nothing of our parser. A set of places is one number, so that a text
//! may have 63 bytes.

/// A rule as ABNF has it (RFC 5234).
pub enum Rule {
    /// One byte out of these ranges, ends included: `%x20-21 / %x23-5B`.
    Byte(&'static [(u8, u8)]),
    /// These bytes, in this case: `%s"abc"`.
    Word(&'static [u8]),
    /// One after the other.
    Seq(&'static [&'static Rule]),
    /// Any of them.
    Or(&'static [&'static Rule]),
    /// `<least>*<most>rule`, where `rule` takes a byte at least.
    Times(usize, usize, &'static Rule),
}

use Rule::{Byte, Or, Seq, Times, Word};

/// For `*rule` and `1*rule`.
const ANY: usize = usize::MAX;

/// What a grammar says of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The whole text is a sentence of the grammar.
    pub accepted: bool,
    /// How many of its first bytes begin a sentence. Where the text is refused, the next byte is the first that is wrong, or
    /// the text ended too early.
    pub viable: usize,
}

/// Asks the grammar about a text of at most 63 bytes.
pub fn verdict(rule: &Rule, text: &[u8]) -> Verdict {
    assert!(text.len() < 64, "a set of places has 64 members");
    let mut viable = 0;
    let ends = ends(rule, text, 1, &mut viable);
    Verdict {
        accepted: ends >> text.len() & 1 == 1,
        viable: if ends == 0 { viable } else { viable.max(furthest(ends)) },
    }
}

/// Where `rule` may end if it may begin at each of the places `from`. Every rule here can be met by some bytes, so where one
/// is asked for a byte, all before that place begins a sentence.
fn ends(rule: &Rule, text: &[u8], from: u64, viable: &mut usize) -> u64 {
    if from == 0 {
        return 0;
    }
    match rule {
        Byte(ranges) => step(text, from, viable, |byte| {
            ranges.iter().any(|(first, last)| (*first..=*last).contains(&byte))
        }),
        Word(word) => word.iter().fold(from, |from, wanted| step(text, from, viable, |byte| byte == *wanted)),
        Seq(rules) => rules.iter().fold(from, |from, rule| ends(rule, text, from, viable)),
        Or(rules) => rules.iter().fold(0, |to, rule| to | ends(rule, text, from, viable)),
        Times(least, most, rule) => {
            let (mut now, mut to, mut times) = (from, 0, 0);
            while now != 0 {
                to |= if times >= *least { now } else { 0 };
                now = if times < *most { ends(rule, text, now, viable) } else { 0 };
                times += 1;
            }
            to
        }
    }
}

fn step(text: &[u8], from: u64, viable: &mut usize, fits: impl Fn(u8) -> bool) -> u64 {
    if from == 0 {
        return 0;
    }
    *viable = (*viable).max(furthest(from));
    let mut to = 0;
    let mut left = from;
    while left != 0 {
        let at = left.trailing_zeros();
        left &= left - 1;
        if text.get(at as usize).is_some_and(|byte| fits(*byte)) {
            to |= 2 << at;
        }
    }
    to
}

fn furthest(places: u64) -> usize {
    63 - places.leading_zeros() as usize
}

// --- RFC 5234, appendix B.1; RFC 9110, section 5.6.2 ---

static SP: Rule = Word(b" ");
static DQUOTE: Rule = Word(b"\"");
static DIGIT: Rule = Byte(&[(b'0', b'9')]);
static TCHAR_OR_COLON_OR_SLASH: Rule = Byte(&[
    (b'!', b'!'), (b'#', b'#'), (b'$', b'$'), (b'%', b'%'), (b'&', b'&'), (b'\'', b'\''), (b'*', b'*'), (b'+', b'+'),
    (b'-', b'-'), (b'.', b'.'), (b'^', b'^'), (b'_', b'_'), (b'`', b'`'), (b'|', b'|'), (b'~', b'~'),
    (b'0', b'9'), (b'A', b'Z'), (b'a', b'z'), (b':', b':'), (b'/', b'/'),
]);

// --- RFC 9651, section 3.3: items ---

/// `sf-integer = ["-"] 1*15DIGIT`
static SF_INTEGER: Rule = Seq(&[&Times(0, 1, &Word(b"-")), &Times(1, 15, &DIGIT)]);
/// `sf-decimal = ["-"] 1*12DIGIT "." 1*3DIGIT`
static SF_DECIMAL: Rule =
    Seq(&[&Times(0, 1, &Word(b"-")), &Times(1, 12, &DIGIT), &Word(b"."), &Times(1, 3, &DIGIT)]);
/// `unescaped = %x20-21 / %x23-5B / %x5D-7E`
static UNESCAPED: Rule = Byte(&[(0x20, 0x21), (0x23, 0x5B), (0x5D, 0x7E)]);
/// `escaped = "\" ( DQUOTE / "\" )`
static ESCAPED: Rule = Or(&[&Word(b"\\\""), &Word(b"\\\\")]);
/// `sf-string = DQUOTE *( unescaped / escaped ) DQUOTE`
static SF_STRING: Rule = Seq(&[&DQUOTE, &Times(0, ANY, &Or(&[&UNESCAPED, &ESCAPED])), &DQUOTE]);
/// `sf-token = ( ALPHA / "*" ) *( tchar / ":" / "/" )`
static SF_TOKEN: Rule = Seq(&[
    &Byte(&[(b'A', b'Z'), (b'a', b'z'), (b'*', b'*')]),
    &Times(0, ANY, &TCHAR_OR_COLON_OR_SLASH),
]);
/// `base64 = *( ALPHA / DIGIT / "+" / "/" ) *"="`, which says nothing of how many: so many as RFC 4648, section 4, has, all
/// padding there or none of it (section 4.2.7 of RFC 9651 lets it be missing).
static SF_BINARY: Rule = Seq(&[
    &Word(b":"),
    &Times(0, ANY, &Seq(&[&BASE64, &BASE64, &BASE64, &BASE64])),
    &Times(0, 1, &Or(&[
        &Seq(&[&BASE64, &BASE64, &Times(0, 1, &Word(b"=="))]),
        &Seq(&[&BASE64, &BASE64, &BASE64, &Times(0, 1, &Word(b"="))]),
    ])),
    &Word(b":"),
]);
static BASE64: Rule = Byte(&[(b'A', b'Z'), (b'a', b'z'), (b'0', b'9'), (b'+', b'+'), (b'/', b'/')]);
/// `sf-boolean = "?" ( "0" / "1" )`
static SF_BOOLEAN: Rule = Or(&[&Word(b"?0"), &Word(b"?1")]);
/// `sf-date = "@" sf-integer`
static SF_DATE: Rule = Seq(&[&Word(b"@"), &SF_INTEGER]);

/// `sf-displaystring = "%" DQUOTE *( unescaped / "\" / pct-encoded ) DQUOTE`, where the algorithm of section 4.2.10, which
/// wins, takes a `%` for nothing but the begin of `pct-encoded` and wants UTF-8: the octets of RFC 3629, section 4, each
/// as `"%" 2( DIGIT / %x61-66 )`.
static SF_DISPLAYSTRING: Rule = Seq(&[&Word(b"%\""), &Times(0, ANY, &Or(&[&PLAIN, &UTF8_1, &UTF8_2, &UTF8_3, &UTF8_4])), &DQUOTE]);
static PLAIN: Rule = Byte(&[(0x20, 0x21), (0x23, 0x24), (0x26, 0x7E)]);
static HEX: Rule = Byte(&[(b'0', b'9'), (b'a', b'f')]);
/// `UTF8-tail = %x80-BF`
static TAIL: Rule = Seq(&[&Word(b"%"), &Byte(&[(b'8', b'9'), (b'a', b'b')]), &HEX]);
/// `UTF8-1 = %x00-7F`
static UTF8_1: Rule = Seq(&[&Word(b"%"), &Byte(&[(b'0', b'7')]), &HEX]);
/// `UTF8-2 = %xC2-DF UTF8-tail`
static UTF8_2: Rule = Seq(&[
    &Or(&[
        &Seq(&[&Word(b"%c"), &Byte(&[(b'2', b'9'), (b'a', b'f')])]),
        &Seq(&[&Word(b"%d"), &HEX]),
    ]),
    &TAIL,
]);
/// `UTF8-3 = %xE0 %xA0-BF UTF8-tail / %xE1-EC 2( UTF8-tail ) / %xED %x80-9F UTF8-tail / %xEE-EF 2( UTF8-tail )`
static UTF8_3: Rule = Or(&[
    &Seq(&[&Word(b"%e0%"), &Byte(&[(b'a', b'b')]), &HEX, &TAIL]),
    &Seq(&[&Word(b"%e"), &Byte(&[(b'1', b'9'), (b'a', b'c'), (b'e', b'f')]), &TAIL, &TAIL]),
    &Seq(&[&Word(b"%ed%"), &Byte(&[(b'8', b'9')]), &HEX, &TAIL]),
]);
/// `UTF8-4 = %xF0 %x90-BF 2( UTF8-tail ) / %xF1-F3 3( UTF8-tail ) / %xF4 %x80-8F 2( UTF8-tail )`
static UTF8_4: Rule = Or(&[
    &Seq(&[&Word(b"%f0%"), &Byte(&[(b'9', b'9'), (b'a', b'b')]), &HEX, &TAIL, &TAIL]),
    &Seq(&[&Word(b"%f"), &Byte(&[(b'1', b'3')]), &TAIL, &TAIL, &TAIL]),
    &Seq(&[&Word(b"%f4%8"), &HEX, &TAIL, &TAIL]),
]);

// --- RFC 9651, section 3.1.2: parameters ---

/// `key = ( lcalpha / "*" ) *( lcalpha / DIGIT / "_" / "-" / "." / "*" )`
static KEY: Rule = Seq(&[
    &Byte(&[(b'a', b'z'), (b'*', b'*')]),
    &Times(0, ANY, &Byte(&[(b'a', b'z'), (b'0', b'9'), (b'_', b'_'), (b'-', b'-'), (b'.', b'.'), (b'*', b'*')])),
]);
/// `bare-item = sf-integer / sf-decimal / sf-string / sf-token / sf-binary / sf-boolean / sf-date / sf-displaystring`
static BARE_ITEM: Rule = Or(&[
    &SF_INTEGER, &SF_DECIMAL, &SF_STRING, &SF_TOKEN, &SF_BINARY, &SF_BOOLEAN, &SF_DATE, &SF_DISPLAYSTRING,
]);
/// `parameters = *( ";" *SP parameter )`, `parameter = param-key [ "=" param-value ]`
static PARAMETERS: Rule = Times(0, ANY, &Seq(&[
    &Word(b";"),
    &Times(0, ANY, &SP),
    &KEY,
    &Times(0, 1, &Seq(&[&Word(b"="), &BARE_ITEM])),
]));

/// `sf-item` with a String as its bare item, and the spaces around it that section 4.2 discards.
pub static STRING_ITEM: Rule = Seq(&[&Times(0, ANY, &SP), &SF_STRING, &PARAMETERS, &Times(0, ANY, &SP)]);

/// N-11: a String with parameters, or one or more visible ASCII characters other than `"` `,` `;` `\`. The white space
/// around a field value is gone by then (RFC 9110, section 5.5).
pub static KEY_FIELD: Rule = Or(&[&Seq(&[&SF_STRING, &PARAMETERS, &Times(0, ANY, &SP)]), &BARE]);
static BARE: Rule = Times(1, ANY, &Byte(&[(0x21, 0x21), (0x23, 0x2B), (0x2D, 0x3A), (0x3C, 0x5B), (0x5D, 0x7E)]));

/// The key in a text that one of the two has accepted: what stands between the first two quotes that are not escaped, without
/// the backslashes that escape; or the text itself.
pub fn meaning(text: &[u8]) -> Vec<u8> {
    let mut bytes = text.iter().copied().skip_while(|byte| *byte == b' ');
    if bytes.next() != Some(b'"') {
        return text.to_vec();
    }
    let mut key = Vec::new();
    while let Some(byte) = bytes.next().filter(|byte| *byte != b'"') {
        key.push(if byte == b'\\' { bytes.next().unwrap_or_default() } else { byte });
    }
    key
}
