//! The page that begins a chat. A person with a chat under way is led to it; while the desk is closed the page says when it
//! opens, and offers a case or a call back instead (J17: never a dead end).

use domain::{
    chat::{ChatEntrance, ChatHours},
    organisations::OrganisationChoice,
};
use leptos::prelude::*;

use super::api::{StartChat, read_chat_entrance};
use crate::{
    calls::language_name,
    cases::product_choices,
    i18n::*,
    language::use_locale,
    ui::{
        Callout, Card, Choice, Form, FormState, HiddenField, Icon, Kind, LeadOn, LinkButton, Moment, PageHead,
        RadioGroup, SelectField, Sign, Submit, TextArea, Tone, loaded,
    },
};

#[component]
pub fn StartChatPage() -> impl IntoView {
    let l = use_locale();
    let entrance = Resource::new_blocking(|| (), |()| read_chat_entrance());
    view! {
        <PageHead title=td_string!(l, chat.start) />
        {loaded(entrance, |entrance: ChatEntrance| match entrance.current {
            Some(chat) => view! { <LeadOn path=format!("/chat/{chat}") /> }.into_any(),
            None => view! { <Begin choices=entrance.choices languages=entrance.languages /> }.into_any(),
        })}
    }
}

#[component]
fn Begin(choices: Vec<(OrganisationChoice, ChatHours)>, languages: Vec<String>) -> impl IntoView {
    let closed = choices.iter().find_map(|(_, hours)| match hours {
        ChatHours::Closed { opens_at } => Some(*opens_at),
        ChatHours::Open { .. } => None,
    });
    let open: Vec<_> = choices
        .into_iter()
        .filter_map(|(choice, hours)| match hours {
            ChatHours::Open { until } => Some((choice, until)),
            ChatHours::Closed { .. } => None,
        })
        .collect();
    if open.is_empty() {
        view! { <Closed opens_at=closed.flatten() /> }.into_any()
    } else {
        view! { <StartForm choices=open languages /> }.into_any()
    }
}

#[component]
fn Closed(opens_at: Option<jiff::Timestamp>) -> impl IntoView {
    let l = use_locale();
    view! {
        <Callout tone=Tone::Info>
            <p class="font-semibold">
                {match opens_at {
                    Some(at) => view! { {td_string!(l, chat.opens_at)} " " <Moment at /> }.into_any(),
                    None => td_string!(l, chat.no_hours).into_any(),
                }}
            </p>
            <p>{td_string!(l, chat.closed_lead)}</p>
        </Callout>
        <p class="door-actions">
            <LinkButton href="/cases/new"><Icon sign=Sign::Case />{td_string!(l, chat.case_instead)}</LinkButton>
            <LinkButton href="/calls/new" kind=Kind::Quiet><Icon sign=Sign::Phone />{td_string!(l, chat.call_instead)}</LinkButton>
        </p>
    }
}

#[component]
fn StartForm(choices: Vec<(OrganisationChoice, Option<jiff::Timestamp>)>, languages: Vec<String>) -> impl IntoView {
    let l = use_locale();
    let action = ServerAction::<StartChat>::new();
    let form = FormState::provide(action);
    let languages = languages.iter().map(|tag| language_name(l, tag)).collect::<Vec<_>>().join(", ");
    let until = choices.iter().filter_map(|(_, until)| *until).max();
    let choices: Vec<_> = choices.into_iter().map(|(choice, _)| choice).collect();
    let products = product_choices(&choices, td_string!(l, chat.no_product));
    view! {
        <Card>
            {until.map(|at| view! { <p class="quiet">{td_string!(l, chat.open_until)} " " <Moment at /></p> })}
            {(!languages.is_empty()).then(|| view! { <p class="quiet">{td_string!(l, chat.languages)} " " {languages}</p> })}
            <Form action=action class="form" kept=true main=true>
                {form.view(&["organisation", "product", "text"])}
                <CompanyField choices />
                <SelectField name="form[product]" label=td_string!(l, chat.product) choices=products />
                <TextArea name="form[text]" label=td_string!(l, chat.first_message) hint=td_string!(l, chat.first_hint)
                    required=true rows=5 />
                <Submit>{td_string!(l, chat.start)}</Submit>
            </Form>
        </Card>
    }
}

/// The company is prominent in the form (K5): a choice when there are several, a line of text when there is one.
#[component]
pub(crate) fn CompanyField(choices: Vec<OrganisationChoice>) -> impl IntoView {
    let l = use_locale();
    match choices.as_slice() {
        [only] => view! {
            <p class="for-company">{td_string!(l, chat.for_company)} " " <strong>{only.name.clone()}</strong></p>
            <HiddenField name="form[organisation]" value=only.id.to_string() />
        }
        .into_any(),
        several => {
            let choices =
                several.iter().map(|choice| Choice::new(choice.id.to_string(), choice.name.clone())).collect();
            view! { <RadioGroup name="form[organisation]" label=td_string!(l, chat.for_company) choices required=true /> }
                .into_any()
        }
    }
}
