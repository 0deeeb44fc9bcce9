//! What several pages share: the button that invites people not yet invited, and the fields of a role. Which fields matter
//! depends on the role: CSS hides the others, with or without JavaScript, and the server ignores them.

use domain::{
    OrganisationId,
    access::{Reach, Role},
    cases::ProductChoice,
    people::needs_role_grant,
};
use leptos::prelude::*;

use super::{
    api::InviteWaiting,
    words::{role_hint, role_text},
};
use crate::{
    i18n::*,
    language::use_locale,
    ui::{CheckboxGroup, Choice, FormState, HiddenField, Kind, PlainForm, RadioGroup, Submit, TextField, number_text},
};

#[component]
pub fn RoleFields(
    products: Vec<ProductChoice>,
    /// Whether the viewer may give every role, or only those of users, as contract contacts may.
    every_role: bool,
) -> impl IntoView {
    let l = use_locale();
    let roles = Role::CUSTOMER
        .into_iter()
        .filter(|role| every_role || !needs_role_grant(*role))
        .map(|role| Choice::new(role.key(), role_text(l, role)).hint(role_hint(l, role)))
        .collect();
    let reaches = vec![
        Choice::new(Reach::Own.key(), td_string!(l, people.reach_own)).hint(td_string!(l, people.reach_own_hint)),
        Choice::new(Reach::Organisation.key(), td_string!(l, people.reach_organisation))
            .hint(td_string!(l, people.reach_organisation_hint)),
    ];
    let none = products.is_empty();
    let products: Vec<Choice> =
        products.into_iter().map(|product| Choice::new(product.id.to_string(), product.name)).collect();
    view! {
        <RadioGroup name="form[role]" label=td_string!(l, people.role) choices=roles required=true />
        <div class="for-products">
            <CheckboxGroup name="form[products][]" label=td_string!(l, people.products) choices=products />
            {none.then(|| view! { <p class="quiet">{td_string!(l, people.no_products)}</p> })}
        </div>
        // A contract contact sees no cases, and cannot let others see them (C21).
        {every_role.then(|| view! {
            <div class="for-users">
                <RadioGroup name="form[reach]" label=td_string!(l, people.reach) choices=reaches value=Reach::Own.key() />
            </div>
        })}
        <TextField name="form[until]" label=td_string!(l, people.last_day) kind="date" hint=td_string!(l, people.last_day_hint) />
    }
}

/// Invites the people who were not told yet; empty when there are none.
#[component]
pub fn InviteForm(organisation: OrganisationId, waiting: u64) -> impl IntoView {
    let l = use_locale();
    let action = ServerAction::<InviteWaiting>::new();
    let form = FormState::provide(action);
    let label = match waiting {
        1 => td_string!(l, people.invite_one).to_owned(),
        count => td_string!(l, people.invite_many, count = number_text(l, count)).to_string(),
    };
    view! {
        {form.view(&[])}
        {(waiting > 0).then(|| view! {
            <PlainForm path="/fn/people/invite_waiting">
                <HiddenField name="organisation" value=organisation.to_string() />
                <Submit kind=Kind::Quiet>{label}</Submit>
            </PlainForm>
        })}
    }
}
