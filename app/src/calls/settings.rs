//! The operator's settings of the phone lines. A region without one has no number and its chat never opens.

use domain::calls::{PhoneLineForm, PhoneLineSettings, RegionLine};
use leptos::prelude::*;

use super::{
    api::{RemovePhoneLine, SavePhoneLine, read_line_settings},
    lines::{hours_text, language_name, region_name},
};
use crate::{
    i18n::*,
    language::use_locale,
    ui::{
        Callout, Card, Empty, Fold, Form, FormState, HiddenField, Kind, LinkButton, PageHead, Sign, Submit, TextArea,
        TextField, Tone, loaded, provide_acts, refresh_on_success, short_day_text, use_query,
    },
};

const PATH: &str = "/settings/phone-lines";

#[component]
pub fn PhoneLinesPage() -> impl IntoView {
    let l = use_locale();
    let query = use_query();
    let region = Memo::new(move |_| query.with(|query| query.get("region")).unwrap_or_default());
    let acted = provide_acts();
    let settings = Resource::new_blocking(move || (acted.get(), region.get()), |_| read_line_settings());
    view! {
        <PageHead title=td_string!(l, calls.settings) />
        <p class="quiet">{td_string!(l, calls.settings_lead)}</p>
        {loaded(settings, move |settings: PhoneLineSettings| view! {
            <Lines settings region=region.get_untracked() />
        })}
    }
}

#[component]
fn Lines(settings: PhoneLineSettings, region: String) -> impl IntoView {
    let l = use_locale();
    let PhoneLineSettings { lines, missing } = settings;
    let chosen = lines.iter().find(|line| line.region == region).map(PhoneLineForm::of);
    let first = chosen.unwrap_or(PhoneLineForm { region, ..PhoneLineForm::default() });
    let none = lines.is_empty();
    view! {
        {(!missing.is_empty()).then(|| view! {
            <Callout tone=Tone::Warn>
                <p>{td_string!(l, calls.regions_missing)}</p>
                <ul>
                    {missing.into_iter().map(|region| view! {
                        <li><a class="link way" href=format!("{PATH}?region={region}")>{region_name(l, &region)}</a></li>
                    }).collect_view()}
                </ul>
            </Callout>
        })}
        {none.then(|| view! {
            <Empty sign=Sign::Phone title=td_string!(l, calls.no_lines)><p>{td_string!(l, calls.no_lines_lead)}</p></Empty>
        })}
        <ul class="task-list">
            {lines.into_iter().map(|line| view! { <Row line /> }).collect_view()}
        </ul>
        <Card title=td_string!(l, calls.set_line)><LineForm first /></Card>
    }
}

#[component]
fn Row(line: RegionLine) -> impl IntoView {
    let l = use_locale();
    let languages = line.languages.iter().map(|tag| language_name(l, tag)).collect::<Vec<_>>().join(", ");
    let holidays = line.hours.holidays.iter().map(|day| short_day_text(l, *day)).collect::<Vec<_>>().join(", ");
    view! {
        <li class="panel task">
            <div class="task-main">
                <p class="task-title">{region_name(l, &line.region)} " · " {line.number}</p>
                <p class="quiet">{languages}</p>
                <p class="quiet">{hours_text(l, &line.hours)}</p>
                {(!holidays.is_empty()).then(|| view! { <p class="quiet">{td_string!(l, calls.holidays)} " " {holidays}</p> })}
            </div>
            <div class="task-side">
                <LinkButton href=format!("{PATH}?region={}", line.region) kind=Kind::Quiet>{td_string!(l, calls.change_line)}</LinkButton>
                <RemoveForm region=line.region />
            </div>
        </li>
    }
}

#[component]
fn RemoveForm(region: String) -> impl IntoView {
    let l = use_locale();
    let action = ServerAction::<RemovePhoneLine>::new();
    let form = FormState::provide_for(action, &region);
    refresh_on_success(action);
    view! {
        <Fold summary=td_string!(l, calls.remove_line) kind=Kind::Plain>
            <Form action=action class="form">
                {form.view(&[])}
                <p>{td_string!(l, calls.remove_line_lead)}</p>
                <HiddenField name="id" value=region />
                <Submit kind=Kind::Danger>{td_string!(l, calls.remove_line_sure)}</Submit>
            </Form>
        </Fold>
    }
}

#[component]
fn LineForm(first: PhoneLineForm) -> impl IntoView {
    let l = use_locale();
    let action = ServerAction::<SavePhoneLine>::new();
    let form = FormState::provide(action);
    let about = first.region.clone();
    refresh_on_success(action);
    view! {
        <Form action=action about=about class="form">
            {form.view(&[
                "region", "number", "languages", "zone", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday",
                "sunday", "holidays",
            ])}
            <TextField name="form[region]" label=td_string!(l, calls.region) value=first.region required=true max=60
                hint=td_string!(l, calls.region_hint) />
            <TextField name="form[number]" label=td_string!(l, calls.number) value=first.number kind="tel" required=true max=40
                hint=td_string!(l, calls.phone_hint) />
            <TextField name="form[languages]" label=td_string!(l, calls.languages) value=first.languages max=200
                hint=td_string!(l, calls.languages_hint) />
            <TextField name="form[zone]" label=td_string!(l, calls.line_zone) value=first.zone required=true max=60
                hint=td_string!(l, calls.line_zone_hint) />
            <fieldset class="field">
                <legend>{td_string!(l, calls.hours)}</legend>
                <p class="field-hint">{td_string!(l, calls.hours_hint)}</p>
                <div class="choices">
                    <TextField name="form[monday]" label=td_string!(l, calls.monday) value=first.monday />
                    <TextField name="form[tuesday]" label=td_string!(l, calls.tuesday) value=first.tuesday />
                    <TextField name="form[wednesday]" label=td_string!(l, calls.wednesday) value=first.wednesday />
                    <TextField name="form[thursday]" label=td_string!(l, calls.thursday) value=first.thursday />
                    <TextField name="form[friday]" label=td_string!(l, calls.friday) value=first.friday />
                    <TextField name="form[saturday]" label=td_string!(l, calls.saturday) value=first.saturday />
                    <TextField name="form[sunday]" label=td_string!(l, calls.sunday) value=first.sunday />
                </div>
            </fieldset>
            <TextArea name="form[holidays]" label=td_string!(l, calls.holidays_label) value=first.holidays rows=4
                hint=td_string!(l, calls.holidays_hint) />
            <Submit>{td_string!(l, calls.save_line)}</Submit>
        </Form>
    }
}
