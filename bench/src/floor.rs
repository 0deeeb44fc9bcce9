//! The floor: a bare axum handler that asks the one query of the case list and writes the bytes of its page by hand: the
//! frame as it stands, the rows, and their data for hydration. What Guichet adds (sessions, policy, rendering, security
//! headers, compression, a line in the log) is the distance to it.

use std::{fmt::Write, sync::Arc};

use axum::{Router, extract::State, response::Html, routing::get, serve::ListenerExt};
use domain::{
    PersonId,
    access::{CaseVisibility, policy::case_visibility},
    cases::CaseFilter,
    clock::Clock,
};
use store::Db;

struct Floor {
    db: Db,
    person: PersonId,
    visibility: CaseVisibility,
    /// What stands before the rows, between them and their data, and after those.
    frame: [String; 3],
}

/// Serves until it is killed. `page` is a file with the page as Guichet serves it to `person`.
pub async fn serve(url: &str, person: &str, page: &str, address: &str) -> Result<(), Box<dyn std::error::Error>> {
    let (db, person) = (Db::open(url).await?, person.parse()?);
    let now = service::SystemClock.now();
    let actor = store::people::find_actor(&db, person, now).await?.ok_or("no such person")?;
    let page = std::fs::read_to_string(page)?;
    let frame = frame(&page).ok_or("this is no page with cases")?;
    let floor = Floor { visibility: case_visibility(&actor, now), db, person, frame };
    let app = Router::new().route("/cases", get(list)).with_state(Arc::new(floor));
    let listener = tokio::net::TcpListener::bind(address).await?.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    axum::serve(listener, app).await?;
    Ok(())
}

fn frame(page: &str) -> Option<[String; 3]> {
    let (before, rest) = page.split_once("<tbody>")?;
    let (_, rest) = rest.split_once("</tbody>")?;
    let (between, rest) = rest.split_once("\"{\\\"Ok\\\":{\\\"rows\\\":")?;
    let (_, after) = rest.split_once("\";")?;
    Some([format!("{before}<tbody>"), format!("</tbody>{between}"), format!(";{after}")])
}

async fn list(State(floor): State<Arc<Floor>>) -> Html<String> {
    match page(&floor).await {
        Ok(page) => Html(page),
        Err(error) => Html(error.to_string()),
    }
}

async fn page(floor: &Floor) -> Result<String, Box<dyn std::error::Error>> {
    let page = store::cases::list(&floor.db, &floor.visibility, &CaseFilter::default(), floor.person, None).await?;
    let [before, between, after] = &floor.frame;
    let mut html = String::with_capacity(64 * 1024);
    html.push_str(before);
    for row in &page.rows {
        write!(
            html,
            "<tr><td data-label=\"Numéro\" class=\"nowrap\"><span>{}</span></td><td data-label=\"Titre\" class=\"row-title\">\
             <a href=\"/cases/{}\" class=\"row-link\">{}</a><span class=\"quiet\">{} · {}</span></td><td data-label=\"État\">\
             <span class=\"badge badge-soft badge-info\">{}</span></td><td data-label=\"Priorité\">\
             <span class=\"badge badge-ghost\">{}</span></td><td data-label=\"Agent\">{}</td><td data-label=\"Mis à jour\">\
             <time datetime=\"{}\">{}</time></td></tr>",
            row.number,
            row.id,
            row.title,
            row.product.as_deref().unwrap_or_default(),
            row.requestor,
            row.status.key(),
            row.priority.key(),
            row.agent.as_deref().unwrap_or("–"),
            row.updated_at,
            row.updated_at
        )?;
    }
    html.push_str(between);
    html.push_str(&serde_json::to_string(&serde_json::to_string(&page)?)?);
    html.push_str(after);
    Ok(html)
}
