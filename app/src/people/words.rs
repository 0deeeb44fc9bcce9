//! Roles, states and reasons in words.

use domain::{
    OrganisationId,
    access::{Permission, Place, Reach, Role, policy},
    contracts::AdminReason,
    people::MembershipState,
    rollout::Gate,
};
use leptos::prelude::*;

use crate::{
    i18n::*,
    session::Viewer,
    ui::{Badge, Tone},
};

pub fn role_text(l: Locale, role: Role) -> &'static str {
    match role {
        Role::SupportSystemAdmin => td_string!(l, people.role_support_system_admin),
        Role::ContractContact => td_string!(l, people.role_contract_contact),
        Role::SupportUser => td_string!(l, people.role_support_user),
        Role::ProductSupportUser => td_string!(l, people.role_product_support_user),
        Role::Agent => td_string!(l, people.role_agent),
        Role::Lead => td_string!(l, people.role_lead),
        Role::ProgrammeManager => td_string!(l, people.role_programme_manager),
        Role::Operator => td_string!(l, people.role_operator),
    }
}

/// Says what a customer's role is for; empty for the vendor's roles.
pub fn role_hint(l: Locale, role: Role) -> &'static str {
    match role {
        Role::SupportSystemAdmin => td_string!(l, people.hint_support_system_admin),
        Role::ContractContact => td_string!(l, people.hint_contract_contact),
        Role::SupportUser => td_string!(l, people.hint_support_user),
        Role::ProductSupportUser => td_string!(l, people.hint_product_support_user),
        Role::Agent | Role::Lead | Role::ProgrammeManager | Role::Operator => "",
    }
}

pub fn reach_text(l: Locale, reach: Reach) -> &'static str {
    match reach {
        Reach::Own => td_string!(l, people.reach_own),
        Reach::Organisation => td_string!(l, people.reach_organisation),
    }
}

pub fn state_badge(l: Locale, state: MembershipState) -> impl IntoView {
    let (tone, text) = match state {
        MembershipState::Known => (Tone::Plain, td_string!(l, people.state_known)),
        MembershipState::Invited => (Tone::Info, td_string!(l, people.state_invited)),
        MembershipState::Active => (Tone::Good, td_string!(l, people.state_active)),
        MembershipState::Removed => (Tone::Bad, td_string!(l, people.state_removed)),
    };
    view! { <Badge tone>{text}</Badge> }
}

/// Says why a person was made an administrator (R15).
pub fn reason_text(l: Locale, reason: &AdminReason) -> String {
    match reason {
        AdminReason::KnownAdmin { record } if record.is_empty() => td_string!(l, people.reason_in_records).to_owned(),
        AdminReason::KnownAdmin { record } => td_string!(l, people.reason_known, record = record.clone()).to_string(),
        AdminReason::DeploymentContact { contract, product } => {
            td_string!(l, people.reason_contact, contract = contract.clone(), product = product.clone()).to_string()
        }
    }
}

/// Whether the viewer may act in a company; the server decides again with the same code.
pub fn may(viewer: &Viewer, permission: Permission, organisation: OrganisationId) -> bool {
    let gate = viewer.actor.membership(organisation).map_or_else(Gate::open, |membership| membership.gate.clone());
    policy::authorize(&viewer.actor, permission, &Place::organisation(organisation, gate), viewer.now).is_ok()
}
