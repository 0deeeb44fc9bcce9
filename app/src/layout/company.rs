//! The company that the page is about, loudly (K5), and the way to another one of one's own: a form, so that it works without
//! JavaScript, and every page after it agrees.

use domain::OrganisationId;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::{
    i18n::*,
    language::use_locale,
    session::Viewer,
    ui::{Icon, Menu, PlainForm, Sign},
};

type Companies = Vec<(OrganisationId, String)>;

#[component]
pub fn CompanySwitch(viewer: Viewer) -> impl IntoView {
    let memberships = viewer.actor.memberships;
    let companies: Companies = memberships.into_iter().map(|own| (own.organisation, own.name)).collect();
    let here = company_of_page(companies.clone(), viewer.current);
    match companies.len() {
        0 => ().into_any(),
        1 => view! { <p class="company"><span class="company-button"><Name companies here /></span></p> }.into_any(),
        _ => view! {
            <Menu class="dropdown company" button="company-button"
                summary=view! { <Name companies=companies.clone() here /><Icon sign=Sign::Switch /> }.into_any()>
                <Choices companies here />
            </Menu>
        }
        .into_any(),
    }
}

/// The one in the address, if it is one's own, else the present one.
fn company_of_page(companies: Companies, current: Option<OrganisationId>) -> Memo<Option<OrganisationId>> {
    let query = use_query_map();
    Memo::new(move |_| {
        let named = query.with(|query| {
            ["organisation", "company"].into_iter().find_map(|name| query.get(name)?.parse::<OrganisationId>().ok())
        });
        named.filter(|named| companies.iter().any(|(id, _)| id == named)).or(current)
    })
}

#[component]
fn Name(companies: Companies, here: Memo<Option<OrganisationId>>) -> impl IntoView {
    let l = use_locale();
    let name = move || companies.iter().find(|(id, _)| here.get() == Some(*id)).map(|(_, name)| name.clone());
    view! {
        <Icon sign=Sign::Company />
        <span class="sr-only">{td_string!(l, common.company)}</span>
        <span class="company-name">{name}</span>
    }
}

#[component]
fn Choices(companies: Companies, here: Memo<Option<OrganisationId>>) -> impl IntoView {
    let l = use_locale();
    let choices = companies
        .into_iter()
        .map(|(id, name)| {
            let chosen = move || here.get() == Some(id);
            view! {
                <li>
                    <button type="submit" name="organisation" value=id.to_string() class="company-choice"
                        aria-current=move || chosen().then_some("true")>
                        <span class="company-mark">{move || chosen().then(|| view! { <Icon sign=Sign::Check /> })}</span>
                        {name}
                    </button>
                </li>
            }
        })
        .collect_view();
    view! {
        <PlainForm path="/fn/session/set_company" class="dropdown-content menu-panel company-panel">
            <p class="quiet">{td_string!(l, common.switch_company)}</p>
            <ul>{choices}</ul>
        </PlainForm>
    }
}
