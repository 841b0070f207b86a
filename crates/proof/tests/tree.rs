//! The Merkle tree: roots computed by an independent program, and every way to tamper with a path.

use pagetally_proof::{Hash, InclusionError, MerkleTree};
use proptest::prelude::*;

fn leaf(index: u8) -> Hash {
    Hash::of(&[&[0x00, index]])
}

fn tree(leaves: u8) -> MerkleTree {
    MerkleTree::new((0..leaves).map(leaf).collect())
}

/// Roots over the leaves SHA-256(00 00), SHA-256(00 01)..., computed with Python's hashlib by the
/// recursive definition in RFC 6962 section 2.1.
const ROOTS: [(u8, &str); 7] = [
    (
        0,
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    ),
    (
        1,
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
    ),
    (
        2,
        "a20bf9a7cc2dc8a08f5f415a71b19f6ac427bab54d24eec868b5d3103449953a",
    ),
    (
        3,
        "3b6cccd7e3e023ff393006f030315ee7ad9eb111b022b41fba7e5b7a3973f688",
    ),
    (
        5,
        "b855b42d6c30f5b087e05266783fbd6e394f7b926013ccaa67700a8b0c5a596f",
    ),
    (
        8,
        "ef7f49b620f6c7ea9b963a214da34b5021c6ded8ed57734380a311ab726aa907",
    ),
    (
        13,
        "df5ee130e5a247600d190c31074458de3c0dc58f0b0d8a6a2b3dd4fd7e569501",
    ),
];

#[test]
fn roots_are_those_of_rfc_6962() {
    for (leaves, root) in ROOTS {
        assert_eq!(tree(leaves).root().to_string(), root, "{leaves} leaves");
    }
}

#[test]
fn every_leaf_of_every_small_tree_has_a_path() {
    for leaves in 1..=40 {
        let tree = tree(leaves);
        for index in 0..leaves {
            let path = tree.path(index.into()).expect("it is in the tree");
            assert_eq!(
                path.verify(&leaf(index), &tree.root()),
                Ok(()),
                "{index} of {leaves}"
            );
        }
        assert_eq!(tree.path(leaves.into()), None);
    }
}

#[test]
fn a_changed_path_proves_nothing() {
    let tree = tree(7);
    let root = tree.root();
    for index in 0..7 {
        let path = tree.path(index.into()).expect("it is in the tree");
        assert!(
            path.verify(&leaf(index + 1), &root).is_err(),
            "another leaf"
        );
        assert!(
            path.verify(&leaf(index), &Hash::ZERO).is_err(),
            "another root"
        );
        for other in (0..9).filter(|other| *other != path.index) {
            let mut changed = path.clone();
            changed.index = other;
            assert!(
                changed.verify(&leaf(index), &root).is_err(),
                "index {other}"
            );
        }
        for at in 0..path.hashes.len() {
            let mut changed = path.clone();
            changed.hashes[at] = Hash::ZERO;
            assert!(changed.verify(&leaf(index), &root).is_err(), "sibling {at}");
            let mut shorter = path.clone();
            shorter.hashes.remove(at);
            assert!(shorter.verify(&leaf(index), &root).is_err(), "without {at}");
        }
        let mut longer = path.clone();
        longer.hashes.push(Hash::ZERO);
        assert!(
            longer.verify(&leaf(index), &root).is_err(),
            "a sibling more"
        );
    }
}

#[test]
fn a_path_for_a_leaf_beyond_the_tree_is_refused_as_such() {
    let mut path = tree(4).path(3).expect("it is in the tree");
    path.index = 4;
    assert_eq!(
        path.verify(&leaf(3), &tree(4).root()),
        Err(InclusionError::Index {
            index: 4,
            leaves: 4
        })
    );
    path.leaves = 0;
    assert!(path.verify(&leaf(3), &tree(4).root()).is_err());
}

#[test]
fn a_node_cannot_pass_for_a_leaf() {
    // The root of two leaves, offered as the only leaf of a tree.
    let root = tree(2).root();
    assert_ne!(
        MerkleTree::new(vec![Hash::of(&[&[0x00], root.as_bytes()])]).root(),
        root
    );
}

proptest! {
    #[test]
    fn paths_lead_to_the_root_in_trees_of_any_size(leaves in 1usize..600, pick in any::<prop::sample::Index>()) {
        let hashes: Vec<Hash> = (0..leaves).map(|i| Hash::of(&[&i.to_be_bytes()])).collect();
        let index = pick.index(leaves);
        let tree = MerkleTree::new(hashes.clone());
        let path = tree.path(u32::try_from(index).expect("small")).expect("in the tree");
        prop_assert_eq!(path.verify(&hashes[index], &tree.root()), Ok(()));
        let json = serde_json::to_string(&path).expect("JSON");
        prop_assert_eq!(serde_json::from_str::<pagetally_proof::InclusionPath>(&json).expect("a path"), path);
    }

    #[test]
    fn any_path_is_checked_without_a_panic(index in any::<u32>(), leaves in any::<u32>(), length in 0usize..70) {
        let path = pagetally_proof::InclusionPath { index, leaves, hashes: vec![Hash::ZERO; length] };
        prop_assert!(path.verify(&Hash::ZERO, &Hash::ZERO).is_err() || (leaves == 1 && length == 0));
    }
}
