//! The database port on top of SQLite, with the same migrations as D1, and with faults on request.

use conversation_monitor::storage::database::{Database, DatabaseError, Outcome, Row, SqlValue, Statement};
use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, ToSql};
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Where a database stops answering for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// In the middle of a batch: this many statements run, then the batch of the next one is rolled back.
    AfterStatements(u64),
    /// After the commit of a batch: this many batches are committed, and the answer of the last one is lost.
    AfterBatches(u64),
}

/// D1's limit. Locally, workerd takes longer values.
const VALUE_BYTES_MAX: i32 = 2_000_000;

thread_local! {
    /// Connections to databases that have all migrations and nothing else, each in a transaction. They keep their
    /// prepared statements: to prepare them again would take most of the time of the tests.
    static POOL: RefCell<Vec<Connection>> = RefCell::default();
}

pub struct Sqlite {
    connection: RefCell<Connection>,
    /// Whether the connection is one of the pool.
    is_pooled: bool,
    fault: Cell<Option<Fault>>,
    statements: Cell<u64>,
    batches: Cell<u64>,
    /// A statement with a parameter that contains this text fails, and so does its batch.
    poison: RefCell<Option<String>>,
    texts: RefCell<BTreeSet<String>>,
}

impl Default for Sqlite {
    /// A database with all migrations.
    fn default() -> Self {
        if let Some(connection) = POOL.with_borrow_mut(Vec::pop) {
            return Self::on(connection, true);
        }
        let mut database = Self::before("9999");
        database.execute("BEGIN");
        database.is_pooled = true;
        database
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        if self.is_pooled {
            self.execute("ROLLBACK; BEGIN");
            let connection = self.connection.replace(Connection::open_in_memory().unwrap());
            POOL.with_borrow_mut(|pool| pool.push(connection));
        }
    }
}

impl Sqlite {
    /// A database with the migrations before the one whose name begins with `number`.
    pub fn before(number: &str) -> Self {
        let connection = Connection::open_in_memory().unwrap();
        connection.set_prepared_statement_cache_capacity(200);
        connection
            .set_limit(Limit::SQLITE_LIMIT_LENGTH, VALUE_BYTES_MAX)
            .unwrap();
        let database = Self::on(connection, false);
        database.migrate(|name| name < number);
        database
    }

    fn on(connection: Connection, is_pooled: bool) -> Self {
        Self {
            connection: RefCell::new(connection),
            is_pooled,
            fault: Cell::new(None),
            statements: Cell::new(0),
            batches: Cell::new(0),
            poison: RefCell::new(None),
            texts: RefCell::default(),
        }
    }

    /// Runs the migrations from the one whose name begins with `number` on.
    pub fn migrate_from(&self, number: &str) {
        self.migrate(|name| name >= number);
    }

    /// Runs the migration whose name begins with `number`.
    pub fn migrate_only(&self, number: &str) {
        self.migrate(|name| name.starts_with(number));
    }

    fn migrate(&self, is_wanted: impl Fn(&str) -> bool) {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations");
        let mut files: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|file| is_wanted(file.file_name().unwrap().to_str().unwrap()))
            .collect();
        files.sort();
        for file in files {
            self.execute(&std::fs::read_to_string(file).unwrap());
        }
    }

    /// From now on the database stops as `fault` says. `None` means that it works again.
    pub fn set_fault(&self, fault: Option<Fault>) {
        self.fault.set(fault);
        self.statements.set(0);
        self.batches.set(0);
    }

    /// From now on batches with a parameter that contains `text` fail.
    pub fn set_poison(&self, text: Option<&str>) {
        *self.poison.borrow_mut() = text.map(str::to_owned);
    }

    /// Statements and batches since the fault was set.
    pub fn counts(&self) -> (u64, u64) {
        (self.statements.get(), self.batches.get())
    }

    /// The texts of all statements so far.
    pub fn texts(&self) -> BTreeSet<String> {
        self.texts.borrow().clone()
    }

    /// Runs a query that is not counted. Values are returned as text.
    pub fn query(&self, sql: &str) -> Vec<Vec<String>> {
        self.query_with(sql, &[])
    }

    /// The same with parameters.
    pub fn query_with(&self, sql: &str, parameters: &[&str]) -> Vec<Vec<String>> {
        let connection = self.connection.borrow();
        let mut statement = connection.prepare_cached(sql).unwrap();
        let columns = statement.column_count();
        let rows = statement.query_map(rusqlite::params_from_iter(parameters), |row| {
            (0..columns)
                .map(|index| {
                    Ok(match row.get_ref(index)? {
                        ValueRef::Null => "null".to_owned(),
                        ValueRef::Integer(integer) => integer.to_string(),
                        ValueRef::Text(text) => String::from_utf8(text.to_vec()).unwrap(),
                        other => format!("{other:?}"),
                    })
                })
                .collect()
        });
        rows.unwrap().map(Result::unwrap).collect()
    }

    /// The names of the columns of a statement's rows.
    pub fn columns(&self, sql: &str) -> Vec<String> {
        let connection = self.connection.borrow();
        let statement = connection.prepare(sql).unwrap();
        column_names(&statement)
    }

    /// The steps of a statement's plan. Its parameters stay unbound.
    pub fn plan(&self, sql: &str) -> Vec<String> {
        let connection = self.connection.borrow();
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let mut rows = statement.raw_query();
        let mut steps = Vec::new();
        while let Some(row) = rows.next().unwrap() {
            steps.push(row.get(3).unwrap());
        }
        steps
    }

    /// Runs statements that are not counted.
    pub fn execute(&self, sql: &str) {
        self.connection.borrow().execute_batch(sql).unwrap();
    }

    fn run(&self, statements: &[Statement]) -> Result<Vec<Outcome>, DatabaseError> {
        let lost = || DatabaseError::Failed("out of reach".to_owned());
        if let Some(Fault::AfterBatches(batches)) = self.fault.get()
            && self.batches.get() >= batches
        {
            return Err(lost());
        }
        let mut connection = self.connection.borrow_mut();
        let transaction = connection.savepoint().unwrap();
        let mut outcomes = Vec::new();
        for statement in statements {
            if let Some(Fault::AfterStatements(limit)) = self.fault.get()
                && self.statements.get() >= limit
            {
                return Err(lost());
            }
            self.statements.set(self.statements.get() + 1);
            if !self.texts.borrow().contains(&*statement.sql) {
                let prepared = transaction.prepare_cached(&statement.sql);
                let columns = prepared.map(|prepared| column_names(&prepared)).unwrap_or_default();
                assert_can_be_members(&statement.sql, &columns);
                self.texts.borrow_mut().insert(statement.sql.to_string());
            }
            if let Some(poison) = self.poison.borrow().as_deref() {
                let is_poisoned = |value: &SqlValue| matches!(value, SqlValue::Text(text) if text.contains(poison));
                if statement.parameters.iter().any(is_poisoned) {
                    return Err(DatabaseError::Failed("poisoned".to_owned()));
                }
            }
            let outcome = run_statement(&transaction, statement)
                .map_err(|error| DatabaseError::from_message(error.to_string()))?;
            outcomes.push(outcome);
        }
        transaction.commit().unwrap();
        self.batches.set(self.batches.get() + 1);
        match self.fault.get() {
            Some(Fault::AfterBatches(batches)) if self.batches.get() >= batches => Err(lost()),
            _ => Ok(outcomes),
        }
    }
}

impl Database for Sqlite {
    async fn batch(&self, statements: Vec<Statement>) -> Result<Vec<Outcome>, DatabaseError> {
        // The only point at which another task can run.
        YieldOnce(false).await;
        self.run(&statements)
    }
}

struct YieldOnce(bool);

impl Future for YieldOnce {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.0 {
            return Poll::Ready(());
        }
        self.0 = true;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

fn run_statement(connection: &Connection, statement: &Statement) -> rusqlite::Result<Outcome> {
    let before = connection.total_changes();
    let mut prepared = connection.prepare_cached(&statement.sql)?;
    let columns = prepared.column_count();
    let mut rows = Vec::new();
    let mut cursor = prepared.query(rusqlite::params_from_iter(statement.parameters.iter().map(Parameter)))?;
    while let Some(row) = cursor.next()? {
        let values = (0..columns).map(|index| {
            Ok(match row.get_ref(index)? {
                ValueRef::Null => SqlValue::Null,
                ValueRef::Integer(integer) => SqlValue::Integer(integer),
                ValueRef::Real(real) => SqlValue::Integer(real as i64),
                ValueRef::Text(text) => SqlValue::Text(String::from_utf8_lossy(text).into_owned()),
                ValueRef::Blob(_) => SqlValue::Null,
            })
        });
        rows.push(Row(values.collect::<rusqlite::Result<_>>()?));
    }
    drop(cursor);
    drop(prepared);
    Ok(Outcome {
        rows,
        changes: connection.total_changes() - before,
        rows_read: 0,
        rows_written: 0,
        database_bytes: connection
            .prepare_cached("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")?
            .query_row([], |row| row.get::<_, i64>(0))? as u64,
        is_from_replica: false,
    })
}

fn column_names(statement: &rusqlite::Statement<'_>) -> Vec<String> {
    statement.column_names().map(str::to_owned).collect()
}

/// Checks that a row can be an object with a member for each column, in their order, as D1 returns it. JavaScript
/// merges members of one name, and puts those first whose names are integers.
pub fn assert_can_be_members(sql: &str, columns: &[String]) {
    let mut names = BTreeSet::new();
    for name in columns {
        assert!(names.insert(name), "two columns are called {name}: {sql}");
        assert!(name.parse::<u64>().is_err(), "a column is called {name}: {sql}");
    }
}

/// A parameter as D1 binds it: every number is a REAL.
struct Parameter<'a>(&'a SqlValue);

impl ToSql for Parameter<'_> {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        match self.0 {
            SqlValue::Null => rusqlite::types::Null.to_sql(),
            SqlValue::Integer(integer) => Ok((*integer as f64).into()),
            SqlValue::Text(text) => text.to_sql(),
        }
    }
}
