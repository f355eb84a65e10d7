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
start (position) AS (
  SELECT coalesce(max(column1), 0)
  FROM (SELECT column1 FROM (VALUES
    (0), (128), (256), (384), (512), (640), (768), (896), (1024), (1152), (1280), (1408), (1536), (1664), (1792), (1920),
    (2048), (2176), (2304), (2432), (2560), (2688), (2816), (2944), (3072), (3200), (3328), (3456), (3584), (3712), (3840), (3968),
    (4096), (4224), (4352), (4480), (4608), (4736), (4864), (4992), (5120), (5248), (5376), (5504), (5632), (5760), (5888), (6016),
    (6144), (6272), (6400), (6528), (6656), (6784), (6912), (7040), (7168), (7296), (7424), (7552), (7680), (7808), (7936), (8064),
    (8192), (8320), (8448), (8576), (8704), (8832), (8960), (9088), (9216), (9344), (9472), (9600), (9728), (9856), (9984)) LIMIT -1)
  WHERE (SELECT json FROM list) ->> ('$.entries[' || column1 || '][0]') < (SELECT oldest FROM list)
),
entry (json) AS (
  SELECT (SELECT json FROM list) -> ('$.entries[' || (column1 + (SELECT position FROM start)) || ']')
  FROM (SELECT column1 FROM (VALUES
    (0), (1), (2), (3), (4), (5), (6), (7), (8), (9), (10), (11), (12), (13), (14), (15),
    (16), (17), (18), (19), (20), (21), (22), (23), (24), (25), (26), (27), (28), (29), (30), (31),
    (32), (33), (34), (35), (36), (37), (38), (39), (40), (41), (42), (43), (44), (45), (46), (47),
    (48), (49), (50), (51), (52), (53), (54), (55), (56), (57), (58), (59), (60), (61), (62), (63),
    (64), (65), (66), (67), (68), (69), (70), (71), (72), (73), (74), (75), (76), (77), (78), (79),
    (80), (81), (82), (83), (84), (85), (86), (87), (88), (89), (90), (91), (92), (93), (94), (95),
    (96), (97), (98), (99), (100), (101), (102), (103), (104), (105), (106), (107), (108), (109), (110), (111),
    (112), (113), (114), (115), (116), (117), (118), (119), (120), (121), (122), (123), (124), (125), (126), (127),
    (128), (129), (130), (131), (132), (133), (134), (135), (136), (137), (138), (139), (140), (141), (142), (143),
    (144), (145), (146), (147), (148), (149), (150), (151), (152), (153), (154), (155), (156), (157), (158), (159),
    (160), (161), (162), (163), (164), (165), (166), (167), (168), (169), (170), (171), (172), (173), (174), (175),
    (176), (177), (178), (179), (180), (181), (182), (183), (184), (185), (186), (187), (188), (189), (190), (191),
    (192), (193), (194), (195), (196), (197), (198), (199), (200), (201), (202), (203), (204), (205), (206), (207),
    (208), (209), (210), (211), (212), (213), (214), (215), (216), (217), (218), (219), (220), (221), (222), (223),
    (224), (225), (226), (227), (228), (229), (230), (231), (232), (233), (234), (235), (236), (237), (238), (239),
    (240), (241), (242), (243), (244), (245), (246), (247), (248), (249), (250), (251), (252), (253), (254), (255)) LIMIT -1)
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
SELECT s.row_no || char(9) || iif(json_valid(s.people) AND json_valid(s.json), s.people || char(9) || s.json, '') AS line
FROM page
CROSS JOIN snapshot_row AS s ON s.organization_id = ?1 AND s.row_no = page.row_no
