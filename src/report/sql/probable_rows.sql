WITH list (json, oldest, rows_more) AS MATERIALIZED (
  SELECT iif(json_valid(p.entries), jsonb(p.entries), NULL),
         iif(?4, 0, coalesce(o.held_as_of, max(o.as_of, coalesce(r.as_of, 0))) - coalesce(s.max_age_days, ?5) * 86400000),
         iif(coalesce(s.channel_threshold_minutes, s.department_threshold_minutes, s.business_hours) IS NULL, 0, 20)
  FROM organization AS o
  CROSS JOIN refresh AS r
  CROSS JOIN snapshot_part AS p ON p.organization_id = o.organization_id AND p.version = o.version AND p.part = 0
  LEFT JOIN settings AS s
    ON s.organization_id = ?1 AND s.number = (SELECT max(number) FROM settings WHERE organization_id = ?1)
  WHERE o.organization_id = ?1 AND o.version <> ?2
),
near (position) AS (
  SELECT coalesce(max(column1), 0)
  FROM (
    SELECT column1
    FROM (VALUES (0), (1024), (2048), (3072), (4096), (5120), (6144), (7168), (8192), (9216))
    LIMIT -1
  )
  WHERE (SELECT json FROM list) ->> ('$.entries[' || column1 || '][0]') < (SELECT oldest FROM list)
),
start (position) AS (
  SELECT coalesce(max(position), 0)
  FROM (
    SELECT (SELECT position FROM near) + column1 AS position
    FROM (VALUES (0), (128), (256), (384), (512), (640), (768), (896))
    LIMIT -1
  )
  WHERE (SELECT json FROM list) ->> ('$.entries[' || position || '][0]') < (SELECT oldest FROM list)
),
entry (json) AS (
  SELECT (SELECT json FROM list) -> ('$.entries[' || (a.column1 + b.column1 + (SELECT position FROM start)) || ']')
  FROM (VALUES
    (0), (16), (32), (48), (64), (80), (96), (112), (128), (144), (160), (176), (192), (208), (224), (240)) AS a
  CROSS JOIN (VALUES (0), (1), (2), (3), (4), (5), (6), (7), (8), (9), (10), (11), (12), (13), (14), (15)) AS b
  LIMIT -1
),
page (row_no) AS (
  SELECT json ->> 1
  FROM entry
  WHERE json ->> 0 >= (SELECT oldest FROM list)
    AND instr(?3, json ->> 2) > 0
    AND (?8 IS NULL
         OR instr(?8, json_quote((SELECT json FROM list) ->> ('$.departments[' || (json ->> 3) || '][0]'))) > 0)
    AND (?9 IS NULL OR (SELECT json FROM list) ->> ('$.channels[' || (json ->> 6) || ']') = ?9)
    AND (?10 IS NULL OR (SELECT json FROM list) ->> ('$.reasons[' || (json ->> 5) || ']') = ?10)
    AND (?11 IS NULL
         OR (SELECT json FROM list) ->> ('$.names[' || (json ->> '$[7][0]') || ']') = ?11
         OR (SELECT json FROM list) ->> ('$.names[' || (json ->> '$[7][1]') || ']') = ?11)
  LIMIT ?6 + coalesce((SELECT rows_more FROM list), 0)
  OFFSET ?7
)
SELECT s.row_no, iif(json_valid(s.people) AND json_valid(s.json), s.people || char(9) || s.json, NULL) AS line
FROM page
CROSS JOIN snapshot_row AS s ON s.organization_id = ?1 AND s.row_no = page.row_no
