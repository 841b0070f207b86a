//! What a device is called is nobody's secret.

use pagetally_model::Text;

/// Words that are no private datum even where somebody called his printer so.
const COMMON: &[&str] = &[
    "printer",
    "laser",
    "laserjet",
    "color",
    "colour",
    "toner",
    "office",
    "default",
    "public",
    "private",
    "localhost",
    "admin",
    "administrator",
    "network",
    "ethernet",
    "black",
    "copier",
    "scanner",
    "system",
    "device",
    "tray",
    "paper",
    "ready",
    "english",
    "total",
    "internal",
];

/// The names of a device's make.
#[derive(Clone, Debug, Default)]
pub(crate) struct Public {
    /// In lower case.
    names: Vec<String>,
}

impl Public {
    /// Maker and model, as far as they are known.
    pub(crate) fn new(names: [&Option<Text>; 2]) -> Self {
        let lower = |text: &Text| text.as_str().to_ascii_lowercase();
        Self {
            names: names.into_iter().flatten().map(lower).collect(),
        }
    }

    /// Whether it is a word that no name is made of alone.
    pub(crate) fn is_common(word: &str) -> bool {
        COMMON.contains(&word)
    }

    /// Whether a text only says what the device is, or nothing.
    pub(crate) fn says(&self, text: &str) -> bool {
        let text = text.trim().to_ascii_lowercase();
        let says = |part: &str| self.names.iter().any(|public| public.contains(part));
        let mut words = text.split(|c: char| !c.is_alphanumeric());
        says(&text) || words.all(|word| says(word) || COMMON.contains(&word))
    }
}
