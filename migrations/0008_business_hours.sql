-- In which hours ages count. Workers of before neither read nor write the column: if one of them changes settings
-- while it runs beside this version, the new settings have no business hours.

-- JSON, as the settings route takes it: {"timeZone":"Europe/Berlin","weekly":{"mon":[["08:00","17:00"]],…},…}; null: at all
-- hours.
ALTER TABLE settings ADD COLUMN business_hours TEXT;
