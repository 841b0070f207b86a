//! Which proxy a call goes through: the one that the site's own file names, else the one that the
//! environment does, else the one that the operating system is set to, but for hosts that are excepted.
//!
//! `HTTPS_PROXY` (for https) or `HTTP_PROXY` (for http), then `ALL_PROXY`; exceptions in `NO_PROXY`; each
//! in lower case too, which counts first. An empty one counts as none. Windows: what `netsh winhttp` sets
//! for the machine and its services, then the internet settings of the account that the agent runs under.
//! macOS: the network settings. Scripts that choose a proxy (PAC, WPAD) are not run.

mod system;

pub(crate) use system::SystemProxies;
#[cfg(windows)]
pub(crate) use system::connection_settings;
#[cfg(target_os = "macos")]
pub(crate) use system::scutil;

use crate::ConfigError;
use std::net::IpAddr;

/// The word in the site's file that says: no proxy, whatever the environment names.
pub const NO_PROXY_AT_ALL: &str = "none";

/// A proxy, and who named it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Choice {
    pub(crate) url: String,
    /// The site's file, the variable of the environment, or the operating system's settings.
    pub(crate) said_by: String,
}

/// What was said of proxies.
#[derive(Clone, Copy)]
pub(crate) struct Said<'a> {
    /// By the site's file; [`NO_PROXY_AT_ALL`] for none.
    pub(crate) proxy: Option<&'a str>,
    /// Exceptions, by the site's file.
    pub(crate) no_proxy: Option<&'a str>,
    /// A variable of the environment; nothing where that is not to be asked.
    pub(crate) variable: &'a dyn Fn(&str) -> Option<String>,
    /// By the operating system; nothing where that is not to be asked.
    pub(crate) system: Option<&'a SystemProxies>,
}

/// The proxy for calls to `host`; nothing for a direct connection.
///
/// # Errors
///
/// [`ConfigError::Proxy`] naming who named what is none, without its password.
pub(crate) fn choose(
    said: Said<'_>,
    secure: bool,
    host: &str,
) -> Result<Option<Choice>, ConfigError> {
    let variable = |name: &str| {
        let names = [name.to_ascii_lowercase(), name.to_owned()];
        names.into_iter().find_map(|name| {
            let value = (said.variable)(&name)?.trim().to_owned();
            (!value.is_empty()).then_some((name, value))
        })
    };
    let named = match said.proxy.map(str::trim) {
        Some(proxy) if proxy.eq_ignore_ascii_case(NO_PROXY_AT_ALL) => return Ok(None),
        Some(proxy) => Some(("the site's file".to_owned(), proxy.to_owned())),
        None => {
            let first = if secure { "HTTPS_PROXY" } else { "HTTP_PROXY" };
            variable(first).or_else(|| variable("ALL_PROXY"))
        }
    };
    let Some((said_by, url)) = named else {
        return Ok(by_system(said, secure, host));
    };
    let exceptions = match said.no_proxy {
        Some(exceptions) => Some(exceptions.to_owned()),
        None => variable("NO_PROXY").map(|(_, exceptions)| exceptions),
    };
    if exceptions.is_some_and(|exceptions| is_excepted(&exceptions, host)) {
        return Ok(None);
    }
    let scheme = url.split_once("://").map_or("http", |(scheme, _)| scheme);
    if !["http", "https"].contains(&scheme.to_ascii_lowercase().as_str()) {
        return Err(ConfigError::Proxy {
            url: crate::client::without_credentials(&url),
            said_by,
        });
    }
    Ok(Some(Choice { url, said_by }))
}

/// The proxy that the operating system is set to; what the site's file excepts counts instead of the
/// system's own exceptions.
fn by_system(said: Said<'_>, secure: bool, host: &str) -> Option<Choice> {
    let system = said.system?;
    let proxy = match said.no_proxy {
        Some(exceptions) if is_excepted(exceptions, host) => None,
        Some(_) => system.for_any_host(secure),
        None => system.for_host(secure, host),
    };
    proxy.map(|proxy| Choice {
        url: format!("http://{proxy}"),
        said_by: system.set_in.to_owned(),
    })
}

/// Whether a list excepts a host: `*` all, a name itself and what is below it (with or without a dot in
/// front), an address itself, a network its addresses (`192.0.2.0/24`).
fn is_excepted(list: &str, host: &str) -> bool {
    let host = host.trim_matches(['[', ']']).trim_end_matches('.');
    let host = host.to_ascii_lowercase();
    let address: Option<IpAddr> = host.parse().ok();
    list.split([',', ' ']).map(str::trim).any(|entry| {
        let entry = entry.trim_matches(['[', ']']).to_ascii_lowercase();
        if entry == "*" {
            return true;
        }
        let name = entry.trim_start_matches('*').trim_start_matches('.');
        if name.is_empty() {
            return false;
        }
        match address {
            Some(address) => in_network(name, address),
            None => {
                let below = host.strip_suffix(name);
                below.is_some_and(|front| front.is_empty() || front.ends_with('.'))
            }
        }
    })
}

fn in_network(entry: &str, address: IpAddr) -> bool {
    let (network, bits) = match entry.split_once('/') {
        Some((network, bits)) => (network, bits.parse::<u32>().ok()),
        None => (entry, Some(128)),
    };
    let (Ok(network), Some(bits)) = (network.parse::<IpAddr>(), bits) else {
        return false;
    };
    let kept = |all: u32| all.saturating_sub(bits);
    match (network, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) => {
            let differ = u32::from(network) ^ u32::from(address);
            differ.checked_shr(kept(32)).unwrap_or(0) == 0
        }
        (IpAddr::V6(network), IpAddr::V6(address)) => {
            let differ = u128::from(network) ^ u128::from(address);
            differ.checked_shr(kept(128)).unwrap_or(0) == 0
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(
        site: (Option<&str>, Option<&str>),
        environment: &[(&str, &str)],
        url: &str,
    ) -> Option<String> {
        let variable = |name: &str| {
            let found = environment.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let said = Said {
            proxy: site.0,
            no_proxy: site.1,
            variable: &variable,
            system: None,
        };
        let (scheme, host) = url.split_once("://").unwrap();
        let choice = choose(said, scheme == "https", host).unwrap();
        choice.map(|choice| format!("{} by {}", choice.url, choice.said_by))
    }

    const CENTRAL: &str = "https://central.example";

    #[test]
    fn the_environments_proxy_is_taken_by_scheme() {
        let all = [
            ("HTTPS_PROXY", "http://a:1"),
            ("http_proxy", "http://b:2"),
            ("ALL_PROXY", "http://c:3"),
        ];
        let by = |environment, url| chosen((None, None), environment, url);
        assert_eq!(by(&all, CENTRAL).unwrap(), "http://a:1 by HTTPS_PROXY");
        assert_eq!(
            by(&all, "http://central.example").unwrap(),
            "http://b:2 by http_proxy"
        );
        assert_eq!(by(&all[2..], CENTRAL).unwrap(), "http://c:3 by ALL_PROXY");
        assert_eq!(by(&[("HTTPS_PROXY", " ")], CENTRAL), None);
        assert_eq!(by(&[], CENTRAL), None);
        let both = [("HTTPS_PROXY", "http://a:1"), ("https_proxy", "http://d:4")];
        assert_eq!(by(&both, CENTRAL).unwrap(), "http://d:4 by https_proxy");
    }

    #[test]
    fn the_sites_own_word_wins() {
        let environment = [("HTTPS_PROXY", "http://a:1"), ("NO_PROXY", "*")];
        let by = |site| chosen(site, &environment, CENTRAL);
        assert_eq!(by((None, None)), None, "all hosts are excepted");
        assert_eq!(
            by((None, Some("other.example"))).unwrap(),
            "http://a:1 by HTTPS_PROXY"
        );
        let own = Some("http://own:8");
        assert_eq!(
            by((own, Some(""))).unwrap(),
            "http://own:8 by the site's file"
        );
        assert_eq!(by((own, Some("central.example"))), None);
        assert_eq!(by((Some("none"), Some(""))), None);
    }

    #[test]
    fn exceptions_are_names_with_what_is_below_addresses_and_networks() {
        for (list, host, excepted) in [
            ("example", "central.example", true),
            (".example", "central.example", true),
            ("*.example", "CENTRAL.example.", true),
            ("central.example", "central.example", true),
            ("entral.example", "central.example", false),
            ("a, central.example ,b", "central.example", true),
            ("*", "192.0.2.1", true),
            ("192.0.2.0/24", "192.0.2.77", true),
            ("192.0.2.0/24", "192.0.3.77", false),
            ("192.0.2.1", "192.0.2.1", true),
            ("0.0.0.0/0", "192.0.2.1", true),
            ("2", "192.0.2.2", false),
            ("2001:db8::/32", "[2001:db8::5]", true),
            ("[2001:db8::5]", "[2001:db8::5]", true),
            ("2001:db8::/32", "[2001:db9::5]", false),
            ("192.0.2.0/99999999999", "192.0.2.1", false),
            ("", "central.example", false),
            (",., *. ", "central.example", false),
        ] {
            assert_eq!(is_excepted(list, host), excepted, "{list:?} {host}");
        }
    }

    #[test]
    fn the_operating_systems_proxy_comes_last_and_with_its_own_exceptions() {
        let system = SystemProxies {
            set_in: "the settings",
            https: Some("proxy.example:3128".to_owned()),
            exceptions: vec!["*.example".to_owned()],
            ..SystemProxies::default()
        };
        let by = |no_proxy, environment: Option<&str>, host: &str| {
            let variable = |name: &str| {
                environment
                    .filter(|_| name == "HTTPS_PROXY")
                    .map(str::to_owned)
            };
            let said = Said {
                proxy: None,
                no_proxy,
                variable: &variable,
                system: Some(&system),
            };
            let choice = choose(said, true, host).unwrap();
            choice.map(|choice| format!("{} by {}", choice.url, choice.said_by))
        };
        let theirs = "http://proxy.example:3128 by the settings";
        assert_eq!(by(None, None, "central.test").unwrap(), theirs);
        assert_eq!(by(None, None, "central.example"), None);
        assert_eq!(by(Some(""), None, "central.example").unwrap(), theirs);
        assert_eq!(by(Some("central.test"), None, "central.test"), None);
        assert_eq!(
            by(None, Some("http://a:1"), "central.example").unwrap(),
            "http://a:1 by HTTPS_PROXY"
        );
    }

    #[test]
    fn a_proxy_of_another_kind_is_named_without_its_password() {
        let variable = |name: &str| {
            (name == "ALL_PROXY").then(|| "socks5://me:sentinel@proxy.example:1080".to_owned())
        };
        let said = Said {
            proxy: None,
            no_proxy: None,
            variable: &variable,
            system: None,
        };
        let error = choose(said, true, "central.example").unwrap_err();
        let shown = error.to_string();
        assert!(shown.contains("ALL_PROXY") && shown.contains("proxy.example:1080"));
        assert!(!shown.contains("sentinel"), "{shown}");
    }
}
