//! Forgetting what is too old or too much, by whole runs.

use std::collections::HashMap;

use contactcmd_ports::Keep;
use diesel::dsl::{count_star, exists, max, not};
use diesel::prelude::*;

use super::fault::Fault;
use super::links::CHUNK;
use super::rows::count;
use super::schema::{conflicts, contacts, history, runs};

type Conn = SqliteConnection;

pub(super) fn prune(conn: &mut Conn, keep: Keep) -> Result<u64, Fault> {
    let due = due(conn, keep)?;
    let mut forgotten = 0;
    for chunk in due.chunks(CHUNK) {
        let entries = history::table.filter(history::run.eq_any(chunk));
        forgotten += diesel::delete(entries).execute(conn)?;
    }
    let decided = conflicts::table
        .filter(conflicts::decided.is_not_null())
        .filter(conflicts::at.lt(keep.since.0));
    diesel::delete(decided).execute(conn)?;
    if let Some(last) = due.first() {
        let up_to_it = runs::table.filter(runs::id.le(last));
        diesel::update(up_to_it).set(runs::forgotten.eq(true)).execute(conn)?;
    }
    forget_runs(conn, keep, due.first().copied())?;
    Ok(u64::try_from(forgotten).unwrap_or(u64::MAX))
}

/// The runs whose history goes, the latest first.
fn due(conn: &mut Conn, keep: Keep) -> Result<Vec<i64>, Fault> {
    let sizes: Vec<(i64, i64)> = history::table
        .group_by(history::run)
        .order(history::run.desc())
        .select((history::run, count_star()))
        .load(conn)?;
    let times: Vec<(i64, i64)> = runs::table.select((runs::id, runs::at)).load(conn)?;
    let times: HashMap<i64, i64> = times.into_iter().collect();
    let mut entries: u64 = 0;
    let mut due = Vec::new();
    for (place, (run, size)) in sizes.into_iter().enumerate() {
        entries = entries.saturating_add(count(size));
        let at = times.get(&run).copied().unwrap_or(i64::MAX);
        let is_too_many = entries > keep.entries && at < keep.recent.0;
        // The latest stays: what was done last can always be undone.
        if place > 0 && (is_too_many || at < keep.since.0) {
            due.push(run);
        }
    }
    Ok(due)
}

/// Removes the rows of runs that say nothing any more: not the latest, which may be under way.
fn forget_runs(conn: &mut Conn, keep: Keep, up_to: Option<i64>) -> Result<(), Fault> {
    let latest: Option<i64> = runs::table.select(max(runs::id)).get_result(conn)?;
    let silent = runs::table
        .filter(runs::id.ne(latest.unwrap_or_default()))
        .filter(runs::at.lt(keep.since.0).or(runs::id.le(up_to.unwrap_or_default())))
        .filter(not(exists(history::table.filter(history::run.eq(runs::id)))))
        .filter(not(exists(contacts::table.filter(contacts::run.eq(runs::id)))));
    diesel::delete(silent).execute(conn)?;
    Ok(())
}
