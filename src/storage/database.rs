//! The SQL database that the core asks for.

use std::borrow::Cow;
use std::future::Future;

/// A SQL database that runs a batch of statements as one atomic transaction. A replica may answer reads, but whoever
/// reads through the same value never sees an older state than before.
pub trait Database {
    /// Runs the statements in order. Either all of them take effect or none does.
    ///
    /// # Errors
    /// [`DatabaseError`] if the database is out of reach or rejects a statement. Then nothing was written; or, if only
    /// the response was lost, everything was.
    fn batch(&self, statements: Vec<Statement>) -> impl Future<Output = Result<Vec<Outcome>, DatabaseError>>;

    /// Like [`Database::batch`], but the primary answers, for what must be the newest state. Without replicas it is the
    /// same.
    ///
    /// # Errors
    /// As [`Database::batch`].
    fn batch_at_primary(
        &self,
        statements: Vec<Statement>,
    ) -> impl Future<Output = Result<Vec<Outcome>, DatabaseError>> {
        self.batch(statements)
    }
}

/// A SQL text with its parameters.
#[derive(Debug, Clone)]
pub struct Statement {
    /// The text.
    pub sql: Cow<'static, str>,
    /// The values of `?1`, `?2` …
    pub parameters: Vec<SqlValue>,
}

impl Statement {
    /// A statement with parameters.
    pub fn new(sql: impl Into<Cow<'static, str>>, parameters: impl Into<Vec<SqlValue>>) -> Self {
        Self {
            sql: sql.into(),
            parameters: parameters.into(),
        }
    }
}

/// A value of a parameter or a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SqlValue {
    /// SQL null.
    Null,
    /// An integer of at most 53 bits.
    Integer(i64),
    /// Text.
    Text(String),
}

impl From<i64> for SqlValue {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<String> for SqlValue {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<&str> for SqlValue {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

/// What a statement did.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// The rows that it returned.
    pub rows: Vec<Row>,
    /// How many rows of tables it changed.
    pub changes: u64,
    /// How many rows of tables and indexes the platform bills as read.
    pub rows_read: u64,
    /// How many rows of tables and indexes the platform bills as written.
    pub rows_written: u64,
    /// How large the database is after it, in bytes. 0 means that it is not known.
    pub database_bytes: u64,
    /// Whether a replica answered, which may lag behind the primary.
    pub is_from_replica: bool,
}

/// A row: the values of its columns in the order of the statement.
#[derive(Debug, Clone)]
pub struct Row(pub Vec<SqlValue>);

impl Row {
    /// The text of column `index`.
    ///
    /// # Errors
    /// [`DatabaseError::Decode`] if it is not text.
    pub fn text(&self, index: usize) -> Result<&str, DatabaseError> {
        self.optional_text(index)?
            .ok_or(DatabaseError::Decode("text expected, null found"))
    }

    /// The text of column `index`. `None` means null.
    ///
    /// # Errors
    /// [`DatabaseError::Decode`] if it is neither text nor null.
    pub fn optional_text(&self, index: usize) -> Result<Option<&str>, DatabaseError> {
        match self.0.get(index) {
            Some(SqlValue::Text(text)) => Ok(Some(text)),
            Some(SqlValue::Null) => Ok(None),
            _ => Err(DatabaseError::Decode("text expected")),
        }
    }

    /// The integer of column `index`.
    ///
    /// # Errors
    /// [`DatabaseError::Decode`] if it is not an integer.
    pub fn integer(&self, index: usize) -> Result<i64, DatabaseError> {
        self.optional_integer(index)?
            .ok_or(DatabaseError::Decode("an integer expected, null found"))
    }

    /// The integer of column `index`. `None` means null.
    ///
    /// # Errors
    /// [`DatabaseError::Decode`] if it is neither an integer nor null.
    pub fn optional_integer(&self, index: usize) -> Result<Option<i64>, DatabaseError> {
        match self.0.get(index) {
            Some(SqlValue::Integer(integer)) => Ok(Some(*integer)),
            Some(SqlValue::Null) => Ok(None),
            _ => Err(DatabaseError::Decode("an integer expected")),
        }
    }
}

/// The rows of each statement of a batch, without the counts.
///
/// # Errors
/// [`DatabaseError::Decode`] if there are more or fewer outcomes than statements.
pub fn rows_of<const N: usize>(outcomes: Vec<Outcome>) -> Result<[Vec<Row>; N], DatabaseError> {
    let rows: Vec<Vec<Row>> = outcomes.into_iter().map(|outcome| outcome.rows).collect();
    rows.try_into()
        .map_err(|_| DatabaseError::Decode("there are not as many outcomes as statements"))
}

/// Why a batch failed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum DatabaseError {
    /// The database answered with an error, or not at all. The text is for the log.
    #[error("the database failed: {0}")]
    Failed(String),
    /// A later refresh has started, so the batch of this one was rolled back.
    #[error("a later refresh has taken over")]
    Overtaken,
    /// The invocation has used up the statements that the platform allows it.
    #[error("the statements of one invocation are used up")]
    Exhausted,
    /// There is more than memory can take at once: the caller that divides the work has to take less at a time.
    #[error("there is too much to be read at once")]
    TooMuch,
    /// A stored value is not what the schema promises.
    #[error("the database returned an unexpected value: {0}")]
    Decode(&'static str),
    /// A parameter cannot be written as JSON.
    #[error("a value cannot be written as JSON")]
    Encode,
}

impl DatabaseError {
    /// The error that a database's own message stands for.
    #[must_use]
    pub fn from_message(message: String) -> Self {
        // The name of the constraint that `refresh/sql/guard.sql` violates.
        if message.contains("refresh_overtaken") {
            Self::Overtaken
        } else {
            Self::Failed(message)
        }
    }
}
