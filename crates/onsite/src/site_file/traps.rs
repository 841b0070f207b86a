//! `[traps]`: whether, where and whom this site listens to.

use super::users::UserTable;
use pagetally_model::{Community, SnmpUser};
use pagetally_snmp::TRAP_PORT;
use pagetally_snmp_engine::trap::TrapLimits;
use serde::Deserialize;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

/// How long a device that told something is left alone after it was read for it, where the file does
/// not say: longer than a device in trouble goes on telling, shorter than a person's way to it.
const READ_AGAIN: Duration = Duration::from_secs(60);

/// Ceiling on the local addresses, which a machine has a handful of.
const MAX_LISTEN: usize = 16;

/// Ceiling on the communities: each datagram is held against all of them.
const MAX_COMMUNITIES: usize = 64;

/// Ceiling on the users of SNMPv3: as many as settings may have.
const MAX_USERS: usize = 16;

/// Where traps and informs are heard, of whom, and how much.
///
/// Only the site's own file can say so: that a port is open on a machine is for those to decide who
/// answer for the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrapSite {
    /// The local addresses that are listened on.
    pub listen: Vec<SocketAddr>,
    /// The communities under which v1 and v2c are heard.
    pub communities: Vec<Community>,
    /// The users under which SNMPv3 is heard, each with the engines whose traps are.
    pub users: Vec<SnmpUser>,
    /// How many notifications a second are taken.
    pub limits: TrapLimits,
    /// How long a device is left alone after it was read because it told something.
    pub read_again: Duration,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TrapTable {
    #[serde(default)]
    listen: Option<Vec<String>>,
    #[serde(default)]
    communities: Vec<String>,
    #[serde(default)]
    user: Vec<UserTable>,
    #[serde(default)]
    per_second: Option<u32>,
    #[serde(default)]
    per_second_of_one: Option<u32>,
    #[serde(default)]
    read_again_seconds: Option<u64>,
}

impl TrapTable {
    pub(super) fn checked(self) -> Result<TrapSite, (&'static str, String)> {
        let default = TrapLimits::default();
        let limits = TrapLimits {
            per_source: self.per_second_of_one.unwrap_or(default.per_source),
            in_all: self.per_second.unwrap_or(default.in_all),
        };
        limits.check().map_err(|error| {
            let field = match error.field {
                "per_source" => "traps.per_second_of_one",
                _ => "traps.per_second",
            };
            (
                field,
                format!("{} is not in 1..={}", error.value, error.most),
            )
        })?;
        let read_again = match self.read_again_seconds {
            None => READ_AGAIN,
            Some(seconds @ 1..=86_400) => Duration::from_secs(seconds),
            Some(other) => {
                let reason = format!("{other} is not in 1..=86400");
                return Err(("traps.read_again_seconds", reason));
            }
        };
        let users = users(self.user)?;
        Ok(TrapSite {
            listen: listen(self.listen)?,
            communities: communities(self.communities, !users.is_empty())?,
            users,
            limits,
            read_again,
        })
    }
}

fn listen(texts: Option<Vec<String>>) -> Result<Vec<SocketAddr>, (&'static str, String)> {
    const FIELD: &str = "traps.listen";
    let Some(texts) = texts else {
        return Ok(vec![SocketAddr::from((Ipv4Addr::UNSPECIFIED, TRAP_PORT))]);
    };
    if texts.is_empty() || texts.len() > MAX_LISTEN {
        let reason = format!("between 1 and {MAX_LISTEN} addresses are needed");
        return Err((FIELD, reason));
    }
    let parse = |text: &String| {
        let with_port = text.parse().ok();
        let alone = text.parse().ok().map(|ip| SocketAddr::new(ip, TRAP_PORT));
        with_port.or(alone).ok_or_else(|| {
            let shown: String = text.chars().take(80).collect();
            let reason =
                format!("{shown:?} is no address, such as \"0.0.0.0:162\" or \"[::]:162\"");
            (FIELD, reason)
        })
    };
    texts.iter().map(parse).collect()
}

fn users(tables: Vec<UserTable>) -> Result<Vec<SnmpUser>, (&'static str, String)> {
    const FIELD: &str = "traps.user";
    if tables.len() > MAX_USERS {
        return Err((FIELD, format!("at most {MAX_USERS} are heard")));
    }
    let mut users: Vec<SnmpUser> = Vec::with_capacity(tables.len());
    for table in tables {
        let user = table.user().map_err(|error| (FIELD, error.reason))?;
        let name = &user.user;
        if users.iter().any(|other| other.user == *name) {
            return Err((FIELD, format!("{name}: it is named twice")));
        }
        if user.first_contact || !user.context.is_empty() {
            let reason = "first_contact and context are for devices that are asked";
            return Err((FIELD, format!("{name}: {reason}")));
        }
        users.push(user);
    }
    Ok(users)
}

/// None are needed where SNMPv3 is heard.
fn communities(
    texts: Vec<String>,
    with_users: bool,
) -> Result<Vec<Community>, (&'static str, String)> {
    const FIELD: &str = "traps.communities";
    if texts.is_empty() && !with_users || texts.len() > MAX_COMMUNITIES {
        let reason = format!(
            "between 1 and {MAX_COMMUNITIES} are needed, or a [[traps.user]]: whoever sends under none of them is not heard"
        );
        return Err((FIELD, reason));
    }
    let known = texts
        .into_iter()
        .map(Community::new)
        .collect::<Result<_, _>>();
    known.map_err(|error| (FIELD, error.reason.to_string()))
}

#[cfg(test)]
mod tests {
    use crate::SiteFile;
    use std::path::Path;
    use std::time::Duration;

    fn parse(text: &str) -> Result<SiteFile, String> {
        let text = format!("format = 1\n{text}");
        SiteFile::parse(&text, Path::new("/etc/site/agent.toml")).map_err(|error| error.to_string())
    }

    #[test]
    fn nothing_listens_unless_the_file_says_so() {
        assert_eq!(parse("").expect("valid").traps, None);
    }

    #[test]
    fn a_table_with_communities_alone_listens_on_port_162() {
        let site = parse("[traps]\ncommunities = [\"traps\"]\n").expect("valid");
        let traps = site.traps.expect("on");
        assert_eq!(traps.listen, ["0.0.0.0:162".parse().expect("valid")]);
        assert_eq!(traps.read_again, Duration::from_secs(60));
        assert!(!format!("{traps:?}").contains("\"traps\""), "a secret");
    }

    #[test]
    fn addresses_ports_and_limits_can_be_set() {
        let text = "[traps]\nlisten = [\"[::]:10162\", \"192.0.2.1\"]\ncommunities = [\"a\", \"b\"]\n\
            per_second = 10\nper_second_of_one = 1\nread_again_seconds = 5\n";
        let traps = parse(text).expect("valid").traps.expect("on");
        assert_eq!(traps.listen[0], "[::]:10162".parse().expect("valid"));
        assert_eq!(traps.listen[1], "192.0.2.1:162".parse().expect("valid"));
        assert_eq!((traps.limits.in_all, traps.limits.per_source), (10, 1));
        assert_eq!(traps.read_again, Duration::from_secs(5));
    }

    #[test]
    fn a_table_with_users_alone_needs_no_community() {
        let text = "[[traps.user]]\nuser = \"printer\"\nauth = \"SHA-256\"\n\
            auth_passphrase = \"sentinel one\"\nengines = [\"80001F8804616263\"]\n";
        let traps = parse(text).expect("valid").traps.expect("on");
        assert!(traps.communities.is_empty());
        assert!(!format!("{traps:?}").contains("sentinel"), "a secret");
        let user = traps.users.first().expect("one");
        assert_eq!(user.engine_ids(), [b"\x80\x00\x1f\x88\x04abc"]);
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_its_key() {
        for (text, key) in [
            ("", "traps.communities"),
            ("communities = [\"a\"]\nlisten = []\n", "traps.listen"),
            (
                "communities = [\"a\"]\nlisten = [\"printer\"]\n",
                "traps.listen",
            ),
            (
                "communities = [\"a\"]\nper_second = 0\n",
                "traps.per_second",
            ),
            (
                "communities = [\"a\"]\nper_second_of_one = 101\n",
                "traps.per_second_of_one",
            ),
            (
                "communities = [\"a\"]\nread_again_seconds = 0\n",
                "traps.read_again_seconds",
            ),
            ("communities = [\"a\"]\nport = 162\n", "port"),
            (
                "[[traps.user]]\nuser = \"a\"\nfirst_contact = true\n",
                "traps.user",
            ),
            (
                "[[traps.user]]\nuser = \"a\"\n[[traps.user]]\nuser = \"a\"\n",
                "named twice",
            ),
            (
                "[[traps.user]]\nuser = \"a\"\nauth = \"MD5\"\n",
                "traps.user",
            ),
        ] {
            let error = parse(&format!("[traps]\n{text}")).expect_err(text);
            assert!(error.contains(key), "{error}");
        }
    }
}
