//! Knobs by name and value, as far as scenarios turn them.

use std::fmt::Debug;

use contactcmd_tests::fake::{
    AddressData, Auth, BadVcard, DeleteMissing, DeleteReply, Demand, ETagForm, GetReply, IfMatch,
    Knobs, MaxSize, Mood, MultigetMissing, NewName, Privileges, PutETag, ReadOnlyPrivileges,
    ReadOnlyPut, Rewrite, UidConflict, UidOnPut, UpdateReply, XmlStyle,
};

/// Turns `knob` to `value`.
pub(super) fn turn(knobs: &mut Knobs, knob: &str, value: &str) -> Result<(), String> {
    match knob {
        "auth" => knobs.auth = one(value, &[Auth::Basic])?,
        "demands_uid" => {
            knobs.demands.uid = one(value, &[Demand::Optional, Demand::Added])?;
        }
        "mood" => {
            use Mood::{
                BookEmptied, BookGone, EmptyBody, EmptyMultistatus, HtmlPage, RedirectToLogin, Well,
            };
            let moods = [
                Well,
                HtmlPage,
                RedirectToLogin,
                EmptyMultistatus,
                EmptyBody,
                BookGone,
                BookEmptied,
                Mood::Status(503, None),
            ];
            knobs.mood = one(value, &moods)?;
        }
        "privileges" => {
            use Privileges::{AllOnly, Full, Missing};
            knobs.privileges = one(value, &[Full, AllOnly, Missing])?;
        }
        "readonly_privileges" => {
            use ReadOnlyPrivileges::{Hidden, Read, WriteProperties};
            knobs.readonly_privileges = one(value, &[Read, WriteProperties, Hidden])?;
        }
        "readonly_put" => {
            use ReadOnlyPut::{Forbidden, NotAllowed, NotFound};
            knobs.readonly_put = one(value, &[Forbidden, NotFound, NotAllowed])?;
        }
        "rename_on_put" => {
            use NewName::{AbsoluteLocation, Alias, Kept, Location, Silent};
            knobs.rename_on_put = one(value, &[Kept, Location, AbsoluteLocation, Alias, Silent])?;
        }
        "uid_replace" => knobs.uid_replace = one(value, &[UidOnPut::Kept, UidOnPut::Replaced])?,
        "uid_conflict" => {
            use UidConflict::{Allowed, BadRequest, Conflict, Forbidden, PreconditionFailed};
            let all = [Forbidden, BadRequest, Conflict, PreconditionFailed, Allowed];
            knobs.uid_conflict = one(value, &all)?;
        }
        "put_etag" => {
            use PutETag::{Always, None, OfSentBytes, UnlessChanged, Unlisted};
            knobs.put_etag = one(value, &[UnlessChanged, Always, OfSentBytes, Unlisted, None])?;
        }
        "etag_form" => {
            use ETagForm::{Counter, GzipHeader, Hash, Timestamp, Unquoted, WeakHeader};
            let all = [Hash, Counter, Timestamp, Unquoted, WeakHeader, GzipHeader];
            knobs.etag_form = one(value, &all)?;
        }
        "if_match" | "delete_if_match" => {
            use IfMatch::{Exact, Honoured, Ignored, IgnoredIfMissing};
            let rule = one(value, &[Honoured, Ignored, Exact, IgnoredIfMissing])?;
            match knob {
                "if_match" => knobs.if_match = rule,
                _ => knobs.delete_if_match = rule,
            }
        }
        "update_reply" => {
            use UpdateReply::{Created, NoContent, Ok};
            knobs.update_reply = one(value, &[NoContent, Ok, Created])?;
        }
        "delete_reply" => {
            use DeleteReply::{MultiStatus, NoContent, Ok, RefusedInside};
            knobs.delete_reply = one(value, &[NoContent, Ok, MultiStatus, RefusedInside])?;
        }
        "delete_missing" => {
            use DeleteMissing::{Gone, NoContent, NotFound, Precondition};
            knobs.delete_missing = one(value, &[Precondition, NotFound, Gone, NoContent])?;
        }
        "bad_vcard" => {
            use BadVcard::{
                BadRequest, BadRequestJson, Forbidden, ParseError, PreconditionFailed, Unsupported,
            };
            let all = [
                Forbidden,
                ParseError,
                BadRequest,
                BadRequestJson,
                PreconditionFailed,
                Unsupported,
            ];
            knobs.bad_vcard = one(value, &all)?;
        }
        "multiget_missing" => {
            use MultigetMissing::{Entry404, Omitted};
            knobs.multiget_missing = one(value, &[Entry404, Omitted])?;
        }
        "multiget_limit" => {
            let most = value.parse().map_err(|_| format!("{value} is no number"))?;
            knobs.multiget_limit = Some(most);
        }
        "get" => knobs.get = one(value, &[GetReply::Card, GetReply::NoETag])?,
        "address_data" => {
            use AddressData::{Bom, Cdata, Escaped, EscapedCr, Raw};
            let address_data = one(value, &[Escaped, EscapedCr, Cdata, Raw, Bom])?;
            knobs.xml = XmlStyle { address_data, ..knobs.xml };
        }
        "rewrite" => {
            use Rewrite::{
                AddRev, DropProdid, DropX, EscapeN, FnFromN, Lf, Merge, RegenPhoto, SingleType,
                Sort, UpperCaseGroups,
            };
            let all = [
                FnFromN,
                DropX,
                SingleType,
                Merge,
                RegenPhoto,
                AddRev,
                DropProdid,
                UpperCaseGroups,
                Sort,
                EscapeN,
                Lf,
            ];
            let steps = value.split_whitespace().filter(|step| *step != "none");
            knobs.rewrite = steps.map(|step| one(step, &all)).collect::<Result<_, _>>()?;
        }
        "max_size" => {
            let (bytes, status) = value.split_once(" then ").ok_or("BYTES then STATUS")?;
            let number = |text: &str| text.parse().map_err(|_| format!("{text} is no number"));
            let status = number(status).map(|status: usize| u16::try_from(status).unwrap_or(0))?;
            knobs.max_size = Some(MaxSize { bytes: number(bytes)?, status });
        }
        "multiget_poison" => knobs.multiget_poison = names(value),
        "get_poison" => knobs.get_poison = names(value),
        "read_lag" => {
            knobs.read_lag = value.parse().map_err(|_| format!("{value} is no number"))?;
        }
        _ => return Err(format!("no knob is called {knob}")),
    }
    Ok(())
}

fn one<T: Debug + Copy>(value: &str, all: &[T]) -> Result<T, String> {
    let found = all.iter().find(|one| format!("{one:?}") == value).copied();
    found.ok_or_else(|| format!("{value} is none of {all:?}"))
}

fn names(value: &str) -> Vec<String> {
    value.split_whitespace().filter(|name| *name != "none").map(str::to_owned).collect()
}
