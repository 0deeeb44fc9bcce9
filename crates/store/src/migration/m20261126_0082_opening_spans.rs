//! Opening hours with any number of spans a day: `["09:00:00", "17:00:00"]` or `null` becomes `["09:00-17:00"]` or `[]`.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, FromQueryResult};
use serde_json::{Value, json};

use crate::sql::Sql;

pub struct Migration;

impl MigrationName for Migration {
    fn name(&self) -> &str {
        "m20261126_0082_opening_spans"
    }
}

#[derive(FromQueryResult)]
struct Line {
    region: String,
    hours: String,
}

/// One day as it was written before, as it is written now.
fn spans(day: &Value) -> Value {
    let minute = |time: &Value| time.as_str().and_then(|time| time.get(..5)).map(ToOwned::to_owned);
    let pair = day.as_array().and_then(|pair| Some((minute(pair.first()?)?, minute(pair.get(1)?)?)));
    pair.map_or_else(|| json!([]), |(from, to)| json!([format!("{from}-{to}")]))
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let db = manager.get_connection();
        let backend = db.get_database_backend();
        let lines = Line::find_by_statement(Sql::new(backend, "select region, hours from phone_lines").build());
        for line in lines.all(db).await? {
            let mut hours: Value =
                serde_json::from_str(&line.hours).map_err(|error| DbErr::Migration(error.to_string()))?;
            if let Some(week) = hours.get_mut("week").and_then(Value::as_array_mut) {
                week.iter_mut().for_each(|day| *day = spans(day));
            }
            let sql = Sql::new(backend, "update phone_lines set hours = ").bind(hours.to_string());
            db.execute_raw(sql.text(" where region = ").bind(line.region).build()).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_of_before_is_a_span_of_now() {
        assert_eq!(spans(&json!(["09:00:00", "17:30:00"])), json!(["09:00-17:30"]));
        assert_eq!(spans(&Value::Null), json!([]));
    }
}
