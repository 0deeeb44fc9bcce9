//! Fields that the form of a new person and the form of a role share. Which of them matter depends on the role: CSS hides
//! the others, with or without JavaScript, and the server ignores them.

use domain::{
    access::{Reach, Role},
    cases::ProductChoice,
    people::needs_role_grant,
};
use leptos::prelude::*;

use super::words::{role_hint, role_text};
use crate::{
    i18n::*,
    language::use_locale,
    ui::{CheckboxGroup, Choice, RadioGroup},
};

#[component]
pub fn RoleFields(
    products: Vec<ProductChoice>,
    /// Whether the viewer gives every role, or only those of users (contract contacts).
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
        <div class="for-users">
            <RadioGroup name="form[reach]" label=td_string!(l, people.reach) choices=reaches value=Reach::Own.key() />
        </div>
    }
}
