"""The clients that openapi-python-client generates, used against a running service.

Usage: use.py post|read SCENARIO, where the scenario (see typescript/scenario.ts) is JSON.
"""

import datetime
import json
import sys
from http import HTTPStatus
from typing import Any

from contract import AuthenticatedClient as ContractClient
from contract.api.conversation_monitor import get_conversation_monitor_report as contract_report
from contract.models.conversation_monitor_report_response import (
    ConversationMonitorReportResponse as ContractReport,
)
from service import AuthenticatedClient
from service.api.conversation_monitor import (
    get_conversation_monitor_report,
    get_conversation_monitor_report_csv,
    get_conversation_monitor_scopes,
    get_conversation_monitor_summary,
)
from service.api.events import post_conversation_monitor_events
from service.api.head import head_conversation_monitor_report
from service.api.operation import get_health
from service.api.settings import get_autopilot_monitor_settings, put_autopilot_monitor_settings
from service.models import (
    AutopilotEventType,
    AutopilotMonitorSettings,
    AutopilotMonitorSettingsResponse,
    AutopilotRecord,
    Category,
    ConfigurationStatus,
    ContactEventType,
    ContactRecord,
    ContactRemoval,
    ConversationEventType,
    ConversationMonitorErrorResponse,
    ConversationMonitorEventsRequest,
    ConversationMonitorEventsResponse,
    ConversationMonitorReportResponse,
    ConversationMonitorScopesResponse,
    ConversationMonitorSummaryResponse,
    ConversationRecord,
    DepartmentEventType,
    DepartmentRecord,
    ErrorCode,
    HealthResponse,
    MessageDirection,
    MessageEventType,
    MessageRecord,
    MessageSender,
    OrganizationEventType,
    OrganizationRecord,
    Reason,
    UserEventType,
    UserRecord,
)


def post(scenario: dict[str, str]) -> None:
    client = AuthenticatedClient(base_url=scenario["url"], token=scenario["ingestToken"])
    organization = scenario["organizationId"]
    at = datetime.datetime.fromisoformat(scenario["at"])
    events = ConversationMonitorEventsRequest(
        events=[
            OrganizationRecord(OrganizationEventType.ORGANIZATION, organization, at, name="An organization"),
            DepartmentRecord(DepartmentEventType.DEPARTMENT, organization, at, "department", name="Sales"),
            UserRecord(UserEventType.USER, organization, at, "user", full_name="Alice"),
            ContactRecord(ContactEventType.CONTACT, organization, at, "contact", name="Jane", phone=None),
            ConversationRecord(
                ConversationEventType.CONVERSATION,
                organization,
                at,
                "conversation",
                contact_id="contact",
                channel_type="sms",
                department_id="department",
                assignee_ids=["user"],
            ),
            AutopilotRecord(AutopilotEventType.AUTOPILOT, organization, at, "change", "conversation", at, enabled=True),
            MessageRecord(
                MessageEventType.MESSAGE,
                organization,
                at,
                "message",
                "conversation",
                at,
                direction=MessageDirection.INBOUND,
                sender=MessageSender.CONTACT,
            ),
            ContactRemoval(ContactEventType.CONTACT, organization, at, deleted=True, contact_id="another contact"),
        ]
    )
    posted = post_conversation_monitor_events.sync(client=client, body=events)
    assert isinstance(posted, ConversationMonitorEventsResponse), posted
    assert (posted.data.accepted, posted.data.applied, posted.data.ignored) == (8, 8, 0)

    too_long = ContactRecord(ContactEventType.CONTACT, organization, at, "contact", name="x" * 513)
    refused = post_conversation_monitor_events.sync(client=client, body=ConversationMonitorEventsRequest([too_long]))
    assert isinstance(refused, ConversationMonitorErrorResponse), refused
    assert refused.error is ErrorCode.INVALID_REQUEST
    assert refused.details and refused.details[0].field == "name"


def read(scenario: dict[str, str]) -> None:
    read_by_contract(scenario)
    client = AuthenticatedClient(base_url=scenario["url"], token=scenario["adminToken"])
    organization = scenario["organizationId"]
    at = datetime.datetime.fromisoformat(scenario["at"])

    report = get_conversation_monitor_report.sync_detailed(client=client, limit=10, category=Category.AI_STUCK)
    assert isinstance(report.parsed, ConversationMonitorReportResponse), report
    data = report.parsed.data
    assert (data.counts.ai_stuck, data.counts.agent_abandoned, data.pagination.total) == (1, 0, 1)
    row = data.rows[0]
    assert row.stalled_since == at
    assert (row.reason, row.department_id, row.assignee_names) == (Reason.NO_REPLY, "department", ["Alice"])
    assert row.contact_phone is None

    etag = report.headers["ETag"]
    same = get_conversation_monitor_report.sync_detailed(
        client=client, limit=10, category=Category.AI_STUCK, if_none_match=etag
    )
    assert (same.status_code, same.parsed) == (HTTPStatus.NOT_MODIFIED, None)
    head = head_conversation_monitor_report.sync_detailed(client=client, limit=10, category=Category.AI_STUCK)
    assert (head.status_code, head.headers["ETag"]) == (HTTPStatus.OK, etag)

    assert data.snapshot_id is not None
    csv = get_conversation_monitor_report_csv.sync(client=client, snapshot=data.snapshot_id)
    assert isinstance(csv, str), csv
    assert csv.splitlines()[1].startswith("conversation,contact,Jane,"), csv
    summary = get_conversation_monitor_summary.sync(client=client, snapshot=data.snapshot_id)
    assert isinstance(summary, ConversationMonitorSummaryResponse), summary
    assert summary.data.by_reason.no_reply == 1
    assert summary.data.by_channel["sms"] == 1
    scopes = get_conversation_monitor_scopes.sync(client=client)
    assert isinstance(scopes, ConversationMonitorScopesResponse), scopes
    assert [department.name for department in scopes.data.departments] == ["Sales"]

    body = AutopilotMonitorSettings(threshold_minutes=30)
    changed = put_autopilot_monitor_settings.sync(organization, client=client, body=body)
    assert isinstance(changed, AutopilotMonitorSettingsResponse), changed
    settings = get_autopilot_monitor_settings.sync(organization, client=client)
    assert isinstance(settings, AutopilotMonitorSettingsResponse), settings
    assert changed.data.threshold_minutes == settings.data.threshold_minutes == 30
    operator = AuthenticatedClient(base_url=scenario["url"], token=scenario["operatorToken"])
    health = get_health.sync(client=operator)
    assert isinstance(health, HealthResponse), health
    assert health.data.configuration is ConfigurationStatus.SOUND

    forbidden = get_conversation_monitor_report.sync(client=client, organization_id="another organization")
    assert isinstance(forbidden, ConversationMonitorErrorResponse), forbidden
    assert forbidden.error is ErrorCode.FORBIDDEN


def read_by_contract(scenario: dict[str, str]) -> None:
    client = ContractClient(base_url=scenario["url"], token=scenario["adminToken"])
    report: Any = contract_report.sync(client=client, page=1)
    assert isinstance(report, ContractReport), report
    assert report.data.pagination.total == 1
    row = report.data.rows[0]
    assert (row.contact_name, row.latest_inbound_at) == ("Jane", datetime.datetime.fromisoformat(scenario["at"]))


if __name__ == "__main__":
    {"post": post, "read": read}[sys.argv[1]](json.loads(sys.argv[2]))
