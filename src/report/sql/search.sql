SELECT json_group_array(row_no)
FROM snapshot_row
WHERE organization_id = ?1 AND (
  instr(lower(json ->> 'contactName'), ?2) > 0
  OR instr(lower(json ->> 'contactPhone'), ?2) > 0
  OR instr(lower(json ->> 'conversationId'), ?2) > 0
  OR instr(lower(json ->> 'contactId'), ?2) > 0
  OR instr(lower(json ->> 'latestInboundMessageId'), ?2) > 0
)
