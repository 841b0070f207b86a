//! Makers of whose own objects nothing is public: the standard tables alone.

use super::super::Identity;
use super::super::spec::Spec;
use super::Words;

pub(super) fn dress(spec: &Spec, who: &Identity) -> Words {
    let name = format!("{} {}", spec.maker, spec.model);
    Words::new(name.clone(), name, who)
}
