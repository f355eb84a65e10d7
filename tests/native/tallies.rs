//! What instances of the worker count of the webhooks of one connection: all of them together store it at most once a
//! minute, and nothing is counted twice or lost while they live.

use crate::support::MINUTE;
use crate::support::history::Random;
use crate::support::service::Service;
use conversation_monitor::base::timestamp::Timestamp;
use conversation_monitor::connector::connection::{self, Connection};
use conversation_monitor::connector::help_desk::HelpDesk;
use conversation_monitor::connector::outcome::WebhookOutcome;
use conversation_monitor::connector::tally::{Counter, STORE_AFTER_MS};
use conversation_monitor::directory::connections::store_tally;
use futures::executor::block_on;
use serde_json::json;

const SECOND: i64 = 1_000;
/// Half an hour before midnight UTC.
const START: i64 = 1_780_012_800_000 - 30 * MINUTE;

fn a_connection() -> Connection {
    let connections = json!([{ "connectionId": "cn-counted", "kind": "chatwoot", "organizationId": "o",
        "secrets": ["a secret of the tests"] }]);
    connection::parse(&connections.to_string()).unwrap().remove(0)
}

/// An instance of the worker, and when it stores if it is about to.
#[derive(Default)]
struct Instance {
    counter: Counter,
    due_at: Option<i64>,
    counted: i64,
    stored: usize,
}

impl Instance {
    /// A webhook comes.
    fn count(&mut self, now: i64) {
        self.counted += 1;
        let instant = Timestamp::from_milliseconds(now);
        let webhook = Some("message_created");
        self.counter
            .tally
            .count(HelpDesk::Chatwoot, WebhookOutcome::Mapped, webhook, &[], None, instant);
        if self.counter.begin(instant) {
            self.due_at = Some(now + STORE_AFTER_MS as i64);
        }
    }

    /// What is due is stored. Says whether it was.
    fn store(&mut self, service: &Service, connection: &Connection, now: i64) -> bool {
        if self.due_at.is_none_or(|due_at| due_at > now) {
            return false;
        }
        self.due_at = None;
        self.store_now(service, connection, now)
    }

    fn store_now(&mut self, service: &Service, connection: &Connection, now: i64) -> bool {
        let now = Timestamp::from_milliseconds(now);
        let Some(tally) = self.counter.take(now) else {
            return false;
        };
        let stored_at = block_on(store_tally(&service.database, connection, &tally, now)).unwrap();
        if stored_at.is_some() {
            self.counter.put_back(tally, stored_at);
            return false;
        }
        self.stored += 1;
        true
    }

    fn kept(&self) -> i64 {
        self.counter.tally.counts.iter().sum()
    }
}

fn stored(service: &Service) -> i64 {
    service
        .database
        .query("SELECT coalesce(sum(mapped), 0) FROM connection_day")[0][0]
        .parse()
        .unwrap()
}

const HOURS: i64 = 6;

#[test]
fn all_instances_together_store_once_a_minute_and_lose_nothing() {
    let (service, connection) = (Service::default(), a_connection());
    let mut random = Random::new(1);
    // A webhook comes to each so often, in seconds, on average.
    let every = [1, 2, 3, 7, 30];
    let mut instances: [Instance; 5] = Default::default();
    let mut stores = Vec::new();
    for tick in 0..HOURS * 36_000 {
        let now = START + tick * SECOND / 10;
        for (instance, every) in instances.iter_mut().zip(every) {
            if random.below(10 * every) == 0 {
                instance.count(now);
            }
            if instance.store(&service, &connection, now) {
                stores.push(now);
            }
        }
    }
    assert!(
        stores.windows(2).all(|pair| pair[1] - pair[0] >= MINUTE),
        "more than once a minute: {stores:?}"
    );
    assert!(stores.len() as i64 >= 50 * HOURS, "{} in {HOURS} hours", stores.len());
    let days = service.database.query("SELECT day FROM connection_day");
    assert_eq!(days.len(), 2, "also over midnight");
    let counted: i64 = instances.iter().map(|instance| instance.counted).sum();
    let kept: i64 = instances.iter().map(Instance::kept).sum();
    assert_eq!(stored(&service) + kept, counted);
    for instance in &instances {
        assert!(instance.stored > 0, "each has its turn");
    }
    // Each has as much in its memory as comes to all of them in about a minute.
    let of_a_minute = counted / (HOURS * 60);
    assert!(
        kept <= 3 * 5 * of_a_minute,
        "{kept}, where {of_a_minute} come in a minute"
    );
}

#[test]
fn what_another_instance_kept_from_being_stored_is_stored_a_minute_after_it() {
    let (service, connection) = (Service::default(), a_connection());
    let [mut first, mut second] = <[Instance; 2]>::default();
    first.count(START);
    second.count(START + SECOND);
    second.count(START + SECOND);
    assert!(first.store_now(&service, &connection, START));
    for later in [SECOND, 59 * SECOND] {
        assert!(!second.store_now(&service, &connection, START + later));
    }
    assert_eq!((stored(&service), second.kept()), (1, 2));
    assert!(second.store_now(&service, &connection, START + 60 * SECOND));
    assert_eq!((stored(&service), second.kept()), (3, 0));
    // One whose clock is behind comes just as early.
    let mut behind = Instance::default();
    behind.count(START + 59 * SECOND);
    assert!(!behind.store_now(&service, &connection, START + 59 * SECOND));
    assert_eq!((stored(&service), behind.kept()), (3, 1));
    assert!(behind.store_now(&service, &connection, START + 120 * SECOND));
    assert_eq!(stored(&service), 4);
}

#[test]
fn a_worker_of_before_stores_beside_them() {
    let (service, connection) = (Service::default(), a_connection());
    let of_before = "INSERT INTO connection_day (
           day, organization_id, connection_id, mapped, partly, unknown, unmappable, refused, seen,
           received_at, mapped_at, problem_at, refused_at)
         VALUES (?1, 'o', 'cn-counted', 5, 0, 0, 0, 0, 0, 1, 1, 0, 0)
         ON CONFLICT (day, organization_id, connection_id) DO UPDATE SET mapped = mapped + excluded.mapped";
    let day = (START / (24 * 60 * MINUTE)).to_string();
    service.database.execute(&of_before.replace("?1", &day));
    let mut instance = Instance::default();
    instance.count(START);
    assert!(instance.store_now(&service, &connection, START));
    service.database.execute(&of_before.replace("?1", &day));
    assert_eq!(stored(&service), 11);
    instance.count(START + 30 * SECOND);
    assert!(
        !instance.store_now(&service, &connection, START + 30 * SECOND),
        "its own minute"
    );
}
