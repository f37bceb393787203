//! Forgetting history, at the end of every run that wrote something.

use contactcmd_domain::contact::Timestamp;
use contactcmd_ports::{ContactRepo, Keep};

use crate::config::HistorySettings;
use crate::ui::error;
use crate::{Failure, World};

const DAY: i64 = 24 * 60 * 60 * 1000;
/// So many days are kept whatever their number of entries, if days are kept at all.
const RECENT: u32 = 7;

/// Forgets what is beyond `settings`, by whole runs. That it fails is told and is no failure of the
/// run, which is stored already.
pub fn prune(world: &World, repo: &mut dyn ContactRepo, settings: &HistorySettings) {
    let ago = |days: u32| {
        let age = i64::from(days).saturating_mul(DAY);
        Timestamp((world.now)().0.saturating_sub(age))
    };
    let (since, recent) = (ago(settings.days), ago(settings.days.min(RECENT)));
    match repo.prune(Keep { since, entries: settings.entries, recent }) {
        Ok(0) => {}
        Ok(entries) => world.ui.detail(format_args!("{entries} old entries of the history went")),
        Err(error) => {
            let failure = Failure::from(error).context("old history could not be removed");
            error::print(&world.ui, &failure);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::Exit;
    use crate::commands::desk::Desk;

    #[test]
    fn what_is_older_than_the_config_says_goes_with_the_next_run() {
        let desk = Desk::new();
        desk.config("[history]\ndays = 7\n");
        let update = |note: &str| {
            desk.import(&[&format!("UID:a|FN:Ada|NOTE:{note}")]);
            desk.runs()
        };
        assert_eq!((update("1"), update("2")), (1, 2));
        desk.later(6);
        assert_eq!(update("3"), 3, "run 2 is six days old");
        desk.later(2);
        assert_eq!(update("4"), 3, "run 2 is eight days old, run 1 added Ada");
        desk.config("[history]\ndays = many\n");
        assert_eq!(desk.run(&["undo", "--yes"]), Exit::Usage, "before anything is written");
        assert_eq!(desk.runs(), 3);
    }
}
