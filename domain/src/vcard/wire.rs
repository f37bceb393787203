//! The layout of a line on the wire: head and value, folds, soft breaks.

use std::borrow::Cow;

use memchr::{memchr, memchr2, memchr3};

use super::physical::sub;
use super::scan::{Coding, Params};

/// Lines are folded so that no physical line is longer, its line end not counted (RFC 6350 3.2).
const WIDTH: usize = 75;

/// Where the head ends: the first colon outside quotes; `None` when there is none.
pub(super) fn head(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr2(b':', b'"', text.get(at..)?)?;
        if text.get(at) == Some(&b':') {
            return Some(at);
        }
        at += 1 + memchr(b'"', text.get(at + 1..)?)? + 1;
    }
}

/// Where the name and the head of a line end, if it begins as most lines do: with a name in no group,
/// and no quotes before the colon.
pub(super) fn plain_head(text: &[u8]) -> Option<(usize, usize)> {
    let is_in_name = |b: &u8| b.is_ascii_alphanumeric() || *b == b'-';
    let name = text.iter().position(|b| !is_in_name(b)).filter(|end| *end > 0)?;
    let rest = text.get(name..)?;
    match rest.first()? {
        b':' => Some((name, name)),
        b';' => {
            let end = rest.iter().position(|b| matches!(b, b':' | b'"'))?;
            (rest.get(end) == Some(&b':')).then_some((name, name + end))
        }
        _ => None,
    }
}

/// Where the name stands in a head: without its group and parameters.
pub(super) fn name(head: &[u8]) -> (usize, usize) {
    let end = memchr(b';', head).unwrap_or(head.len());
    let full = sub(head, 0, end);
    // Two-part groups (`a.b.TEL`) exist: the name is what stands after the last dot.
    let mut start = match full.iter().rposition(|b| *b == b'.') {
        Some(dot) => dot + 1,
        None if full.starts_with(b"\xEF\xBB\xBF") => 3,
        None => 0,
    };
    let name = sub(full, start, end);
    start += name.len() - name.trim_ascii_start().len();
    (start, start + name.trim_ascii().len())
}

/// What the parameters of a head say about reading the line. Bare ones count (vCard 2.1).
pub(super) fn params(params: &[u8]) -> Params {
    let mut found = Params::NONE;
    if params.is_empty() {
        return found;
    }
    if is_only_type(params) {
        return Params { only_type: true, ..found };
    }
    for param in params.split(|b| *b == b';').skip(1) {
        // Faster on a few bytes than searching for it.
        let (name, value) = match param.iter().position(|b| *b == b'=') {
            Some(at) => (sub(param, 0, at), sub(param, at + 1, param.len())),
            None => (&b""[..], param),
        };
        // TYPE, which most are, is the shortest that is passed over.
        match name.len() {
            4 => continue,
            _ if name.is_empty() || is(name, b"ENCODING") => {}
            _ => {
                found.charset |= is(name, b"CHARSET");
                found.altid |= is(name, b"ALTID");
                continue;
            }
        }
        let value = value.trim_ascii();
        let value = value.strip_prefix(b"\"").unwrap_or(value);
        let value = value.strip_suffix(b"\"").unwrap_or(value);
        if is(value, b"QUOTED-PRINTABLE") {
            found.coding = Coding::Quoted;
        }
        // A bare `B` is no encoding, but somebody's TYPE.
        if is(value, b"BASE64") || (!name.is_empty() && is(value, b"B")) {
            found.coding = Coding::Base64;
        }
    }
    found
}

/// What stands before a type.
pub(super) const TYPE: &str = ";TYPE=";

fn is_only_type(params: &[u8]) -> bool {
    let Some((name, one)) = params.split_at_checked(TYPE.len()) else { return false };
    let is_word = !one.is_empty() && one.iter().all(u8::is_ascii_alphanumeric);
    is_word && name.eq_ignore_ascii_case(TYPE.as_bytes())
}

fn is(name: &[u8], word: &[u8]) -> bool {
    name.trim_ascii().eq_ignore_ascii_case(word)
}

/// Undoes folds and soft breaks, and drops the line end.
///
/// vCard 2.1 says that the white space of a fold stays; its writers mostly drop it, as 3.0 does, and
/// so do we.
pub(super) fn unfold(text: &[u8], coding: Coding, lone_cr: bool) -> Cow<'_, [u8]> {
    if coding == Coding::Nested {
        return Cow::Borrowed(text);
    }
    let text = trim_end_of_line(text, coding, lone_cr);
    let Some(mut at) = find_break(text, 0, lone_cr) else { return Cow::Borrowed(text) };
    let mut out = Vec::with_capacity(text.len());
    let mut from = 0;
    loop {
        let part = sub(text, from, at);
        let next = after_break(text, at);
        match (coding, part.strip_suffix(b"=")) {
            (Coding::Quoted, Some(part)) => {
                out.extend_from_slice(part);
                from = next;
            }
            _ => {
                out.extend_from_slice(part);
                from = next + usize::from(matches!(text.get(next), Some(b' ' | b'\t')));
            }
        }
        match find_break(text, from, lone_cr) {
            Some(found) => at = found,
            None => break,
        }
    }
    out.extend_from_slice(sub(text, from, text.len()));
    Cow::Owned(out)
}

/// Appends a line, folded at 75 octets, never inside a character.
pub(super) fn fold(line: &[u8], end: &[u8], out: &mut Vec<u8>) {
    let mut rest = line;
    let mut room = WIDTH;
    while rest.len() > room {
        // A sequence has at most four bytes; more continuation bytes than that are not UTF-8.
        let inside = (0..4).take_while(|back| is_inside(rest, room - back)).count();
        let cut = if inside == 4 { room } else { room - inside };
        let (now, later) = rest.split_at(cut);
        out.extend_from_slice(now);
        out.extend_from_slice(end);
        out.push(b' ');
        rest = later;
        room = WIDTH - 1;
    }
    out.extend_from_slice(rest);
    out.extend_from_slice(end);
}

/// The line end of a line, empty at the end of a file that has none there.
pub(super) fn end_of_line(line: &[u8]) -> &[u8] {
    let text = line.iter().rposition(|b| !matches!(b, b'\r' | b'\n')).map_or(0, |at| at + 1);
    let ends = sub(line, text, line.len());
    // A base64 value may end in a blank line: one of the two is enough.
    let first = memchr(b'\n', ends).map_or(usize::from(!ends.is_empty()), |at| at + 1);
    sub(ends, 0, first)
}

/// The same lines with another line end.
pub(super) fn with_line_end(lines: &[u8], end: &[u8], lone_cr: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(lines.len() + 8);
    let mut from = 0;
    while let Some(at) = find_break(lines, from, lone_cr) {
        out.extend_from_slice(sub(lines, from, at));
        out.extend_from_slice(end);
        from = after_break(lines, at);
    }
    if from < lines.len() {
        out.extend_from_slice(sub(lines, from, lines.len()));
        out.extend_from_slice(end);
    }
    out
}

fn is_inside(bytes: &[u8], at: usize) -> bool {
    bytes.get(at).is_some_and(|b| (0x80..0xC0).contains(b))
}

fn trim_end_of_line(text: &[u8], coding: Coding, lone_cr: bool) -> &[u8] {
    if coding == Coding::Base64 {
        return text.trim_ascii_end();
    }
    let Some(text) = text.strip_suffix(b"\n") else {
        return if lone_cr { text.strip_suffix(b"\r").unwrap_or(text) } else { text };
    };
    let returns = text.iter().rev().take_while(|b| **b == b'\r').count();
    sub(text, 0, text.len() - returns)
}

/// Where the next line break begins.
fn find_break(text: &[u8], from: usize, lone_cr: bool) -> Option<usize> {
    let rest = text.get(from..)?;
    if lone_cr {
        return memchr2(b'\r', b'\n', rest).map(|at| from + at);
    }
    let at = memchr(b'\n', rest)?;
    let returns = rest.iter().take(at).rev().take_while(|b| **b == b'\r').count();
    Some(from + at - returns)
}

/// Where the text goes on after the break that begins at `at`.
fn after_break(text: &[u8], at: usize) -> usize {
    let rest = sub(text, at, text.len());
    let returns = rest.iter().take_while(|b| **b == b'\r').count();
    if rest.get(returns) == Some(&b'\n') { at + returns + 1 } else { at + 1 }
}

/// Whether a text holds a character that a parameter value must be quoted for (RFC 6350 3.3).
pub(super) fn needs_quotes(value: &str) -> bool {
    memchr3(b':', b';', b',', value.as_bytes()).is_some()
}
