//! All rows as CSV: a chunk is read when it is asked for and not before, and a file that ends early does not look
//! complete.

use crate::support::history::many_candidates;
use crate::support::service::Service;
use crate::support::sqlite::{Fault, Sqlite};
use crate::support::zones::calendar_of;
use crate::support::{MINUTE, NOW};
use conversation_monitor::auth::access::{ReadAccess, read_access, settings_access};
use conversation_monitor::auth::claims::Claims;
use conversation_monitor::base::timestamp::Timestamp;
use conversation_monitor::base::trace::Trace;
use conversation_monitor::directory::settings::{ChangeError, change_settings, read_settings};
use conversation_monitor::directory::settings_change::{Change, SettingsChange};
use conversation_monitor::report::cache::IsolateCache;
use conversation_monitor::report::context::ReportContext;
use conversation_monitor::report::csv::CsvFile;
use conversation_monitor::report::error::ReportError;
use conversation_monitor::report::poll::PollSchedule;
use conversation_monitor::report::request::{CsvRequest, ReportRequest};
use conversation_monitor::report::service::{CsvResponse, respond_with_csv, respond_with_summary};
use conversation_monitor::storage::shared_cache::{CacheKey, SharedCache, SharedCacheError};
use futures::executor::block_on;
use serde_json::{Value, json};
use std::cell::RefCell;

const ROWS: usize = 1_234;

struct NoPages;

impl SharedCache for NoPages {
    async fn get(&self, _: &CacheKey) -> Result<Option<String>, SharedCacheError> {
        panic!("a file has no page")
    }

    fn put(&self, _: CacheKey, _: String, _: u64) {
        panic!("a file has no page")
    }
}

fn claims(role: &str, organization: Option<&str>) -> Claims {
    let claims = json!({ "exp": 1, "role": role, "organizationId": organization });
    let claims: serde_json::Map<String, Value> = claims
        .as_object()
        .unwrap()
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    Claims::from_payload(Value::Object(claims).to_string().as_bytes()).unwrap()
}

struct Desk {
    service: Service,
    cache: RefCell<IsolateCache>,
    access: ReadAccess,
}

impl Desk {
    fn new() -> Self {
        let service = Service::default();
        block_on(async {
            service.ingest_all(&many_candidates("o", NOW, ROWS), NOW).await;
            service.refresh(NOW).await.unwrap();
        });
        Self {
            service,
            cache: RefCell::default(),
            access: read_access(&claims("ADMIN", Some("o")), None).unwrap(),
        }
    }

    fn with_context<T>(&self, work: impl AsyncFnOnce(&ReportContext<'_, Sqlite, NoPages>) -> T) -> T {
        let trace = Trace::default();
        block_on(work(&ReportContext {
            database: &self.service.database,
            shared_cache: &NoPages,
            isolate_cache: &self.cache,
            calendar_of: &calendar_of,
            head_max_age_ms: 5_000,
            schedule: PollSchedule::default(),
            trace: &trace,
        }))
    }

    fn export(&self, query: &str) -> Result<CsvResponse, ReportError> {
        let request = CsvRequest::parse(query).unwrap();
        let now = Timestamp::from_milliseconds(NOW);
        self.with_context(async |context| respond_with_csv(context, &self.access, &request, None, now).await)
    }

    fn open(&self, query: &str) -> CsvFile {
        self.export(query).unwrap().file.expect("a file")
    }

    fn next(&self, file: &mut CsvFile) -> Result<Option<String>, ReportError> {
        block_on(file.next_chunk(&self.service.database))
    }

    /// `data` of the summary of everything.
    fn summary(&self, now: i64) -> Value {
        let request = ReportRequest::parse("").unwrap();
        let now = Timestamp::from_milliseconds(now);
        let answer = self.with_context(async |context| {
            let answer = respond_with_summary(context, &self.access, &request, None, now).await;
            answer.unwrap()
        });
        let body: Value = serde_json::from_str(&answer.body.unwrap()).unwrap();
        body["data"].clone()
    }
}

fn lines(chunk: &str) -> usize {
    chunk.matches("\r\n").count()
}

#[test]
fn a_chunk_is_read_when_it_is_asked_for() {
    let desk = Desk::new();
    let batches = || desk.service.database.counts().1;
    let mut file = desk.open("skipThreshold=true");
    let begun = batches();
    let mut found = Vec::new();
    while let Some(chunk) = desk.next(&mut file).unwrap() {
        found.push((lines(&chunk), batches() - begun));
    }
    // The first chunk was read before the response began.
    assert_eq!(found, [(501, 0), (500, 1), (234, 2)]);
    assert_eq!(desk.next(&mut file).unwrap(), None, "the end stays the end");
    assert_eq!(lines(&desk.next(&mut desk.open("departmentId=x")).unwrap().unwrap()), 1);
}

#[test]
fn a_file_that_cannot_be_read_to_its_end_says_so() {
    let desk = Desk::new();
    let mut file = desk.open("skipThreshold=true");
    assert!(desk.next(&mut file).unwrap().is_some());
    desk.service.database.set_fault(Some(Fault::AfterBatches(0)));
    assert!(matches!(desk.next(&mut file), Err(ReportError::Unavailable(_))));
    assert!(
        matches!(desk.export("skipThreshold=true"), Err(ReportError::Unavailable(_))),
        "before the response begins it is a status"
    );
    desk.service.database.set_fault(None);

    // Its version is removed, ten minutes after another has superseded it.
    let mut file = desk.open("skipThreshold=true");
    let gone = json!({ "type": "contact", "organizationId": "o", "contactId": "contact-1", "blocked": true, "name": "x",
                       "updatedAt": Timestamp::from_milliseconds(NOW).to_string() });
    let pin = format!("snapshot={}", desk.summary(NOW)["snapshotId"].as_str().unwrap());
    block_on(async {
        let blocked: Vec<Value> = (0..200)
            .map(|number| {
                let mut event = gone.clone();
                event["contactId"] = json!(format!("contact-{number}"));
                event
            })
            .collect();
        desk.service.ingest_all(&blocked, NOW).await;
        desk.service.refresh(NOW + MINUTE).await.unwrap();
        desk.service.refresh(NOW + 12 * MINUTE).await.unwrap();
    });
    assert!(desk.next(&mut file).unwrap().is_some(), "what was read is read");
    let mut outcome = desk.next(&mut file);
    while let Ok(Some(_)) = outcome {
        outcome = desk.next(&mut file);
    }
    assert_eq!(outcome, Err(ReportError::SnapshotExpired));
    assert!(matches!(
        desk.export(&format!("{pin}&skipThreshold=true")),
        Err(ReportError::SnapshotExpired)
    ));
    // A request that does not name a snapshot and finds the old head is told to try again, and then gets the newest.
    let asked = desk.export("skipThreshold=true");
    assert!(matches!(asked, Err(ReportError::Unavailable(_))));
    assert!(desk.export("skipThreshold=true").is_ok());
}

#[test]
fn a_threshold_costs_one_row_and_the_same_again_none() {
    let desk = Desk::new();
    let changes = || {
        desk.service.database.query("SELECT total_changes()")[0][0]
            .parse::<u64>()
            .unwrap()
    };
    let set = |minutes: Option<i64>, organization: &str, now: i64| {
        let before = changes();
        let organization = settings_access(&claims("SUPERADMIN", None), organization).unwrap();
        let now = Timestamp::from_milliseconds(now);
        let settings = desk.with_context(async |context| match minutes {
            Some(minutes) => {
                let change = SettingsChange {
                    threshold_minutes: Change::Set(minutes),
                    ..SettingsChange::default()
                };
                change_settings(context, &organization, &change, now).await
            }
            None => Ok(read_settings(context, &organization, now).await?),
        });
        let threshold = settings.map(|answer| answer.settings.threshold_minutes);
        (threshold, changes() - before)
    };
    let seen = |now: i64| desk.summary(now)["thresholdMinutes"].as_i64().unwrap();
    assert_eq!(seen(NOW), 5);
    assert_eq!(set(None, "o", NOW), (Ok(5), 0));
    assert_eq!(set(Some(7), "o", NOW), (Ok(7), 1));
    assert_eq!(seen(NOW), 7, "at once, although a head is cached for five seconds");
    assert_eq!(set(Some(7), "o", NOW), (Ok(7), 0));
    assert_eq!(set(Some(10_080), "o", NOW), (Ok(10_080), 1));
    assert_eq!(set(None, "o", NOW), (Ok(10_080), 0));
    assert_eq!(
        set(Some(7), "nowhere", NOW),
        (Err(ReportError::OrganizationNotFound.into()), 0)
    );

    // The write succeeds and its answer is lost: this isolate does not go on with the head that it cached.
    desk.service.database.set_fault(Some(Fault::AfterBatches(2)));
    let lost = set(Some(9), "o", NOW);
    assert!(matches!(
        lost,
        (Err(ChangeError::Report(ReportError::Unavailable(_))), 1)
    ));
    desk.service.database.set_fault(None);
    assert_eq!(seen(NOW), 9);

    let removal = json!({ "type": "organization", "organizationId": "o", "deleted": true,
                          "updatedAt": Timestamp::from_milliseconds(NOW).to_string() });
    block_on(desk.service.ingest(&[removal], NOW)).unwrap();
    let not_found = (Err(ReportError::OrganizationNotFound.into()), 0);
    assert_eq!(set(Some(8), "o", NOW), not_found);
    assert_eq!(set(None, "o", NOW), not_found);
}
