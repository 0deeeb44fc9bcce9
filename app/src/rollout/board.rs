//! The programme manager's board: the funnel as a chart, companies against phases, page by page.

use domain::{
    ProgrammeId,
    rollout::{BoardFilter, BoardRow, Dates, FunnelCounts, Phase, ProgrammeSummary, ProgrammeTools, RolloutBoard},
};
use leptos::prelude::*;

use super::{
    api::{find_board, find_tools, list_programmes},
    programme::{EnrolForm, NewProgramme, ShiftForm},
    words::phase_badge,
};
use crate::{
    ApiError,
    failure::phase_name,
    i18n::*,
    language::use_locale,
    ui::{
        Badge, Choice, Day, Empty, HiddenField, PageHead, SearchForm, SelectField, ShortDay, ShortMoment, Sign,
        TextField, Tone, loaded, number_text, paging, provide_acts, use_query,
    },
};

/// Everything the page shows, in one resource: resources made inside a suspended view do not hydrate reliably.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
struct Shown {
    programmes: Vec<ProgrammeSummary>,
    board: Option<RolloutBoard>,
    /// `None` for readers who may not change anything.
    tools: Option<ProgrammeTools>,
}

/// What the address asks for.
#[derive(Clone, PartialEq)]
struct Asked {
    programme: Option<ProgrammeId>,
    filter: BoardFilter,
    /// Part of the name of a company to add.
    candidate: String,
}

async fn find_shown(asked: Asked) -> Result<Shown, ApiError> {
    let Asked { programme, filter, candidate } = asked;
    let programmes = list_programmes().await?;
    let board = match programme.or(programmes.last().map(|programme| programme.id)) {
        Some(programme) => Some(find_board(programme, filter).await?),
        None => None,
    };
    Ok(Shown { programmes, board, tools: find_tools(candidate).await? })
}

#[component]
pub fn BoardPage() -> impl IntoView {
    let l = use_locale();
    let acted = provide_acts();
    let query = use_query();
    let asked = Memo::new(move |_| {
        query.with(|query| {
            let get = |name| query.get(name).unwrap_or_default();
            let filter = BoardFilter { phase: get("phase"), search: get("search"), after: get("after") };
            Asked { programme: get("programme").parse().ok(), filter, candidate: get("candidate") }
        })
    });
    let shown = Resource::new_blocking(move || (asked.get(), acted.get()), |(asked, _)| find_shown(asked));
    view! {
        <PageHead title=td_string!(l, rollout.board_title) />
        {loaded(shown, move |shown: Shown| view! { <Chosen shown asked=asked.get_untracked() /> })}
    }
}

/// Picks the programme in the address, or the newest.
#[component]
fn Chosen(shown: Shown, asked: Asked) -> impl IntoView {
    let l = use_locale();
    let Some(board) = shown.board else {
        return view! {
            <Empty sign=Sign::Rollout title=td_string!(l, rollout.no_programme)><p>{td_string!(l, rollout.no_programme_hint)}</p></Empty>
            {shown.tools.map(|tools| view! { <NewProgramme products=tools.products first=true /> })}
        }
        .into_any();
    };
    let links = (shown.programmes.len() > 1).then(|| {
        let mut programmes = shown.programmes.clone();
        programmes.sort_by_cached_key(|programme| domain::text::sort_key(&programme.name));
        let links = programmes
            .iter()
            .map(|programme| {
                let href = format!("/rollout?programme={}", programme.id);
                view! { <a class="btn btn-outline" href=href>{programme.name.clone()}</a> }
            })
            .collect_view();
        view! { <nav class="page-actions" aria-label=td_string!(l, rollout.programmes)>{links}</nav> }
    });
    view! {
        {links}
        <Board board asked tools=shown.tools />
    }
    .into_any()
}

#[component]
fn Board(board: RolloutBoard, asked: Asked, tools: Option<ProgrammeTools>) -> impl IntoView {
    let l = use_locale();
    let Asked { filter, candidate, .. } = asked;
    let programme = board.programme;
    let id = programme.id;
    let pages =
        paging(&board.companies, |cursor| address(id, &BoardFilter { after: cursor.to_owned(), ..filter.clone() }));
    view! {
        <div class="board">
            <section>
                <h2>{programme.name.clone()}</h2>
                <p class="quiet">{programme.products.join(", ")} " · " {programme.contact.clone()}</p>
                <ul class="phase-days">
                    {programme.dates.iter().map(|(phase, day)| view! {
                        <li><strong>{phase_name(l, *phase)}</strong> " " <Day day=*day /></li>
                    }).collect_view()}
                </ul>
            </section>
            <Funnel funnel=board.funnel />
            <Phases phases=board.phases programme=id />
            <Filters programme=id filter />
            {if board.companies.is_empty() {
                view! { <Empty sign=Sign::Company title=td_string!(l, rollout.no_company)><p>{td_string!(l, rollout.no_company_hint)}</p></Empty> }.into_any()
            } else {
                view! { <Rows rows=board.companies.rows planned=programme.dates.clone() /> }.into_any()
            }}
            {pages}
            {tools.map(|tools| {
                let products = tools.products.clone();
                view! {
                    <EnrolForm programme=id tools candidate />
                    <ShiftForm programme=id />
                    <NewProgramme products first=false />
                }
            })}
        </div>
    }
}

fn address(programme: ProgrammeId, filter: &BoardFilter) -> String {
    let escape = leptos_router::location::Url::escape;
    format!(
        "/rollout?programme={programme}&phase={}&search={}&after={}",
        escape(&filter.phase),
        escape(&filter.search),
        escape(&filter.after)
    )
}

/// How far people and companies have come, as numbers and bars.
#[component]
fn Funnel(funnel: FunnelCounts) -> impl IntoView {
    let l = use_locale();
    let people = [
        (td_string!(l, rollout.funnel_known), funnel.known),
        (td_string!(l, rollout.funnel_invited), funnel.invited),
        (td_string!(l, rollout.funnel_activated), funnel.activated),
        (td_string!(l, rollout.funnel_signed_in), funnel.signed_in),
    ];
    let companies = [
        (td_string!(l, rollout.funnel_companies), funnel.companies),
        (td_string!(l, rollout.funnel_with_admin), funnel.with_admin),
        (td_string!(l, rollout.funnel_launched), funnel.launched),
        (td_string!(l, rollout.funnel_with_case), funnel.with_case),
    ];
    view! {
        <section aria-label=td_string!(l, rollout.funnel)>
            <ul class="funnel">{steps(l, people, funnel.known)} {steps(l, companies, funnel.companies)}</ul>
        </section>
    }
}

/// `86 %`, `86%`.
fn percent_text(l: Locale, percent: u64) -> String {
    match l {
        Locale::fr => format!("{percent}\u{a0}%"),
        Locale::en => format!("{percent}%"),
    }
}

fn steps(l: Locale, counts: [(&'static str, u64); 4], whole: u64) -> impl IntoView {
    counts
        .into_iter()
        .map(|(name, count)| {
            let percent = count * 100 / whole.max(1);
            view! {
                <li>
                    <strong>{number_text(l, count)}</strong> " " <span class="quiet">{percent_text(l, percent)}</span>
                    {bar(percent)}
                    <span class="funnel-name">{name}</span>
                </li>
            }
        })
        .collect_view()
}

fn bar(percent: u64) -> impl IntoView {
    view! {
        <svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true" focusable="false">
            <rect class="bar-back" x="0" y="0" width="100" height="8" />
            <rect class="bar-front" x="0" y="0" width=percent.min(100) height="8" />
        </svg>
    }
}

/// The number of companies in each phase, with a link to them.
#[component]
fn Phases(phases: Vec<(Phase, u64)>, programme: ProgrammeId) -> impl IntoView {
    let l = use_locale();
    let links = phases
        .into_iter()
        .map(|(phase, count)| {
            let filter = BoardFilter { phase: phase.key().to_owned(), ..Default::default() };
            view! { <li><a href=address(programme, &filter)>{phase_name(l, phase)} " " <strong>{number_text(l, count)}</strong></a></li> }
        })
        .collect_view();
    view! {
        <nav aria-label=td_string!(l, rollout.by_phase)>
            <ul class="by-phase">{links}</ul>
        </nav>
    }
}

#[component]
fn Filters(programme: ProgrammeId, filter: BoardFilter) -> impl IntoView {
    let l = use_locale();
    let phases = Phase::ALL.into_iter().map(|phase| Choice::new(phase.key(), phase_name(l, phase))).collect();
    view! {
        <SearchForm path="/rollout">
            <HiddenField name="programme" value=programme.to_string() />
            <TextField name="search" label=td_string!(l, rollout.search) kind="search" value=filter.search />
            <SelectField name="phase" label=td_string!(l, rollout.phase) choices=phases value=filter.phase placeholder=td_string!(l, rollout.all) />
        </SearchForm>
    }
}

#[component]
fn Rows(rows: Vec<BoardRow>, planned: Dates) -> impl IntoView {
    let l = use_locale();
    let body = rows.into_iter().map(|row| view! { <Row row planned=planned.clone() /> }).collect_view();
    let days =
        Phase::DATED.into_iter().map(|phase| view! { <th scope="col">{phase_name(l, phase)}</th> }).collect_view();
    view! {
        <div class="overflow-x-auto">
            <table class="table cards-on-phone board-rows">
                <thead>
                    <tr>
                        <th scope="col">{td_string!(l, rollout.company)}</th>
                        <th scope="col">{td_string!(l, rollout.phase)}</th>
                        {days}
                        <th scope="col">{td_string!(l, rollout.people)}</th>
                        <th scope="col">{td_string!(l, rollout.admins)}</th>
                    </tr>
                </thead>
                <tbody>{body}</tbody>
            </table>
        </div>
    }
}

/// A day that equals the programme's is hidden on a phone, because most companies share it.
#[component]
fn Row(row: BoardRow, planned: Dates) -> impl IntoView {
    let l = use_locale();
    let guarded = row.launch_guarded();
    let phase = row.phase;
    let cells = row
        .cells
        .into_iter()
        .map(|cell| {
            let class = if cell.phase < phase {
                "day-done"
            } else if cell.phase == phase {
                "day-now"
            } else {
                "day-ahead"
            };
            let as_planned = cell.date.is_none()
                || planned.iter().any(|(phase, day)| *phase == cell.phase && Some(*day) == cell.date);
            let place = if as_planned { "board-day board-as-planned" } else { "board-day" };
            view! {
                <td data-label=phase_name(l, cell.phase) class=place>
                    <span class=class>{match cell.date {
                        Some(day) => view! { <ShortDay day /> }.into_any(),
                        None => "–".into_any(),
                    }}</span>
                </td>
            }
        })
        .collect_view();
    view! {
        <tr>
            <td class="row-title"><a class="row-link" href=format!("/rollout/{}", row.organisation)>{row.name}</a></td>
            <td data-label=td_string!(l, rollout.phase)>
                <span>{phase_badge(l, phase)} <span class="quiet since"><ShortMoment at=row.phase_since /></span></span>
            </td>
            {cells}
            <td data-label=td_string!(l, rollout.people)>
                {td_string!(l, rollout.people_of, activated = row.activated, known = row.known).to_string()}
            </td>
            <td data-label=td_string!(l, rollout.admins)>
                {if guarded {
                    view! { <Badge tone=Tone::Warn>{td_string!(l, rollout.no_admin)}</Badge> }.into_any()
                } else {
                    format!("{}/{}", row.activated_admins, row.admins).into_any()
                }}
            </td>
        </tr>
    }
}
