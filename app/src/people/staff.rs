//! The people who work for the vendor, with their roles; the command line changes them.

use domain::people::StaffRow;
use leptos::prelude::*;

use super::words::role_text;
use crate::{
    i18n::*,
    language::use_locale,
    ui::{Address, Card, ShortMoment},
};

#[component]
pub fn Staff(staff: Vec<StaffRow>) -> impl IntoView {
    let l = use_locale();
    let rows = staff
        .into_iter()
        .map(|row| {
            let roles = row.roles.iter().map(|role| role_text(l, *role)).collect::<Vec<_>>().join(", ");
            view! {
                <tr>
                    <td class="row-title">
                        <span class="font-medium">{row.name}</span>
                        <br />
                        <span class="quiet"><Address text=row.email /></span>
                    </td>
                    <td data-label=td_string!(l, people.roles)>{roles}</td>
                    <td data-label=td_string!(l, people.last_seen)>
                        {match row.last_seen_at {
                            Some(at) => view! { <ShortMoment at /> }.into_any(),
                            None => td_string!(l, people.never).into_any(),
                        }}
                    </td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <Card title=td_string!(l, people.staff)>
            <p class="quiet">{td_string!(l, people.staff_lead)}</p>
            <table class="table cards-on-phone">
                <thead>
                    <tr>
                        <th scope="col">{td_string!(l, people.name)}</th>
                        <th scope="col">{td_string!(l, people.roles)}</th>
                        <th scope="col">{td_string!(l, people.last_seen)}</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </Card>
    }
}
