//! Groups, lists and tokens.

use std::collections::BTreeMap;

use crate::fleet::EndpointName;
use crate::fleet::enrolment::Role;
use crate::registry::{Registry, RegistryError, Scope, token_hash};

use super::world::{Foretold, on_both_engines, policy};

fn name(text: &str) -> EndpointName {
    EndpointName::new(text).unwrap()
}

fn declare(registry: &Registry, groups: &[&str]) {
    let groups: BTreeMap<_, _> = groups.iter().map(|id| ((*id).to_owned(), policy())).collect();
    registry.declare_groups("operator ann", &groups).unwrap();
}

#[test]
fn groups_follow_the_fleet_file() {
    on_both_engines(|registry| {
        declare(registry, &["east", "west"]);
        let mut wanted = BTreeMap::from([("east".to_owned(), policy())]);
        wanted.get_mut("east").unwrap().quota = Some(5);
        let declared = registry.declare_groups("operator ann", &wanted).unwrap();
        assert_eq!((declared.changed.concat(), declared.withdrawn.concat()), ("east".to_owned(), "west".to_owned()));
        let west = registry.group("west").unwrap().unwrap();
        assert!(!west.declared && !west.policy.open && west.etag == 2, "{west:?}");
        assert_eq!(registry.declare_groups("operator ann", &wanted).unwrap(), crate::registry::Declared::default());
        assert_eq!(registry.groups("", 9).unwrap().len(), 2);
        assert_eq!(registry.groups("east", 9).unwrap(), [west]);
        assert_eq!(registry.group_usage("east").unwrap().quota, Some(5));
        assert!(matches!(registry.group_usage("north"), Err(RegistryError::NotFound { .. })));
    });
}

#[test]
fn a_block_is_found_under_every_spelling_until_it_is_lifted() {
    on_both_engines(|registry| {
        registry.block("operator ann", &name("Press-1"), "stolen").unwrap();
        registry.block("operator ann", &name("press-2"), "lost").unwrap();
        assert_eq!(registry.blocked(&name("PRESS-1")).unwrap().unwrap().reason, "stolen");
        assert_eq!(registry.block_list("press-1", 9).unwrap()[0].device, "press-2");
        registry.unblock("operator ann", &name("press-1")).unwrap();
        assert_eq!(registry.blocked(&name("press-1")).unwrap(), None);
        assert!(matches!(registry.unblock("ann", &name("press-1")), Err(RegistryError::NotFound { .. })));
        assert!(registry.block("operator ann", &name("press-3"), "a\0b").is_err(), "PostgreSQL cannot store it");
    });
}

#[test]
fn a_token_is_found_by_its_digest_and_ends_when_it_is_revoked() {
    on_both_engines(|registry| {
        declare(registry, &["east"]);
        let scope = Scope::Group("east".to_owned());
        let (secret, token) = registry.make_token("operator ann", &scope, Some(2), None, &Foretold).unwrap();
        assert!(secret.expose(|text| text.starts_with(b"flt_") && text.len() == 47));
        let hash = secret.expose(token_hash);
        assert_eq!(registry.find_token(&hash).unwrap().unwrap(), token);
        assert!(token.is_good(registry.now()));
        let (admin, _) = registry.make_token("operator ann", &Scope::Role(Role::Admin), None, None, &Foretold).unwrap();
        assert!(admin.expose(|text| text.starts_with(b"fla_")));
        assert_eq!(registry.tokens("", 9).unwrap().len(), 2);
        registry.revoke_token("operator ann", &token.id).unwrap();
        assert!(!registry.find_token(&hash).unwrap().unwrap().is_good(registry.now()));
        assert_eq!(registry.find_token(&[0; 32]).unwrap(), None);
    });
}

#[test]
fn a_token_that_could_never_be_used_is_not_made() {
    on_both_engines(|registry| {
        declare(registry, &["east"]);
        let make = |scope: Scope, uses, expires| registry.make_token("ann", &scope, uses, expires, &Foretold).err();
        let east = || Scope::Group("east".to_owned());
        assert!(matches!(make(east(), Some(0), None), Some(RegistryError::Refused { .. })));
        assert!(matches!(make(east(), None, Some(registry.now())), Some(RegistryError::Refused { .. })));
        assert!(matches!(make(Scope::Group("n".into()), None, None), Some(RegistryError::NotFound { .. })));
        assert!(registry.tokens("", 9).unwrap().is_empty());
    });
}
