//! The company that the page is about, shown prominently (K5), and the switch to another company of the reader: a form, so
//! that it works without JavaScript and every later page agrees.

use domain::OrganisationId;
use leptos::prelude::*;

use crate::{
    i18n::*,
    language::use_locale,
    session::Viewer,
    ui::{FrameButton, Icon, Menu, PlainForm, Sign, use_query},
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

/// The company in the address if the reader belongs to it, otherwise the present one.
fn company_of_page(companies: Companies, current: Option<OrganisationId>) -> Memo<Option<OrganisationId>> {
    let query = use_query();
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
    let name =
        Memo::new(move |_| companies.iter().find(|(id, _)| here.get() == Some(*id)).map(|(_, name)| name.clone()));
    view! {
        <Icon sign=Sign::Company />
        <span class="sr-only">{td_string!(l, common.company)}</span>
        <span class="company-name" title=name>{name}</span>
    }
}

#[component]
fn Choices(companies: Companies, here: Memo<Option<OrganisationId>>) -> impl IntoView {
    let l = use_locale();
    let choices = companies
        .into_iter()
        .map(|(id, name)| {
            let chosen = Signal::derive(move || here.get() == Some(id));
            view! {
                <li>
                    <FrameButton path="/fn/session/set_company" class="company-choice" name="organisation" value=id.to_string()
                        current=chosen>
                        <span class="company-mark">{move || chosen.get().then(|| view! { <Icon sign=Sign::Check /> })}</span>
                        {name.clone()}
                    </FrameButton>
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
