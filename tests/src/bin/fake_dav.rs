//! The fake CardDAV server as a program: prints its URL and serves until its input ends.
//!
//! `fake_dav [--cards N | --demo] [--latency-ms L] [--profile P]`

use std::io::{self, Read as _, Write as _};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use contactcmd_tests::fake::{FakeDav, Knobs};
use contactcmd_tests::generate;
use contactcmd_tests::serve::{Options, serve};

/// What the command line asks for.
struct Wanted {
    cards: Cards,
    latency: Duration,
    knobs: Knobs,
}

enum Cards {
    Generated(usize),
    Demo,
}

fn main() -> Result<()> {
    let wanted = wanted(std::env::args().skip(1))?;
    let book = wanted.knobs.layout.book;
    let fake = FakeDav::new(wanted.knobs);
    match wanted.cards {
        Cards::Generated(count) => generate::fill(&fake, book, count),
        Cards::Demo => {
            for (name, card) in generate::demo_book() {
                fake.put(book, &name, card);
            }
        }
    }
    let served = serve(fake, Options { latency: wanted.latency, ..Options::default() });
    writeln!(io::stdout(), "{}", served.url())?;
    io::stdout().flush()?;
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

fn wanted(mut args: impl Iterator<Item = String>) -> Result<Wanted> {
    let mut wanted =
        Wanted { cards: Cards::Generated(0), latency: Duration::ZERO, knobs: Knobs::default() };
    while let Some(arg) = args.next() {
        if arg == "--demo" {
            wanted.cards = Cards::Demo;
            continue;
        }
        let value = args.next().with_context(|| format!("{arg} needs a value"))?;
        match arg.as_str() {
            "--cards" => wanted.cards = Cards::Generated(value.parse()?),
            "--latency-ms" => wanted.latency = Duration::from_millis(value.parse()?),
            "--profile" => {
                let known = Knobs::names().collect::<Vec<_>>().join(", ");
                wanted.knobs =
                    Knobs::named(&value).with_context(|| format!("profiles are {known}"))?;
            }
            _ => bail!("unknown argument {arg}"),
        }
    }
    Ok(wanted)
}
