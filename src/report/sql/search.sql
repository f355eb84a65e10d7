-- The numbers of the rows of organization ?1, of whatever version, in which ?2 is found. It is in lower case, and ASCII
-- letters match in either case.
SELECT json_group_array(row_no)
FROM snapshot_row
WHERE organization_id = ?1 AND (
  instr(lower(json ->> 'contactName'), ?2) > 0
  OR instr(lower(json ->> 'contactPhone'), ?2) > 0
  OR instr(lower(json ->> 'conversationId'), ?2) > 0
  OR instr(lower(json ->> 'contactId'), ?2) > 0
  OR instr(lower(json ->> 'latestInboundMessageId'), ?2) > 0
)
