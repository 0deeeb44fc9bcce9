//! The floor: a bare axum handler with the very query of the case list and its rows written as HTML by hand. What Guichet
//! adds (sessions, policy, rendering, headers, compression) is the distance to it.
//!
//! `bench DATABASE_URL PERSON_ID ADDRESS`

use std::{fmt::Write, sync::Arc};

use axum::{Router, extract::State, response::Html, routing::get, serve::ListenerExt};
use domain::{PersonId, access::policy::case_visibility, cases::CaseFilter, clock::Clock};
use store::Db;

struct Floor {
    db: Db,
    person: PersonId,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(url), Some(person), Some(address)) = (arguments.next(), arguments.next(), arguments.next()) else {
        return Err("usage: bench DATABASE_URL PERSON_ID ADDRESS".into());
    };
    let floor = Floor { db: Db::open(&url).await?, person: person.parse()? };
    let app = Router::new().route("/cases", get(list)).with_state(Arc::new(floor));
    let listener = tokio::net::TcpListener::bind(address).await?.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, app).await?;
    Ok(())
}

async fn list(State(floor): State<Arc<Floor>>) -> Html<String> {
    match page(&floor).await {
        Ok(page) => Html(page),
        Err(error) => Html(error.to_string()),
    }
}

async fn page(floor: &Floor) -> Result<String, Box<dyn std::error::Error>> {
    let now = service::SystemClock.now();
    let actor = store::people::find_actor(&floor.db, floor.person, now).await?.ok_or("no such person")?;
    let visibility = case_visibility(&actor, now);
    let page = store::cases::list(&floor.db, &visibility, &CaseFilter::default(), floor.person, None).await?;
    let mut html = String::with_capacity(32 * 1024);
    html.push_str("<!doctype html><html lang=\"fr\"><title>Dossiers</title><table>");
    for row in page.rows {
        write!(
            html,
            "<tr><td>{}</td><td><a href=\"/cases/{}\">{}</a></td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            row.number,
            row.id,
            row.title,
            row.status.key(),
            row.priority.key(),
            row.agent.unwrap_or_default(),
            row.updated_at
        )?;
    }
    html.push_str("</table></html>");
    Ok(html)
}
