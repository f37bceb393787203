//! Progress on a terminal: found, downloaded, stored. Nowhere else is any of it shown.

use std::cell::Cell;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// The progress of one run. Without a terminal it shows nothing.
pub struct Progress {
    bar: Option<ProgressBar>,
    found: Cell<usize>,
    downloaded: Cell<usize>,
    stored: Cell<usize>,
}

impl Progress {
    /// Progress that is shown on stderr if `visible`.
    pub fn new(visible: bool) -> Self {
        let bar = visible.then(|| {
            let bar =
                ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr_with_hz(10));
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {wide_bar}") {
                bar.set_style(style);
            }
            bar.set_message("asking the server");
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        Self { bar, found: Cell::new(0), downloaded: Cell::new(0), stored: Cell::new(0) }
    }

    /// This many more cards are to be fetched.
    pub fn found(&self, count: usize) {
        self.found.set(self.found.get() + count);
        if let Some(bar) = &self.bar {
            bar.inc_length(count as u64);
        }
        self.tell();
    }

    /// This many more cards came.
    pub fn downloaded(&self, count: usize) {
        self.downloaded.set(self.downloaded.get() + count);
        self.tell();
    }

    /// This many more cards are stored, or planned in a dry run.
    pub fn stored(&self, count: usize) {
        self.stored.set(self.stored.get() + count);
        if let Some(bar) = &self.bar {
            bar.inc(count as u64);
        }
        self.tell();
    }

    /// Does something that prints, with the bar out of the way.
    pub fn aside<T>(&self, print: impl FnOnce() -> T) -> T {
        match &self.bar {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn tell(&self) {
        if let Some(bar) = &self.bar {
            let (found, downloaded, stored) =
                (self.found.get(), self.downloaded.get(), self.stored.get());
            bar.set_message(format!("{found} found, {downloaded} downloaded, {stored} stored"));
        }
    }
}
