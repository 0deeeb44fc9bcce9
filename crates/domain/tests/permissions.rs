//! `docs/PERMISSIONS.md` is made from the tables in code; this test holds the two equal.
//! `GUICHET_WRITE_DOCS=1 cargo test -p domain --test permissions` writes it anew.

#![expect(clippy::expect_used, reason = "a test that cannot set up has to stop")]

use std::fmt::Write;

use domain::{
    access::{Permission, Role},
    rollout::{Capability, Gate, Phase},
};

fn document() -> String {
    let mut text = String::from(
        "# Who may do what\n\nMade from `crates/domain/src/access` and `crates/domain/src/rollout/gate.rs`; a test keeps it equal. \
         Customers' roles hold in\ntheir company only, the vendor's everywhere. A role for some products reaches those products only; the reach of a \
         role\n(own cases, or the company's) stands on the grant.\n\n| Permission | What it allows | Opens in |",
    );
    for role in Role::ALL {
        write!(text, " {} |", role.key()).expect("text");
    }
    text.push_str("\n|---|---|---|");
    text.push_str(&"---|".repeat(Role::ALL.len()));
    text.push('\n');
    for permission in Permission::ALL {
        let opens = permission.capability().map_or("–", |capability| capability.opens_in().key());
        write!(text, "| `{}` | {} | {opens} |", permission.key(), permission.describe()).expect("text");
        for role in Role::ALL {
            let mark = match (role.permissions().contains(permission), role.until_launch(*permission)) {
                (true, false) => "✔",
                (true, true) => "until launch",
                (false, _) => "–",
            };
            write!(text, " {mark} |").expect("text");
        }
        text.push('\n');
    }
    text.push_str("\n# What is open in which phase\n\nA dash is closed; ↩ stays open when a launched company is set back.\n\n| Capability |");
    for phase in Phase::ALL {
        write!(text, " {} |", phase.key()).expect("text");
    }
    text.push_str("\n|---|");
    text.push_str(&"---|".repeat(Phase::ALL.len()));
    text.push('\n');
    for capability in Capability::ALL {
        write!(text, "| {} |", capability.key()).expect("text");
        for phase in Phase::ALL {
            let mark = match (
                Gate::new(phase, false, vec![]).is_open(capability),
                Gate::new(phase, true, vec![]).is_open(capability),
            ) {
                (true, _) => "✔",
                (false, true) => "↩",
                (false, false) => "–",
            };
            write!(text, " {mark} |").expect("text");
        }
        text.push('\n');
    }
    text
}

#[test]
fn the_document_says_what_the_code_does() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/PERMISSIONS.md");
    let made = document();
    if std::env::var_os("GUICHET_WRITE_DOCS").is_some() {
        std::fs::write(path, &made).expect("written");
    }
    let there = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        there == made,
        "docs/PERMISSIONS.md is not current: GUICHET_WRITE_DOCS=1 cargo test -p domain --test permissions"
    );
}
