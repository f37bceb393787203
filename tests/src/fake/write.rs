//! PUT and DELETE.

use super::ask::Ask;
use super::book::{Access, Book};
use super::card::{Card, hash, lines, tag, uid, value};
use super::etag::{header_etag, listed_etag, passes};
use super::judge::{Verdict, judge, uid_conflict};
use super::knobs::{
    DeleteMissing, DeleteReply, IfNoneMatch, Knobs, NameReuse, Namesake, NewName, PutETag,
    PutOnCollection, ReadOnlyPut, UidOnPut, UpdateReply,
};
use super::place::{Place, path_of};
use super::propfind::response;
use super::reply::{Reply, and_header, bare, condition, error, multistatus};
use super::rewrite::{merged, rewrite, with_uid};
use super::world::World;
use super::xml::{Ns, Xml};

/// A PUT that is allowed, and all that follows from it.
struct Draft {
    /// The decoded name the card gets, which need not be the one that was asked for.
    name: String,
    card: Card,
    created: bool,
    repaired: bool,
}

enum Decision {
    Store(Draft),
    Refuse(Reply),
}

impl World {
    pub(super) fn put(&mut self, ask: &Ask) -> Reply {
        let knobs = self.knobs.clone();
        let (book, asked) = match &ask.place {
            Place::Card(book, name) => (book.as_str(), name.as_str()),
            Place::Book(book) => return self.put_on_book(&knobs, book),
            _ => return bare(405),
        };
        self.confess_spelling(ask, book, asked);
        let new_id = self.new_id();
        match self.decide(ask, (book, asked), new_id) {
            Decision::Store(draft) => self.store(ask, (book, asked), draft),
            Decision::Refuse(reply) => reply,
        }
    }

    /// What a PUT would do; `new_id` serves where the server invents a name or a UID.
    fn decide(&self, ask: &Ask, (book_name, asked): (&str, &str), new_id: String) -> Decision {
        let knobs = &*self.knobs;
        let Some(book) = self.book(book_name) else {
            return Decision::Refuse(error(knobs, 409, "No such book"));
        };
        let found = self.find(book, asked);
        let (name, old) = found.map_or((asked, None), |(name, card)| (name, Some(card)));
        if let Some(refusal) = refusal(knobs, ask, book, (name, old)) {
            return Decision::Refuse(refusal);
        }
        let new_uid = format!("urn:id:{new_id}");
        let content_type = ask.header("content-type");
        let taken = match judge(knobs, content_type.as_deref(), ask.body.clone(), &new_uid) {
            Verdict::Taken(taken) => taken,
            Verdict::Refused(refusal) => return Decision::Refuse(refusal),
        };
        if let Some((name, other)) = namesake(knobs, book, &taken.bytes).filter(|_| old.is_none()) {
            let card = Card::new(merged(&other.bytes, taken.bytes));
            let name = name.to_owned();
            return Decision::Store(Draft { name, card, created: true, repaired: false });
        }
        let hrefs = ask.hrefs(knobs);
        if let Some(refusal) = uid_conflict(knobs, (book, &hrefs), (book_name, name), &taken.bytes)
        {
            return Decision::Refuse(refusal);
        }
        let created = old.is_none();
        let bytes = match knobs.uid_replace {
            UidOnPut::Replaced if created => with_uid(&taken.bytes, &new_uid),
            _ => taken.bytes,
        };
        let mut card = Card::new(rewrite(&knobs.rewrite, bytes, old, book.seq() + 1));
        card.readable_at = self.requests + knobs.read_lag + u64::from(knobs.read_lag > 0);
        if knobs.put_etag == PutETag::OfSentBytes {
            card.tag = tag(hash(&ask.body));
        }
        let name = match knobs.rename_on_put {
            _ if !created => name.to_owned(),
            NewName::Kept => name.to_owned(),
            NewName::OfUid => uid(&card.bytes).map_or(new_id, |uid| format!("{uid}.vcf")),
            _ => new_id,
        };
        Decision::Store(Draft { name, card, created, repaired: taken.repaired })
    }

    /// Stores the card; the reply tells as much of it as the knobs say.
    fn store(&mut self, ask: &Ask, (book_name, asked): (&str, &str), draft: Draft) -> Reply {
        let knobs = self.knobs.clone();
        let Draft { name, card, created, repaired } = draft;
        let changed = card.bytes != ask.body;
        let Some(book) = self.books.get_mut(book_name) else { return bare(409) };
        book.put(&name, card);
        if name != asked && knobs.rename_on_put == NewName::Alias {
            book.aliases.insert(asked.to_owned(), name.as_str().into());
        }
        let listed =
            book.cards.get(name.as_str()).map(|card| listed_etag(&knobs, card).into_owned());
        let told = match knobs.put_etag {
            PutETag::UnlessChanged if changed => None,
            // sabre gives no ETag for a card that it repaired.
            PutETag::OfSentBytes if repaired => None,
            PutETag::UnlessChanged | PutETag::Always | PutETag::OfSentBytes => listed,
            PutETag::Unlisted => Some(tag(!hash(&ask.body))),
            PutETag::None => None,
        };
        let mut reply = match (created, knobs.update_reply) {
            (true, _) | (false, UpdateReply::Created) => bare(201),
            (false, UpdateReply::NoContent) => bare(204),
            (false, UpdateReply::Ok) => bare(200),
        };
        if let Some(etag) = told {
            reply = and_header(reply, "etag", &header_etag(&knobs, &etag));
        }
        if repaired && knobs.put_etag == PutETag::OfSentBytes {
            reply = and_header(reply, "x-sabre-ew-gross", "The card was repaired");
        }
        match knobs.rename_on_put {
            NewName::Location if created => {
                let folder = ask.path.rsplit_once('/').map_or("", |(folder, _)| folder);
                and_header(reply, "location", &format!("{folder}/{name}"))
            }
            NewName::AbsoluteLocation if created => {
                let href = ask.hrefs(&knobs).card(book_name, &name);
                and_header(reply, "location", &format!("{}{}", ask.origin(), path_of(&href)))
            }
            _ => reply,
        }
    }

    pub(super) fn delete(&mut self, ask: &Ask) -> Reply {
        let knobs = self.knobs.clone();
        let Place::Card(book_name, asked) = &ask.place else {
            return error(&knobs, 403, "Collections stay");
        };
        self.confess_spelling(ask, book_name, asked);
        let Some(book) = self.book(book_name) else { return error(&knobs, 404, "Not found") };
        if book.options.access == Access::ReadOnly {
            return read_only(&knobs);
        }
        let if_match = ask.header("if-match");
        let Some((name, card)) = self.find(book, asked) else {
            return match knobs.delete_missing {
                DeleteMissing::Precondition if if_match.is_some() => bare(412),
                DeleteMissing::Precondition | DeleteMissing::NotFound => {
                    error(&knobs, 404, "Not found")
                }
                DeleteMissing::Gone => bare(410),
                DeleteMissing::NoContent => bare(204),
            };
        };
        let listed = listed_etag(&knobs, card);
        if !passes(knobs.delete_if_match, if_match.as_deref(), Some(&listed)) {
            return error(&knobs, 412, "An If-Match header was specified, but the ETag differs");
        }
        let name = name.to_owned();
        if knobs.delete_reply != DeleteReply::RefusedInside {
            self.books.get_mut(book_name).map(|book| book.delete(&name));
        }
        match knobs.delete_reply {
            DeleteReply::NoContent => bare(204),
            DeleteReply::Ok => bare(200),
            DeleteReply::MultiStatus => inside(&knobs, &ask.path, 200),
            DeleteReply::RefusedInside => inside(&knobs, &ask.path, 423),
        }
    }

    fn put_on_book(&mut self, knobs: &Knobs, name: &str) -> Reply {
        match (knobs.put_on_collection, self.books.get_mut(name)) {
            (PutOnCollection::ReplacesBook, Some(book)) => {
                let names: Vec<_> = book.cards.keys().cloned().collect();
                names.iter().for_each(|name| {
                    book.delete(name);
                });
                bare(201)
            }
            _ => bare(405),
        }
    }
}

/// Why nothing can be put under this name, whatever the card.
fn refusal(knobs: &Knobs, ask: &Ask, book: &Book, at: (&str, Option<&Card>)) -> Option<Reply> {
    let (name, old) = at;
    if book.options.access == Access::ReadOnly {
        return Some(read_only(knobs));
    }
    let reused = knobs.name_reuse == NameReuse::Refused && book.used.contains(name);
    let reused = (old.is_none() && reused).then(|| error(knobs, 409, "This name was used before"));
    precondition(knobs, ask, old).or(reused)
}

/// The refusal that `If-Match` and `If-None-Match` ask for.
fn precondition(knobs: &Knobs, ask: &Ask, old: Option<&Card>) -> Option<Reply> {
    let current = old.map(|card| listed_etag(knobs, card));
    if ask.header("if-none-match").is_some() && old.is_some() {
        match knobs.if_none_match {
            IfNoneMatch::Honoured => return Some(stale(knobs, "If-None-Match")),
            IfNoneMatch::Conflict => return Some(bare(409)),
            IfNoneMatch::Ignored => {}
        }
    }
    let if_match = ask.header("if-match");
    let passing = passes(knobs.if_match, if_match.as_deref(), current.as_deref());
    (!passing).then(|| stale(knobs, "If-Match"))
}

fn stale(knobs: &Knobs, header: &str) -> Reply {
    error(knobs, 412, &format!("An {header} header was specified, but it does not hold"))
}

fn read_only(knobs: &Knobs) -> Reply {
    match knobs.readonly_put {
        ReadOnlyPut::Forbidden => condition(knobs, 403, (Ns::Dav, "need-privileges"), None),
        ReadOnlyPut::NotFound => error(knobs, 404, "Not found"),
        ReadOnlyPut::NotAllowed => bare(405),
    }
}

/// The card that a new one is taken for.
fn namesake<'a>(knobs: &Knobs, book: &'a Book, bytes: &[u8]) -> Option<(&'a str, &'a Card)> {
    let shown = |bytes: &[u8]| value(&lines(bytes), "FN").map(str::to_owned);
    let wanted = shown(bytes).filter(|_| knobs.namesake == Namesake::Merged)?;
    let known = book.cards.iter().find(|(_, card)| shown(&card.bytes).as_ref() == Some(&wanted));
    known.map(|(name, card)| (&**name, card))
}

/// A 207 around the one status that counts.
fn inside(knobs: &Knobs, path: &str, status: u16) -> Reply {
    let mut xml = Xml::new(knobs.xml, "multistatus");
    response(&mut xml, path, |xml| xml.status(status));
    multistatus(xml)
}
