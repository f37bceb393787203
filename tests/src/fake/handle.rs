//! From one request to one answer.

use http::Request;

use super::ask::Ask;
use super::auth::options;
use super::body::{Body, read};
use super::faults::Fault;
use super::knobs::{BareOrigin, Cookies, Knobs, Mood, RequestXml, Target, WellKnown};
use super::place::Place;
use super::reply::{
    Reply, and_header, bare, condition, error, html, multistatus, redirect, with_body,
};
use super::world::World;
use super::xml::{Ns, Xml};

/// What comes back from the fake, faults included.
#[derive(Debug)]
pub enum Answer {
    /// An answer; the connection stays.
    Whole(http::Response<Vec<u8>>),
    /// An answer, after which the connection is closed without a word.
    ThenClose(http::Response<Vec<u8>>),
    /// The connection breaks in the middle of this answer's body.
    Cut(http::Response<Vec<u8>>),
    /// The connection breaks before any answer.
    Closed,
    /// Nothing ever comes.
    Silent,
    /// Nothing listens.
    Unreachable,
}

impl World {
    pub(super) fn answer(&mut self, request: Request<Vec<u8>>) -> Answer {
        self.requests += 1;
        let knobs = self.knobs.clone();
        let mut ask = Ask::new(&knobs, request);
        ask.confess(&mut self.log);
        self.confess_credentials(&ask);
        let answer = match self.faults.next(&ask.method) {
            None => Answer::Whole(self.respond(&knobs, &ask)),
            Some(Fault::DropBefore) => Answer::Closed,
            Some(Fault::Timeout) => Answer::Silent,
            Some(Fault::Unreachable) => Answer::Unreachable,
            Some(Fault::DropAfter) => {
                self.respond(&knobs, &ask);
                Answer::Closed
            }
            Some(Fault::TimeoutAfter) => {
                self.respond(&knobs, &ask);
                Answer::Silent
            }
            Some(Fault::TruncateBody) => Answer::Cut(self.respond(&knobs, &ask)),
            Some(Fault::CloseIdle) => Answer::ThenClose(self.respond(&knobs, &ask)),
            Some(Fault::ShortBody) => {
                let mut reply = self.respond(&knobs, &ask);
                let half = reply.body().len() / 2;
                reply.body_mut().truncate(half);
                Answer::Whole(reply)
            }
            Some(Fault::Html) => Answer::Whole(html(200)),
            Some(Fault::Redirect(status, to)) => Answer::Whole(redirect(status, &to)),
            Some(Fault::Status(status, retry_after)) => {
                let reply = error(&knobs, status, "Out of order");
                Answer::Whole(match retry_after {
                    Some(when) => and_header(reply, "retry-after", &when),
                    None => reply,
                })
            }
        };
        let mut logged = ask.logged();
        logged.status = match &answer {
            Answer::Whole(reply) | Answer::ThenClose(reply) => Some(reply.status().as_u16()),
            _ => None,
        };
        self.log.push(logged);
        answer
    }

    fn respond(&mut self, knobs: &Knobs, ask: &Ask) -> Reply {
        let reply = self.respond_plainly(knobs, ask);
        match knobs.cookies {
            Cookies::None => reply,
            Cookies::Session => and_header(reply, "set-cookie", "session=alice; Path=/"),
        }
    }

    fn respond_plainly(&mut self, knobs: &Knobs, ask: &Ask) -> Reply {
        if let Some(reply) = in_mood(knobs, ask) {
            return reply;
        }
        if ask.place == Place::WellKnown {
            return self.well_known(knobs, ask);
        }
        if ask.place == Place::Elsewhere && ask.path == "/" && knobs.layout.root != "/" {
            match knobs.bare_origin {
                BareOrigin::Dav => {}
                BareOrigin::NotFound => return error(knobs, 404, "Not found"),
                BareOrigin::NotAllowed => return bare(405),
                BareOrigin::Html => return html(200),
            }
        }
        if ask.headers.contains_key("transfer-encoding") {
            return bare(411);
        }
        if let Some(reply) = self.sign_in.token(ask) {
            return reply;
        }
        match self.refusal(ask) {
            Some(refusal) => refusal,
            None => self.dispatch(knobs, ask),
        }
    }

    fn dispatch(&mut self, knobs: &Knobs, ask: &Ask) -> Reply {
        match ask.method.as_str() {
            "OPTIONS" => options(),
            "GET" if is_photo(knobs, ask) => with_body(200, "image/jpeg", PHOTO.to_vec()),
            "GET" => self.get(ask),
            "HEAD" => self.head(ask),
            "PUT" => self.put(ask),
            "DELETE" => self.delete(ask),
            "PROPFIND" => match self.body_of(ask) {
                Some(body) => self.propfind(ask, &body),
                None => error(knobs, 400, "The body is not well-formed"),
            },
            "REPORT" => match self.body_of(ask) {
                Some(body) => self.report(knobs, ask, &body),
                None => error(knobs, 400, "The body is not well-formed"),
            },
            "MKCOL" | "PROPPATCH" => error(knobs, 403, "Forbidden"),
            _ => bare(405),
        }
    }

    fn report(&mut self, knobs: &Knobs, ask: &Ask, body: &Body) -> Reply {
        if knobs.request_xml == RequestXml::PrefixedOnly && body.unprefixed {
            return error(knobs, 400, "Request contains an invalid argument.");
        }
        let Place::Book(name) = &ask.place else {
            return condition(knobs, 403, (Ns::Dav, "supported-report"), None);
        };
        if body.root.is(Ns::Dav, "sync-collection") {
            self.sync(ask, body, name)
        } else if body.root.is(Ns::Card, "addressbook-multiget") {
            self.multiget(ask, body, name)
        } else if body.root.is(Ns::Card, "addressbook-query") {
            // Nothing, on a full book: what mailbox.org and Zimbra were seen to do (Q72).
            multistatus(Xml::new(knobs.xml, "multistatus"))
        } else {
            condition(knobs, 403, (Ns::Dav, "supported-report"), None)
        }
    }

    /// The body, read; an empty one asks for everything (RFC 4918 9.1).
    fn body_of(&mut self, ask: &Ask) -> Option<Body> {
        if ask.body.is_empty() && ask.method.as_str() == "PROPFIND" {
            return Some(Body::default());
        }
        let body = read(&ask.body)?;
        ask.confess_body(&body, &mut self.log);
        Some(body)
    }

    fn well_known(&mut self, knobs: &Knobs, ask: &Ask) -> Reply {
        match knobs.well_known {
            WellKnown::Redirect(status, target) => redirect(status, &location(knobs, ask, target)),
            WellKnown::AuthOnly(target) => {
                if ask.method.as_str() == "PROPFIND" && self.knows(ask) {
                    redirect(301, &location(knobs, ask, target))
                } else {
                    error(knobs, 404, "Not found")
                }
            }
            WellKnown::NotFound => error(knobs, 404, "Not found"),
            WellKnown::Html => html(200),
            WellKnown::Unauthorized => bare(401),
            WellKnown::BadGateway => html(502),
        }
    }
}

fn location(knobs: &Knobs, ask: &Ask, target: Target) -> String {
    let root = knobs.layout.root;
    let host = &ask.host;
    let port = if ask.scheme == "https" { ":443" } else { ":80" };
    let explicit = if host.contains(':') { "" } else { port };
    match target {
        Target::Relative => root.to_owned(),
        Target::WithoutSlash => root.trim_end_matches('/').to_owned(),
        Target::Book => format!("{}{}/", knobs.layout.home, knobs.layout.book),
        Target::Absolute => format!("{}{root}", ask.origin()),
        Target::WithPort => format!("{}{explicit}{root}", ask.origin()),
        Target::PlainHttp => format!("http://{host}{root}"),
        Target::OtherDomain => "https://dav.elsewhere.test/".to_owned(),
        Target::Loop => ask.path.clone(),
    }
}

/// The start of a JPEG, which is all that anybody looks at.
const PHOTO: &[u8] = &[0xff, 0xd8, 0xff, 0xe0];

fn is_photo(knobs: &Knobs, ask: &Ask) -> bool {
    knobs.layout.photos.is_some_and(|folder| ask.path.starts_with(folder))
}

fn in_mood(knobs: &Knobs, ask: &Ask) -> Option<Reply> {
    let dav = matches!(ask.method.as_str(), "PROPFIND" | "REPORT");
    match knobs.mood {
        Mood::Status(status, retry_after) => {
            let reply = error(knobs, status, "Out of order");
            Some(match retry_after {
                Some(seconds) => and_header(reply, "retry-after", &seconds.to_string()),
                None => reply,
            })
        }
        Mood::HtmlPage => Some(html(200)),
        Mood::RedirectToLogin => Some(redirect(302, "https://login.elsewhere.test/?back=dav")),
        Mood::EmptyMultistatus if dav => Some(multistatus(Xml::new(knobs.xml, "multistatus"))),
        Mood::EmptyBody if dav => {
            Some(with_body(207, "application/xml; charset=utf-8", Vec::new()))
        }
        _ => None,
    }
}
