//! Where the config and the data are.

use std::path::{Path, PathBuf};

use etcetera::BaseStrategy;

use crate::cli::Global;
use crate::{Failure, World};

const FOLDER: &str = "contactcmd";

/// The config file: `contactcmd/config.toml` in `$XDG_CONFIG_HOME`, else in `~/.config`.
///
/// # Errors
///
/// Exit 2 when there is no home folder: the hint names the variables.
pub fn config(world: &World) -> Result<PathBuf, Failure> {
    let base = base(world, "XDG_CONFIG_HOME", ".config", |system| system.config_dir())?;
    Ok(base.join(FOLDER).join("config.toml"))
}

/// The database: `--database`, else `contactcmd/contacts.db` in `$XDG_DATA_HOME`, else in
/// `~/.local/share`.
///
/// # Errors
///
/// Exit 2 when there is no home folder: the hint names the variables.
pub fn database(world: &World, global: &Global) -> Result<PathBuf, Failure> {
    if let Some(path) = &global.database {
        return Ok(path.clone());
    }
    let base = base(world, "XDG_DATA_HOME", ".local/share", |system| system.data_dir())?;
    Ok(base.join(FOLDER).join("contacts.db"))
}

/// The path with a leading `~` replaced by the home folder, and a relative one taken from `folder`.
pub fn expand(world: &World, text: &str, folder: &Path) -> PathBuf {
    let rest = match text.strip_prefix('~') {
        Some("") => Some(""),
        Some(rest) => rest.strip_prefix('/'),
        None => None,
    };
    match (rest, home(world)) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => folder.join(text),
    }
}

/// A variable of the XDG specification counts only when it holds an absolute path. Windows has
/// folders of its own; everywhere else, macOS included, it is the folder below home.
fn base(
    world: &World,
    variable: &str,
    below_home: &str,
    of_system: impl Fn(&dyn BaseStrategy) -> PathBuf,
) -> Result<PathBuf, Failure> {
    let given = (world.env)(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    let found = given.or_else(|| {
        if cfg!(windows) {
            etcetera::choose_base_strategy().ok().map(|system| of_system(&system))
        } else {
            home(world).map(|home| home.join(below_home))
        }
    });
    found.ok_or_else(|| {
        Failure::usage("there is no home folder").hint(format!("set HOME or {variable}"))
    })
}

fn home(world: &World) -> Option<PathBuf> {
    let given = (world.env)("HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    given.or_else(|| etcetera::home_dir().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::testing::Stage;

    const NO_OPTIONS: Global = Global { database: None, verbose: 0, quiet: false };

    #[test]
    #[cfg(not(windows))]
    fn files_are_where_the_variables_say_else_below_home() {
        // (HOME, XDG_CONFIG_HOME, XDG_DATA_HOME) -> config, data
        let cases = [
            (
                "/h",
                "",
                "",
                "/h/.config/contactcmd/config.toml",
                "/h/.local/share/contactcmd/contacts.db",
            ),
            ("/h", "/c", "/d", "/c/contactcmd/config.toml", "/d/contactcmd/contacts.db"),
            (
                "/h",
                "c",
                "d",
                "/h/.config/contactcmd/config.toml",
                "/h/.local/share/contactcmd/contacts.db",
            ),
        ];
        for (home, config_home, data_home, config_file, data_file) in cases {
            let stage = Stage::new()
                .env("HOME", home)
                .env("XDG_CONFIG_HOME", config_home)
                .env("XDG_DATA_HOME", data_home);
            let world = stage.world();
            assert_eq!(config(&world).unwrap(), Path::new(config_file));
            assert_eq!(database(&world, &NO_OPTIONS).unwrap(), Path::new(data_file));
        }
    }

    #[test]
    fn the_database_option_stands_above_everything() {
        let world = Stage::new().env("XDG_DATA_HOME", "/d").world();
        let global = Global { database: Some("here.db".into()), ..NO_OPTIONS };
        assert_eq!(database(&world, &global).unwrap(), Path::new("here.db"));
    }

    #[test]
    fn a_tilde_is_the_home_folder_and_relative_is_beside_the_config() {
        let world = Stage::new().env("HOME", "/h").world();
        for (text, path) in [
            ("~/ca.pem", "/h/ca.pem"),
            ("ca.pem", "/c/ca.pem"),
            ("/x/ca.pem", "/x/ca.pem"),
            ("~x/a", "/c/~x/a"),
        ] {
            assert_eq!(expand(&world, text, Path::new("/c")), Path::new(path), "{text}");
        }
    }
}
