INSERT INTO organization (organization_id)
SELECT DISTINCT value ->> 0 FROM json_each(?1) WHERE true
ON CONFLICT DO NOTHING
