//! Whole PostgreSQL databases, for tests and for moving in.

use sea_orm::{ConnectionTrait, Database};

use crate::StoreError;

/// Makes an empty database beside the one of `url` and gives back its address.
///
/// # Errors
/// When the name is not plain lower-case letters, digits and underscores, or the server refuses.
pub async fn create_database(url: &str, name: &str) -> Result<String, StoreError> {
    let plain = !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    let (server, _) = url.rsplit_once('/').ok_or_else(|| StoreError::Corrupt(url.to_owned()))?;
    if !plain {
        return Err(StoreError::Corrupt(name.to_owned()));
    }
    let db = Database::connect(url).await?;
    db.execute_unprepared(&format!("create database {name}")).await?;
    db.close().await?;
    Ok(format!("{server}/{name}"))
}
