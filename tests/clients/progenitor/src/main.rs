//! Uses the clients that progenitor generates from the service's document and from the contract.
//!
//! Usage: `progenitor-client-test post|read SCENARIO`, where the scenario (see `typescript/scenario.ts`) is JSON.

use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use reqwest::StatusCode;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use serde::Deserialize;
use service::types::{
    AutopilotEventType, AutopilotMonitorSettings, AutopilotRecord, Category, ConfigurationStatus, ContactEvent,
    ContactEventType, ContactRecord, ContactRemoval, ConversationEvent, ConversationEventType,
    ConversationMonitorEventsRequest, ConversationRecord, DepartmentEventType, DepartmentRecord, ErrorCode, Event, Id,
    MessageDirection, MessageEvent, MessageEventType, MessageRecord, MessageSender, OrganizationEventType,
    OrganizationRecord, Reason, SnapshotId, UserEventType, UserRecord,
};
use std::error::Error;
use std::num::NonZero;

mod service {
    progenitor::generate_api!(spec = "../../../public/openapi.json", interface = Builder);
}

mod contract {
    progenitor::generate_api!(spec = "../../contract/report-openapi.json", interface = Builder);
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Scenario {
    url: String,
    organization_id: Id,
    at: DateTime<Utc>,
    ingest_token: String,
    admin_token: String,
    operator_token: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.as_slice() {
        [phase, scenario] if phase == "post" => post(serde_json::from_str(scenario)?).await,
        [phase, scenario] if phase == "read" => read(serde_json::from_str(scenario)?).await,
        _ => Err("usage: progenitor-client-test post|read SCENARIO".into()),
    }
}

fn http_client(token: &str) -> Result<reqwest::Client, Box<dyn Error>> {
    let headers = HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {token}"))?)]);
    Ok(reqwest::Client::builder().default_headers(headers).build()?)
}

async fn post(scenario: Scenario) -> Result<(), Box<dyn Error>> {
    let client = service::Client::new_with_client(&scenario.url, http_client(&scenario.ingest_token)?);
    let Scenario {
        organization_id, at, ..
    } = scenario;
    let contact: ContactRecord = ContactRecord::builder()
        .type_(ContactEventType::Contact)
        .organization_id(organization_id.clone())
        .updated_at(at)
        .contact_id("contact")
        .name("Jane")
        .try_into()?;
    let removal: ContactRemoval = ContactRemoval::builder()
        .type_(ContactEventType::Contact)
        .organization_id(organization_id.clone())
        .updated_at(at)
        .contact_id("another contact")
        .deleted(true)
        .try_into()?;
    let organization: OrganizationRecord = OrganizationRecord::builder()
        .type_(OrganizationEventType::Organization)
        .organization_id(organization_id.clone())
        .updated_at(at)
        .name("An organization")
        .try_into()?;
    let department: DepartmentRecord = DepartmentRecord::builder()
        .type_(DepartmentEventType::Department)
        .organization_id(organization_id.clone())
        .updated_at(at)
        .department_id("department")
        .name("Sales")
        .try_into()?;
    let user: UserRecord = UserRecord::builder()
        .type_(UserEventType::User)
        .organization_id(organization_id.clone())
        .updated_at(at)
        .user_id("user")
        .full_name("Alice")
        .try_into()?;
    let conversation: ConversationRecord = ConversationRecord::builder()
        .type_(ConversationEventType::Conversation)
        .organization_id(organization_id.clone())
        .updated_at(at)
        .conversation_id("conversation")
        .contact_id("contact")
        .channel_type("sms")
        .department_id(Some("department".parse()?))
        .assignee_ids(vec!["user".parse()?])
        .try_into()?;
    let autopilot: AutopilotRecord = AutopilotRecord::builder()
        .type_(AutopilotEventType::Autopilot)
        .organization_id(organization_id.clone())
        .updated_at(at)
        .change_id("change")
        .conversation_id("conversation")
        .at(at)
        .enabled(true)
        .try_into()?;
    let message: MessageRecord = MessageRecord::builder()
        .type_(MessageEventType::Message)
        .organization_id(organization_id)
        .updated_at(at)
        .message_id("message")
        .conversation_id("conversation")
        .at(at)
        .direction(MessageDirection::Inbound)
        .sender(MessageSender::Contact)
        .try_into()?;
    let events: Vec<Event> = vec![
        Event::OrganizationEvent(organization.into()),
        Event::DepartmentEvent(department.into()),
        Event::UserEvent(user.into()),
        ContactEvent::from(contact).into(),
        ContactEvent::from(removal).into(),
        ConversationEvent::from(conversation.clone()).into(),
        Event::AutopilotEvent(autopilot.into()),
        MessageEvent::from(message).into(),
    ];
    let body = ConversationMonitorEventsRequest { events };
    let receipt = client
        .post_conversation_monitor_events()
        .body(body)
        .send()
        .await?
        .into_inner()
        .data;
    assert_eq!((receipt.accepted, receipt.applied, receipt.ignored), (8, 8, 0));

    // A wake-up time alone is refused by the service, not by the types.
    let bad = ConversationRecord {
        snoozed_until: Some(at),
        ..conversation
    };
    let body = ConversationMonitorEventsRequest {
        events: vec![ConversationEvent::from(bad).into()],
    };
    match client.post_conversation_monitor_events().body(body).send().await {
        Err(service::Error::ErrorResponse(response)) => {
            assert_eq!(response.status(), StatusCode::BAD_REQUEST);
            assert_eq!(response.error, ErrorCode::InvalidRequest);
            assert_eq!(response.details[0].field, "snoozedAt");
        }
        other => panic!("{other:?}"),
    }
    Ok(())
}

async fn read(scenario: Scenario) -> Result<(), Box<dyn Error>> {
    read_by_contract(&scenario).await?;
    let client = service::Client::new_with_client(&scenario.url, http_client(&scenario.admin_token)?);

    let report = client
        .get_conversation_monitor_report()
        .limit(10_u64)
        .category(Category::AiStuck)
        .send()
        .await?;
    let etag = report.headers()["ETag"].to_str()?.to_owned();
    let report = report.into_inner().data;
    assert_eq!(
        (
            report.counts.ai_stuck,
            report.counts.agent_abandoned,
            report.pagination.total
        ),
        (1, 0, 1)
    );
    let row = &report.rows[0];
    assert_eq!((row.stalled_since, row.reason), (scenario.at, Reason::NoReply));
    assert_eq!(row.department_id.as_deref(), Some("department"));
    assert_eq!(
        (row.assignee_names.as_slice(), &row.contact_phone),
        (["Alice".to_owned()].as_slice(), &None)
    );

    let condition = client
        .get_conversation_monitor_report()
        .limit(10_u64)
        .category("ai_stuck")
        .if_none_match(&etag);
    match condition.send().await {
        Err(service::Error::UnexpectedResponse(response)) => assert_eq!(response.status(), StatusCode::NOT_MODIFIED),
        other => panic!("{other:?}"),
    }
    let head = client
        .head_conversation_monitor_report()
        .limit(10_u64)
        .category("ai_stuck")
        .send()
        .await?;
    assert_eq!(head.headers()["ETag"].to_str()?, etag);

    let snapshot: SnapshotId = report.snapshot_id.ok_or("no snapshot")?.parse()?;
    let csv = client
        .get_conversation_monitor_report_csv()
        .snapshot(snapshot.clone())
        .send()
        .await?;
    let csv: Vec<u8> = csv.into_inner_stream().map_ok(Vec::from).try_concat().await?;
    assert!(String::from_utf8(csv)?.contains("\r\nconversation,contact,Jane,"));
    let summary = client
        .get_conversation_monitor_summary()
        .snapshot(snapshot)
        .send()
        .await?
        .into_inner()
        .data;
    assert_eq!(summary.by_reason.no_reply.map(u64::from), Some(1));
    assert_eq!(summary.by_channel["sms"].get(), 1);
    let scopes = client.get_conversation_monitor_scopes().send().await?.into_inner().data;
    assert_eq!(scopes.departments[0].name.as_deref(), Some("Sales"));

    let body = AutopilotMonitorSettings::builder().threshold_minutes(NonZero::new(30));
    let organization_id = scenario.organization_id;
    client
        .put_autopilot_monitor_settings()
        .organization_id(organization_id.clone())
        .body(body)
        .send()
        .await?;
    let settings = client
        .get_autopilot_monitor_settings()
        .organization_id(organization_id)
        .send()
        .await?;
    assert_eq!(settings.into_inner().data.threshold_minutes.get(), 30);
    let operator = service::Client::new_with_client(&scenario.url, http_client(&scenario.operator_token)?);
    let health = operator.get_health().send().await?.into_inner().data;
    assert_eq!(health.configuration, ConfigurationStatus::Sound);

    match client
        .get_conversation_monitor_report()
        .organization_id("another organization")
        .send()
        .await
    {
        Err(service::Error::ErrorResponse(response)) => {
            assert_eq!(
                (response.status(), response.error),
                (StatusCode::FORBIDDEN, ErrorCode::Forbidden)
            );
        }
        other => panic!("{other:?}"),
    }
    Ok(())
}

async fn read_by_contract(scenario: &Scenario) -> Result<(), Box<dyn Error>> {
    let client = contract::Client::new_with_client(&scenario.url, http_client(&scenario.admin_token)?);
    let report = client
        .get_conversation_monitor_report()
        .page(1_u64)
        .send()
        .await?
        .into_inner()
        .data;
    assert_eq!(report.pagination.total, 1);
    assert_eq!(report.rows[0].contact_name.as_deref(), Some("Jane"));
    assert_eq!(report.rows[0].latest_inbound_at, Some(scenario.at));
    Ok(())
}
