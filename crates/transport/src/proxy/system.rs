//! The proxy settings of the operating system: what they look like, and what they say of a host.
//!
//! Windows keeps those of the machine (`netsh winhttp`) and those of an account in one layout, macOS tells
//! its own through `scutil --proxy`. A script that chooses (PAC, WPAD) is run by neither of us; that there
//! is one is told to people.

use std::net::IpAddr;

/// The longest setting that is read.
#[cfg(any(windows, target_os = "macos", test))]
const MAX_BYTES: usize = 64 << 10;

/// What an operating system is set to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SystemProxies {
    /// Which settings these are, for people.
    pub(crate) set_in: &'static str,
    /// For http, `host:port`.
    pub(crate) http: Option<String>,
    /// For https, `host:port`; it is spoken to over HTTP, with CONNECT.
    pub(crate) https: Option<String>,
    /// Hosts that are reached directly, with `*` for any characters.
    pub(crate) exceptions: Vec<String>,
    /// Whether names without a dot are reached directly.
    pub(crate) except_plain_names: bool,
    /// Whether a script may name a proxy besides.
    pub(crate) script: bool,
}

impl SystemProxies {
    /// Whether there is a proxy at all.
    #[cfg(windows)]
    pub(crate) const fn names_one(&self) -> bool {
        self.http.is_some() || self.https.is_some()
    }

    /// The proxy for calls to `host`; nothing for a direct connection.
    pub(crate) fn for_host(&self, secure: bool, host: &str) -> Option<&str> {
        self.for_any_host(secure).filter(|_| !self.excepts(host))
    }

    /// The proxy for calls to any host that nothing else excepts.
    pub(crate) fn for_any_host(&self, secure: bool) -> Option<&str> {
        if secure { &self.https } else { &self.http }.as_deref()
    }

    fn excepts(&self, host: &str) -> bool {
        let host = host.trim_matches(['[', ']']).trim_end_matches('.');
        let host = host.to_ascii_lowercase();
        let plain = !host.contains('.') && host.parse::<IpAddr>().is_err();
        let mut exceptions = self.exceptions.iter();
        self.except_plain_names && plain || exceptions.any(|entry| matches(entry, &host))
    }
}

/// Whether an exception names a host: its name, an address, `*` in either, or a network
/// (`169.254/16`, `fe80::/10`).
fn matches(entry: &str, host: &str) -> bool {
    let entry = entry.split_once("://").map_or(entry, |(_, entry)| entry);
    let entry = entry.trim_matches(['[', ']']).to_ascii_lowercase();
    if let (true, Ok(address)) = (entry.contains('/'), host.parse()) {
        return super::in_network(&whole_network(&entry), address);
    }
    glob(entry.as_bytes(), host.as_bytes())
}

/// `169.254/16` is how macOS shortens `169.254.0.0/16`.
fn whole_network(entry: &str) -> String {
    match entry.split_once('/') {
        Some((address, bits)) if !address.contains(':') => {
            let missing = 3_usize.saturating_sub(address.matches('.').count());
            format!("{address}{}/{bits}", ".0".repeat(missing))
        }
        _ => entry.to_owned(),
    }
}

/// `*` stands for any bytes. One step back is enough: a later star can do all that an earlier one can.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut next, mut star) = (0, 0, None);
    while let Some(byte) = text.get(at) {
        match pattern.get(next) {
            Some(b'*') => {
                star = Some((next, at));
                next += 1;
            }
            Some(wanted) if wanted == byte => {
                at += 1;
                next += 1;
            }
            _ => {
                let Some((place, taken)) = star else {
                    return false;
                };
                star = Some((place, taken + 1));
                (at, next) = (taken + 1, place + 1);
            }
        }
    }
    pattern.iter().skip(next).all(|byte| *byte == b'*')
}

/// Reads Windows' connection settings (`WinHttpSettings` of the machine, `DefaultConnectionSettings` of an
/// account): version, counter and flags, then the proxies and the exceptions, each behind its length, all
/// little-endian. Nothing for other bytes.
#[cfg(any(windows, test))]
pub(crate) fn connection_settings(bytes: &[u8], set_in: &'static str) -> Option<SystemProxies> {
    const PROXY: u32 = 2;
    const SCRIPT: u32 = 4 | 8;
    let mut rest = bytes.get(..bytes.len().min(MAX_BYTES))?;
    let (_version, _counter, flags) = (word(&mut rest)?, word(&mut rest)?, word(&mut rest)?);
    let (proxies, exceptions) = (text(&mut rest)?, text(&mut rest)?);
    let script = flags & SCRIPT != 0;
    let mut read = SystemProxies {
        set_in,
        script,
        ..SystemProxies::default()
    };
    if flags & PROXY != 0 {
        for entry in list(&proxies) {
            match entry.split_once('=') {
                None => (read.http, read.https) = (Some(entry.to_owned()), Some(entry.to_owned())),
                Some(("http", proxy)) => read.http = Some(proxy.to_owned()),
                Some(("https", proxy)) => read.https = Some(proxy.to_owned()),
                Some(_) => {}
            }
        }
        for entry in list(&exceptions) {
            match entry {
                "<local>" => read.except_plain_names = true,
                entry => read.exceptions.push(entry.to_owned()),
            }
        }
    }
    Some(read)
}

#[cfg(any(windows, test))]
fn list(text: &str) -> impl Iterator<Item = &str> {
    let parts = text.split([';', ' ', '\r', '\n', '\t']).map(str::trim);
    parts.filter(|part| !part.is_empty())
}

#[cfg(any(windows, test))]
fn word(rest: &mut &[u8]) -> Option<u32> {
    let (head, tail) = rest.split_first_chunk()?;
    *rest = tail;
    Some(u32::from_le_bytes(*head))
}

#[cfg(any(windows, test))]
fn text(rest: &mut &[u8]) -> Option<String> {
    let length = usize::try_from(word(rest)?).ok()?;
    let (head, tail) = rest.split_at_checked(length)?;
    *rest = tail;
    Some(String::from_utf8_lossy(head).to_ascii_lowercase())
}

/// Reads what `scutil --proxy` prints on macOS: a dictionary with a line for each key, and the exceptions as
/// an array in it.
#[cfg(any(target_os = "macos", test))]
pub(crate) fn scutil(printed: &str, set_in: &'static str) -> SystemProxies {
    let printed = printed.get(..MAX_BYTES).unwrap_or(printed);
    let pairs = || printed.lines().filter_map(|line| line.split_once(" : "));
    let value = |key: &str| {
        let found = pairs().find(|(name, _)| name.trim() == key);
        found.map(|(_, value)| value.trim())
    };
    let is_on = |key: &str| value(key) == Some("1");
    let proxy = |kind: &str| {
        let host = value(&format!("{kind}Proxy"))
            .filter(|host| is_on(&format!("{kind}Enable")) && !host.is_empty())?;
        let port = value(&format!("{kind}Port")).unwrap_or("80");
        let host = if host.contains(':') {
            format!("[{host}]")
        } else {
            host.to_owned()
        };
        Some(format!("{host}:{port}"))
    };
    let exceptions = pairs().filter(|(name, _)| {
        let name = name.trim();
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit())
    });
    SystemProxies {
        set_in,
        http: proxy("HTTP"),
        https: proxy("HTTPS"),
        exceptions: exceptions
            .map(|(_, value)| value.trim().to_owned())
            .collect(),
        except_plain_names: is_on("ExcludeSimpleHostnames"),
        script: is_on("ProxyAutoConfigEnable") || is_on("ProxyAutoDiscoveryEnable"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HERE: &str = "the settings";

    /// The bytes that Windows keeps.
    fn settings(flags: u32, proxies: &str, exceptions: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        for number in [0x46, 7, flags] {
            bytes.extend_from_slice(&u32::to_le_bytes(number));
        }
        for text in [proxies, exceptions, ""] {
            let length = u32::try_from(text.len()).unwrap();
            bytes.extend_from_slice(&length.to_le_bytes());
            bytes.extend_from_slice(text.as_bytes());
        }
        bytes.extend_from_slice(&[0; 32]);
        bytes
    }

    fn of(flags: u32, proxies: &str, exceptions: &str) -> SystemProxies {
        connection_settings(&settings(flags, proxies, exceptions), HERE).unwrap()
    }

    #[test]
    fn windows_names_one_proxy_for_all_or_one_for_each_scheme() {
        let one = of(3, "Proxy.example:3128", "");
        assert_eq!(
            one.for_host(true, "central.example"),
            Some("proxy.example:3128")
        );
        assert_eq!(
            one.for_host(false, "central.example"),
            Some("proxy.example:3128")
        );
        let each = of(3, "http=a:1;https=b:2;ftp=c:3;socks=d:4", "");
        assert_eq!(each.for_host(true, "central.example"), Some("b:2"));
        assert_eq!(each.for_host(false, "central.example"), Some("a:1"));
        let other = of(3, "socks=d:4", "");
        assert_eq!(other.for_host(true, "central.example"), None);
    }

    #[test]
    fn windows_proxy_that_is_switched_off_is_none_and_a_script_is_told() {
        assert_eq!(of(1, "a:1", "").for_host(true, "central.example"), None);
        assert!(!of(3, "a:1", "").script);
        assert!(of(5, "", "").script && of(9, "", "").script);
    }

    #[test]
    fn windows_exceptions_are_names_addresses_and_stars() {
        let set = of(
            3,
            "a:1",
            "*.example.com;192.168.*; central*.test;<LOCAL>;https://only.example",
        );
        for (host, direct) in [
            ("x.example.com", true),
            ("example.com", false),
            ("192.168.7.9", true),
            ("192.169.7.9", false),
            ("Central-2.test.", true),
            ("intranet", true),
            ("only.example", true),
            ("not.only.example", false),
            ("[2001:db8::1]", false),
        ] {
            assert_eq!(set.for_host(true, host).is_none(), direct, "{host}");
        }
    }

    #[test]
    fn settings_that_are_cut_or_lie_of_their_length_are_none() {
        let whole = settings(3, "a:1", "b");
        for length in 0..12 + 4 + 3 + 4 + 1 {
            assert_eq!(
                connection_settings(&whole[..length], HERE),
                None,
                "{length}"
            );
        }
        let mut lie = whole;
        lie[12..16].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(connection_settings(&lie, HERE), None);
    }

    const PRINTED: &str = "<dictionary> {
  ExceptionsList : <array> {
    0 : *.local
    1 : 169.254/16
    2 : fe80::/10
  }
  ExcludeSimpleHostnames : 1
  FTPPassive : 1
  HTTPEnable : 0
  HTTPPort : 8080
  HTTPProxy : old.example
  HTTPSEnable : 1
  HTTPSPort : 3128
  HTTPSProxy : proxy.example
  ProxyAutoConfigEnable : 0
}
";

    #[test]
    fn macos_names_a_proxy_for_each_scheme_and_what_is_excepted() {
        let set = scutil(PRINTED, HERE);
        assert_eq!(
            set.for_host(true, "central.example"),
            Some("proxy.example:3128")
        );
        assert_eq!(
            set.for_host(false, "central.example"),
            None,
            "it is switched off"
        );
        for host in ["printer.local", "169.254.7.7", "fe80::1", "intranet"] {
            assert_eq!(set.for_host(true, host), None, "{host}");
        }
        assert!(set.for_host(true, "169.255.0.1").is_some());
        assert!(!set.script);
        let script = PRINTED.replace("ProxyAutoConfigEnable : 0", "ProxyAutoConfigEnable : 1");
        assert!(scutil(&script, HERE).script);
        assert_eq!(
            scutil("<dictionary> {\n}\n", HERE).for_host(true, "x.y"),
            None
        );
    }

    proptest! {
        #[test]
        fn no_settings_panic(bytes: Vec<u8>, printed in "\\PC{0,200}", host in "\\PC{0,30}") {
            let _ = connection_settings(&bytes, HERE).map(|set| set.for_host(true, &host).is_some());
            let _ = scutil(&printed, HERE).for_host(true, &host);
        }

        #[test]
        fn a_pattern_of_stars_fits_what_its_parts_were_cut_from(text in "[ab.]{0,20}", cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..4)) {
            let mut pattern: Vec<u8> = text.bytes().collect();
            for cut in cuts {
                let at = cut.index(pattern.len() + 1);
                pattern.insert(at, b'*');
            }
            prop_assert!(glob(&pattern, text.as_bytes()));
        }
    }
}
